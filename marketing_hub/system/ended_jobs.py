"""The end of what is remembered about long work that is over."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from core.models.jobs import OPEN_STATES, Job, JobState

BATCH: Final = 1_000
_ENDED: Final = [state for state in JobState.values if state not in OPEN_STATES]


def forget_jobs(*, now: datetime) -> int:
    """Jobs that ended more than JOB_DAYS ago are gone, BATCH a statement; how many.

    What they made (imports, exports) stays, without its job. A job that has not ended stays, however old.
    """
    before, gone = now - timedelta(days=settings.JOB_DAYS), 0
    old = Job.objects.filter(state__in=_ENDED, created_at__lt=before, finished_at__lt=before).values("pk")
    while found := Job.objects.filter(pk__in=old[:BATCH]).delete()[1].get("core.Job", 0):
        gone += found
    return gone
