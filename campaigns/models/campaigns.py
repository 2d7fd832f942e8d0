"""Campaigns: what is sent to whom, under which purpose, within which limits, and who approved it."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from campaigns.models.offers import Promotion
from campaigns.rules.lifecycle import State
from consent.models import Purpose
from core.models.base import PublicId, TimeStamped
from customers.models import Segment


class CapChoice(models.TextChoices):
    """What becomes of somebody who has had enough messages."""

    DEFER = "defer", "Wait until the limit allows it"
    SKIP = "skip", "Leave out"
    REPLACE = "replace", "Wait, in place of what else waits for them"


class Channel(models.TextChoices):
    """How the message reaches people."""

    EMAIL = "email", "E-mail"
    IN_APP = "in_app", "In the app: your pages and apps ask for it"
    WEBHOOK = "webhook", "Webhook: a system of yours delivers it"


class CanaryChoice(models.TextChoices):
    """Who lets a campaign go on after its first messages."""

    AUTOMATIC = "automatic", "Go on by itself within the limits"
    APPROVE = "approve", "Wait for somebody to let it go on"


class Role(models.TextChoices):
    """What a segment does for a campaign."""

    INCLUDE = "include", "Send to"
    EXCLUDE = "exclude", "Do not send to"


_APPROVED = (
    State.APPROVED,
    State.SCHEDULED,
    State.BUILDING_AUDIENCE,
    State.SENDING,
    State.PAUSED,
    State.COMPLETED,
    State.COMPLETED_WITH_GAPS,
)


class Campaign(PublicId, TimeStamped):
    """One mailing. Words, audience and limits change in drafts only; `version` counts their changes.

    `sealed_body` is the text as it was submitted, with the words of its blocks put in; empty when it names none.
    `audience` remembers at launch which version of each segment was taken and how many people it had. `people` is the
    size of the audience: the number of delivery rows of its first step; `totals` keeps their counts by state when the
    rows themselves have been removed for their age, `reactions` and `outcomes` what became of the messages, `spared`
    what was not sent on purpose. Times are UTC, quiet hours are the person's. `canary_percent` of the audience gets the
    message first; `canary_sent_at` says when all of them were decided about, `canary_passed_at` when the others were
    let go. A pilot reaches a share or a number of them: `pilot_drawn` of `pilot_of` people; everybody else follows when
    it is promoted. `iteration` counts copies of copies, from 1. `promotion` is the one whose codes the message gives.
    """

    id_prefix = "cmp"

    name = models.CharField(max_length=120)
    goal = models.CharField(max_length=300, default="", blank=True)
    owner = models.CharField(max_length=60)
    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, to_field="key", related_name="+")
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.EMAIL)
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    version = models.PositiveIntegerField(default=1)
    subject = models.CharField(max_length=200, default="", blank=True)
    body = models.TextField(default="", blank=True)
    sealed_body = models.TextField(default="", db_default="", blank=True)
    promotion = models.ForeignKey(Promotion, null=True, on_delete=models.PROTECT, related_name="+")
    tracking = models.BooleanField(default=True)
    send_at = models.DateTimeField(null=True)
    per_minute = models.PositiveIntegerField(null=True)
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    cap_messages = models.PositiveSmallIntegerField(null=True)
    cap_days = models.PositiveSmallIntegerField(default=7)
    cap_choice = models.CharField(max_length=10, choices=CapChoice, default=CapChoice.DEFER)
    canary_percent = models.PositiveSmallIntegerField(null=True)
    canary_choice = models.CharField(max_length=10, choices=CanaryChoice, default=CanaryChoice.AUTOMATIC)
    canary_minutes = models.PositiveSmallIntegerField(default=30)
    canary_bounces = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal("5.00"))
    canary_complaints = models.DecimalField(max_digits=5, decimal_places=2, default=Decimal("0.30"))
    canary_sent_at = models.DateTimeField(null=True)
    canary_passed_at = models.DateTimeField(null=True)
    pilot_percent = models.PositiveSmallIntegerField(null=True)
    pilot_people = models.PositiveIntegerField(null=True)
    pilot_drawn = models.BigIntegerField(null=True)
    pilot_of = models.BigIntegerField(null=True)
    pilot_promoted_at = models.DateTimeField(null=True)
    origin = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    iteration = models.PositiveSmallIntegerField(default=1, db_default=1)
    holdout_percent = models.PositiveSmallIntegerField(default=0)
    budget = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    cost_per_message = models.DecimalField(max_digits=10, decimal_places=4, default=0)
    currency = models.CharField(max_length=3, default="EUR")
    reviewed_people = models.BigIntegerField(null=True)
    submitted_by = models.CharField(max_length=60, default="")
    submitted_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=60, default="")
    approved_at = models.DateTimeField(null=True)
    launched_by = models.CharField(max_length=60, default="")
    launched_at = models.DateTimeField(null=True)
    audience = models.JSONField(default=list)
    people = models.BigIntegerField(null=True)
    totals = models.JSONField(default=dict)
    reactions = models.JSONField(default=dict)
    outcomes = models.JSONField(default=dict)
    spared = models.JSONField(default=dict, db_default={})
    finished_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, default="")
    segments = models.ManyToManyField(Segment, through="CampaignSegment", related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="campaign_state_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="campaign_channel_known"),
            models.CheckConstraint(
                condition=~Q(state__in=_APPROVED) | (Q(approved_at__isnull=False) & ~Q(approved_by=F("submitted_by"))),
                name="campaign_approved_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.SCHEDULED) | Q(send_at__isnull=False), name="campaign_scheduled_is_dated"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.ARCHIVED) | Q(archived_at__isnull=False), name="campaign_archived_is_dated"
            ),
            models.CheckConstraint(
                condition=Q(canary_percent=None) | Q(canary_percent__range=(1, 50)), name="campaign_canary_is_a_share"
            ),
            models.CheckConstraint(
                condition=(Q(pilot_percent=None) | Q(pilot_percent__range=(1, 90), pilot_people=None))
                & (Q(pilot_people=None) | Q(pilot_people__gte=1)),
                name="campaign_pilot_is_a_share_or_a_number",
            ),
            models.CheckConstraint(condition=Q(holdout_percent__lte=50), name="campaign_holdout_at_most_half"),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="campaign_quiet_hours_begin_and_end",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="campaign_newest"),
            models.Index(fields=["updated_at", "id"], name="campaign_by_update"),
            models.Index(fields=["state", "-created_at", "-id"], name="campaign_by_state"),
        ]

    @property
    def final_body(self) -> str:
        """The text as it leaves."""
        return self.sealed_body or self.body


class CampaignSegment(models.Model):
    """A segment that a campaign sends to, or leaves out."""

    id = models.BigAutoField(primary_key=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="parts")
    segment = models.ForeignKey(Segment, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "segment"], name="campaign_segment_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="campaign_segment_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.segment_id}"
