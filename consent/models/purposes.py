"""What we may want personal data for, and the words under which people agreed."""

from django.db import models
from django.db.models import Q

from core.models.base import PublicId, TimeStamped


class Purpose(TimeStamped):
    """One purpose of processing through one channel. `bit` is its place in `Customer.consent_mask`, for ever.

    `record_required` purposes (engagement tracking) are never allowed by silence: even where the law is opt-out they
    need a recorded state or a consent token.
    """

    id = models.BigAutoField(primary_key=True)
    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    description = models.CharField(max_length=400, default="", blank=True)
    channel = models.CharField(max_length=20)
    kind = models.CharField(max_length=30)
    legal_basis = models.CharField(max_length=30)
    bit = models.PositiveSmallIntegerField(unique=True)
    record_required = models.BooleanField(default=False)
    valid_days = models.PositiveIntegerField(null=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(bit__lte=62), name="purpose_bit_fits"),
        ]
        ordering = ["bit"]

    def __str__(self) -> str:
        return self.key


class NoticeVersion(PublicId):
    """The exact words shown for a purpose in one language; immutable once published (refused by a trigger)."""

    id_prefix = "ntc"

    purpose = models.ForeignKey(Purpose, on_delete=models.PROTECT, related_name="notices")
    version = models.PositiveIntegerField()
    locale = models.CharField(max_length=12)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    material = models.BooleanField(default=False)
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["purpose", "version", "locale"], name="notice_version_unique"),
        ]
        ordering = ["purpose_id", "-version", "locale"]


class Jurisdiction(TimeStamped):
    """The rule of one place, as data: seeded from consent/rules/policy.py, versioned by rule set."""

    code = models.CharField(max_length=12, primary_key=True)
    name = models.CharField(max_length=120)
    mode = models.CharField(max_length=10)
    rule = models.JSONField()
    rule_set = models.CharField(max_length=40)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(mode__in=["opt_in", "opt_out"]), name="jurisdiction_mode_known"),
        ]
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code
