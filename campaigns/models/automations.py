"""Automations: their versions, who is under way in them, and every step anybody took."""

from django.db import models
from django.db.models import Q

from campaigns.models.campaigns import Campaign
from campaigns.rules.automations.states import AutomationState, RunState, VersionState
from consent.models import Purpose
from core.models.base import PublicId, TimeStamped
from customers.models import Customer


class Automation(PublicId, TimeStamped):
    """Something that happens by itself to whoever comes in. What it does stands in its versions.

    `public_id` is the seed of its random splits, so it never changes. Messages rest on `purpose`.
    """

    id_prefix = "aut"

    name = models.CharField(max_length=120)
    goal = models.CharField(max_length=300, default="", blank=True)
    owner = models.CharField(max_length=60)
    purpose = models.ForeignKey(Purpose, null=True, on_delete=models.PROTECT, to_field="key", related_name="+")
    state = models.CharField(max_length=10, choices=AutomationState, default=AutomationState.DRAFT)
    started_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=AutomationState.values), name="automation_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=[AutomationState.ACTIVE, AutomationState.PAUSED]) | Q(started_at__isnull=False),
                name="automation_started_is_dated",
            ),
            models.CheckConstraint(
                condition=~Q(state=AutomationState.ARCHIVED) | Q(archived_at__isnull=False),
                name="automation_archived_is_dated",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="automation_newest"),
            models.Index(fields=["updated_at", "id"], name="automation_by_update"),
        ]


class AutomationVersion(models.Model):
    """A graph (campaigns/rules/automations/graph.py), who wrote it last and who published it.

    Only a draft changes; who publishes one that sends messages is never who wrote it.
    """

    id = models.BigAutoField(primary_key=True)
    automation = models.ForeignKey(Automation, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=VersionState, default=VersionState.DRAFT)
    graph = models.JSONField()
    changed_by = models.CharField(max_length=60)
    changed_at = models.DateTimeField()
    published_by = models.CharField(max_length=60, default="")
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["automation", "number"], name="automation_version_unique"),
            models.UniqueConstraint(
                fields=["automation"], condition=Q(state=VersionState.DRAFT), name="automation_one_draft"
            ),
            models.UniqueConstraint(
                fields=["automation"], condition=Q(state=VersionState.LIVE), name="automation_one_live"
            ),
            models.CheckConstraint(condition=Q(state__in=VersionState.values), name="automation_version_state_known"),
            models.CheckConstraint(
                condition=Q(state=VersionState.DRAFT) | Q(published_at__isnull=False),
                name="automation_version_published_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.automation_id} v{self.number}"


class AutomationMessage(models.Model):
    """The campaign through which a step of a version sends, so that every rule of sending holds for it too."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(AutomationVersion, on_delete=models.CASCADE, related_name="messages")
    step = models.CharField(max_length=40)
    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, related_name="automation_message")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "step"], name="automation_message_once")]

    def __str__(self) -> str:
        return f"{self.version_id}/{self.step}"


class Run(PublicId):
    """One person's way through an automation, begun by `ref`: the same thing never begins two.

    `step` is where she is; `waiting` when she has arrived there and time has to pass until `next_at`, or something to
    happen (`awaits`, about `key`). `clock_at` is the time on her own clock: when what moved her last happened, not
    when a worker came to it. `number` counts her step records. Who is erased leaves the row without the person.
    """

    id_prefix = "run"

    automation = models.ForeignKey(Automation, on_delete=models.CASCADE, db_index=False, related_name="runs")
    version = models.ForeignKey(AutomationVersion, on_delete=models.CASCADE, related_name="runs")
    customer = models.ForeignKey(
        Customer, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    state = models.CharField(max_length=10, choices=RunState, default=RunState.OPEN)
    step = models.CharField(max_length=40)
    waiting = models.BooleanField(default=False)
    next_at = models.DateTimeField(null=True)
    awaits = models.CharField(max_length=80, default="")
    key = models.CharField(max_length=200, default="")
    ref = models.CharField(max_length=120)
    exclusive = models.BooleanField(default=True)
    number = models.PositiveIntegerField(default=0)
    entered_at = models.DateTimeField()
    clock_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ending = models.CharField(max_length=20, default="")
    trouble = models.CharField(max_length=300, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["automation", "customer", "ref"], name="run_begun_once"),
            models.UniqueConstraint(
                fields=["automation", "customer"],
                condition=Q(exclusive=True) & ~Q(state=RunState.ENDED),
                name="run_one_at_a_time",
            ),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_known"),
            models.CheckConstraint(
                condition=~Q(state=RunState.OPEN) | Q(next_at__isnull=False), name="run_open_goes_on"
            ),
            models.CheckConstraint(
                condition=~Q(state=RunState.ENDED) | (Q(ended_at__isnull=False) & ~Q(ending="")),
                name="run_ended_says_how",
            ),
        ]
        indexes = [
            models.Index(fields=["automation", "next_at", "id"], name="run_due", condition=Q(state=RunState.OPEN)),
            models.Index(fields=["customer", "-id"], name="run_of_customer"),
            models.Index(fields=["automation", "-id"], name="run_newest"),
            models.Index(fields=["automation", "state", "-id"], name="run_by_state"),
            models.Index(fields=["ended_at"], name="run_by_age", condition=Q(state=RunState.ENDED)),
        ]


class StepRecord(models.Model):
    """What happened to somebody at a step, and why; written once, with its effect, in one transaction."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_index=False, related_name="records")
    number = models.PositiveIntegerField()
    step = models.CharField(max_length=40)
    outcome = models.CharField(max_length=20)
    details = models.JSONField(default=dict)
    delivery_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="step_record_once")]
        indexes = [
            models.Index(fields=["delivery_id"], name="step_record_sent", condition=Q(delivery_id__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.number} {self.step} {self.outcome}"


class StepCount(models.Model):
    """How often a step of a version went which way; counted in the transaction in which it did."""

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(AutomationVersion, on_delete=models.CASCADE, db_index=False, related_name="counts")
    step = models.CharField(max_length=40)
    outcome = models.CharField(max_length=20)
    times = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "step", "outcome"], name="step_count_once")]

    def __str__(self) -> str:
        return f"{self.version_id}/{self.step} {self.outcome}"
