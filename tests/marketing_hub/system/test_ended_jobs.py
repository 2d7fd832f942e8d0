"""Jobs are remembered for their days after their end, and for good while they have none."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from core.actors import SYSTEM
from core.models import Job, JobState
from marketing_hub.system import ended_jobs
from marketing_hub.system.ended_jobs import forget_jobs
from tests.factories.system import make_job

pytestmark = pytest.mark.django_db
NOW = timezone.now()
OLD = NOW - timedelta(days=settings.JOB_DAYS, minutes=1)


def test_forget_jobs__ended_past_their_days__are_gone_in_batches_and_others_stay(monkeypatch):
    monkeypatch.setattr(ended_jobs, "BATCH", 2)
    for number in range(5):
        job = make_job(SYSTEM, title=f"Old {number}")
        Job.objects.filter(pk=job.pk).update(state=JobState.FAILED, created_at=OLD, finished_at=OLD)
    waiting, fresh = make_job(SYSTEM, title="Waits"), make_job(SYSTEM, title="Fresh")
    Job.objects.filter(pk=waiting.pk).update(state=JobState.PAUSED, created_at=OLD, finished_at=None)
    Job.objects.filter(pk=fresh.pk).update(state=JobState.SUCCEEDED, created_at=OLD, finished_at=NOW)

    assert forget_jobs(now=NOW) == 5
    assert set(Job.objects.values_list("title", flat=True)) == {"Waits", "Fresh"}
