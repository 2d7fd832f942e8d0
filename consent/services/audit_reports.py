"""Making audit reports: by itself each month and year, by people at any time."""

from datetime import date, datetime

from django.db import transaction

from consent.models import AuditReport
from consent.rules.reports import digest_of, stretches_due
from consent.selectors.audit_reports import figures_of
from consent.selectors.request_report import LAWS, law_report, laws_in_use
from core import audit
from core.actors import SYSTEM, Actor
from core.errors import InvalidInput


@transaction.atomic
def make_report(*, law: str, first: date, last: date, by: Actor, now: datetime, scheduled: bool = False) -> AuditReport:
    """The report as it stands now is kept, with its digest. Refuses an unknown law and days that have not begun."""
    if law not in LAWS:
        raise InvalidInput(f"Choose a law: {', '.join(LAWS)}.", param="law")
    if first > last:
        raise InvalidInput("The first day must not come after the last.", param="first")
    if first > now.date():
        raise InvalidInput("No request can have been received yet.", param="first")
    figures = figures_of(law_report(law=law, first=first, last=last, now=now))
    row = AuditReport.objects.create(
        public_id=AuditReport.new_public_id(),
        law=law,
        first_on=first,
        last_on=last,
        scheduled=scheduled,
        made_at=now,
        made_by=str(by),
        figures=figures,
        sha256=digest_of(figures),
    )
    changes = {"law": ["", law], "days": ["", f"{first} to {last}"], "sha256": ["", row.sha256]}
    audit.record(by=by, action="audit_report.made", target=row.public_id, changes=changes)
    return row


def make_due_reports(*, now: datetime) -> int:
    """The report of the last month, and in January of the last year, is kept for every law in use; how many are new."""
    made = 0
    for first, last in stretches_due(now.date()):
        kept = AuditReport.objects.filter(first_on=first, last_on=last, scheduled=True)
        there = set(kept.values_list("law", flat=True))
        for law in laws_in_use(last=last):
            if law not in there:
                make_report(law=law, first=first, last=last, by=SYSTEM, now=now, scheduled=True)
                made += 1
    return made
