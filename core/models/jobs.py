"""Work that takes longer than a request, as people see it: state, progress, result, reason of failure."""

from django.db import models
from django.db.models import Q

from core.models.base import PublicId, TimeStamped


class JobState(models.TextChoices):
    """States of a job; `may_become` in core.jobs holds the allowed moves."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    SUCCEEDED = "succeeded", "Done"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"


OPEN_STATES = (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)


class JobQuerySet(models.QuerySet["Job"]):
    """Adjectives for jobs."""

    def open(self) -> "JobQuerySet":
        """Jobs that have not ended."""
        return self.filter(state__in=OPEN_STATES)

    def owned_by(self, owner: str) -> "JobQuerySet":
        """Jobs started by this actor (`staff:usr_...`)."""
        return self.filter(owner=owner)


class Job(PublicId, TimeStamped):
    """One long piece of work. `parameters` and `result` never hold personal data; ids and counts only."""

    id_prefix = "job"

    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    owner = models.CharField(max_length=60)
    task = models.CharField(max_length=120)
    parameters = models.JSONField(default=dict)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    unit = models.CharField(max_length=20, default="rows")
    stop_requested = models.BooleanField(default=False)
    pause_requested = models.BooleanField(default=False)
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=500, default="")
    started_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=JobState.values), name="job_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=OPEN_STATES) | Q(finished_at__isnull=False), name="job_ended_is_dated"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="job_newest"),
            models.Index(fields=["owner", "-created_at"], name="job_by_owner"),
            models.Index(fields=["kind", "-created_at"], name="job_by_kind"),
            models.Index(fields=["state", "-created_at"], name="job_by_state"),
            models.Index(fields=["state", "beat_at"], name="job_open", condition=Q(state__in=OPEN_STATES)),
        ]
