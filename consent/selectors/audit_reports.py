"""Audit reports that were kept, as reports again."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from consent.models import AuditReport
from consent.rules.reports import digest_of
from consent.selectors.request_report import Line, Report
from core.errors import NotFound


def list_reports() -> QuerySet[AuditReport]:
    """Every report that was kept, in no order."""
    return AuditReport.objects.all()


def find_report(public_id: str, /) -> AuditReport:
    """By public id; NotFound otherwise."""
    row = list_reports().filter(public_id=public_id).first()
    if row is None:
        raise NotFound("There is no such report.")
    return row


def holds(row: AuditReport, /) -> bool:
    """Whether the figures are those the report was made with."""
    return digest_of(row.figures) == row.sha256


def figures_of(report: Report, /) -> dict[str, Any]:
    """The report as values that JSON has."""
    lines = [asdict(line) | {"cost": str(line.cost)} for line in report.lines]
    return {
        "title": report.title,
        "lines": lines,
        "denials": [list(pair) for pair in report.denials],
        "facts": [list(pair) for pair in report.facts],
    }


def report_from(row: AuditReport, /) -> Report:
    """The report as it was made."""
    kept = row.figures
    lines = [Line(**(line | {"cost": Decimal(line["cost"])})) for line in kept["lines"]]
    denials, facts = [(a, b) for a, b in kept["denials"]], [(a, b) for a, b in kept["facts"]]
    return Report(row.law, kept["title"], row.first_on, row.last_on, lines, denials, facts)
