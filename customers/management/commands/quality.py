"""`manage.py quality audit`: look at everybody now and say how good the data is."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import DomainError
from customers.models import QualityAudit
from customers.selectors.quality import examples_of, findings_of, title_of
from customers.services.quality import run_audit, start_audit

SHOWN = 5


class Command(BaseCommand):
    """Prints figures and public ids, no values."""

    help = "`audit` looks at everybody now, stores what it found and prints it; there is one every night as well."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what it takes."""
        parser.add_argument("what", choices=["audit"])
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Audit and print; CommandError while another audit is at work."""
        try:
            job = start_audit(by=SYSTEM, now=timezone.now(), run_here=True)
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        audit = run_audit(job_id=job.public_id, clock=timezone.now)
        if audit is None:
            raise CommandError("The audit was stopped.")
        self.stdout.write(json.dumps(_answer(audit)) if options["json"] else _sentences(audit))


def _answer(audit: QualityAudit) -> dict[str, Any]:
    findings = list(findings_of(audit))
    some = examples_of(findings, most=SHOWN)
    return {
        "id": audit.public_id,
        "people": audit.people,
        "score": None if audit.score is None else float(audit.score),
        "measures": audit.measures,
        "findings": [
            {"check": row.check_name, "field": row.field, "count": row.count, "of": row.of, "examples": some[row.pk]}
            for row in findings
        ],
    }


def _sentences(audit: QualityAudit) -> str:
    lines = [f"{audit.public_id}: score {audit.score if audit.score is not None else '-'}, {audit.people:,} people"]
    lines += [f"  {name}: {one['score']} ({one['defects']:,} of {one['of']:,})" for name, one in audit.measures.items()]
    lines += [f"{title_of(row)}: {row.count:,} of {row.of:,}" for row in findings_of(audit)]
    return "\n".join(lines)
