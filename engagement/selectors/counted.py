"""Reports that were counted, as they are kept and shown: sums as text, so that no cent is lost."""

from datetime import datetime
from typing import Any, Final

from core.models import Job
from core.models.jobs import OPEN_STATES
from engagement.models import CountedReport
from engagement.rules.attribution import Model
from engagement.selectors.attribution import Attribution

ATTRIBUTION, CAMPAIGNS = "attribution", "campaigns"
PARTS: Final = "parts"
"""The member of an attribution by day and by country; answers kept before there was one have none."""
JOB_KINDS: Final = {ATTRIBUTION: "reports.attribution", CAMPAIGNS: "reports.campaigns"}


def find_counted(*, kind: str, begins: datetime, ends: datetime, currency: str) -> CountedReport | None:
    """This question with its job, or None when nobody has asked it."""
    asked = CountedReport.objects.select_related("job")
    return asked.filter(kind=kind, begins=begins, ends=ends, currency=currency).first()


def has_answer(row: CountedReport, needs: str = "") -> bool:
    """Whether there is an answer, with the member that is needed."""
    return row.answer is not None and (not needs or needs in row.answer)


def is_counting(row: CountedReport) -> bool:
    """Whether its count is on its way."""
    return row.job is not None and row.job.state in OPEN_STATES


def count_at_work() -> int:
    """How many of these counts are on their way."""
    return Job.objects.filter(kind__in=JOB_KINDS.values(), state__in=OPEN_STATES).count()


def to_answer(found: Attribution) -> dict[str, Any]:
    """What is kept of an attribution."""
    return {
        "orders": found.orders,
        "measured": found.measured,
        "coverage": found.coverage,
        "touched": found.touched,
        "total": str(found.total),
        "revenue": str(found.revenue),
        "conversion": found.conversion,
        "channels": [
            {"channel": channel, "name": found.names.get(channel), **{str(model): str(given[model]) for model in Model}}
            for channel, given in found.given.items()
        ],
        PARTS: {
            kind: [[*key, *(str(given[model]) for model in Model)] for key, given in sorted(parts.items())]
            for kind, parts in found.parts.items()
        },
        "outages": [
            {"begins_at": one.begins_at.isoformat(), "ends_at": one.ends_at.isoformat()} for one in found.silent
        ],
    }
