"""The one row per person that everything else refers to."""

from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower

from core.models.base import PublicId, TimeStamped
from core.models.outbox import TRANSACTION_ID


class Status(models.TextChoices):
    """Whether we do business with this person; `deleted` rows are tombstones without personal data."""

    ACTIVE = "active", "Active"
    INACTIVE = "inactive", "Inactive"
    DELETED = "deleted", "Deleted"


KNOWN = Q(is_known=True, merged_into__isnull=True) & ~Q(status=Status.DELETED)
"""The people lists show unless asked otherwise; partial indexes repeat it, so visitors cost them nothing."""


class CustomerQuerySet(models.QuerySet["Customer"]):
    """Adjectives for customers."""

    def known(self) -> "CustomerQuerySet":
        """People with an e-mail address, phone number or external id, who are neither deleted nor merged away."""
        return self.filter(KNOWN)

    def alive(self) -> "CustomerQuerySet":
        """Everybody who is not a tombstone and not merged away, anonymous visitors included."""
        return self.exclude(status=Status.DELETED).filter(merged_into__isnull=True)


class Customer(PublicId, TimeStamped):
    """A person, known or anonymous. Written by services only.

    `consent_mask` and `consent_ref` are projections that `consent.services` keeps in the same transaction as the
    ledger: bit n is set when the purpose with that bit may be processed now; `consent_ref` is the id of the latest
    ledger entry behind the mask. `consent_until` is the earliest instant at which a granted bit runs out.
    `sensitive_limited`, kept in the same way, says that values of sensitive and confidential attributes are used
    for the service the person asked for and nothing else.
    `last_order_*`, `orders_count`, `orders_total` and `last_seen_at` are projections of purchases and events.
    `xid` is the last transaction that wrote the row (set by a trigger) and orders the change feed.
    """

    id_prefix = "cus"

    external_id = models.CharField(max_length=255, null=True)
    email = models.CharField(max_length=254, null=True)
    phone = models.CharField(max_length=16, null=True)
    first_name = models.CharField(max_length=120, default="", blank=True)
    last_name = models.CharField(max_length=120, default="", blank=True)
    country = models.CharField(max_length=2, default="", blank=True)
    region = models.CharField(max_length=6, default="", blank=True)
    language = models.CharField(max_length=12, default="", blank=True)
    time_zone = models.CharField(max_length=60, default="", blank=True)
    birth_date = models.DateField(null=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    attributes = models.JSONField(default=dict)
    is_known = models.BooleanField(default=True)
    merged_into = models.ForeignKey(
        "self", null=True, on_delete=models.DO_NOTHING, related_name="absorbed", db_index=False
    )
    deleted_at = models.DateTimeField(null=True)
    delete_reason = models.CharField(max_length=40, default="")
    consent_mask = models.BigIntegerField(default=0)
    consent_ref = models.BigIntegerField(null=True)
    consent_until = models.DateTimeField(null=True)
    gpc_first_seen_at = models.DateTimeField(null=True)
    sensitive_limited = models.BooleanField(default=False, db_default=False)
    orders_count = models.PositiveIntegerField(default=0)
    orders_total = models.DecimalField(max_digits=16, decimal_places=2, default=0)
    orders_currency = models.CharField(max_length=3, default="")
    last_order_id = models.CharField(max_length=100, null=True)
    last_order_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    last_order_currency = models.CharField(max_length=3, default="")
    last_order_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    created_via = models.CharField(max_length=60, default="")
    xid = models.BigIntegerField(db_default=RawSQL(TRANSACTION_ID, ()))

    objects = CustomerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=Status.values), name="customer_status_known"),
            models.CheckConstraint(
                condition=~Q(status=Status.DELETED)
                | Q(
                    deleted_at__isnull=False,
                    external_id__isnull=True,
                    email__isnull=True,
                    phone__isnull=True,
                    first_name="",
                    last_name="",
                    birth_date__isnull=True,
                    attributes={},
                ),
                name="customer_tombstone_holds_no_person",
            ),
            models.UniqueConstraint(
                fields=["external_id"], name="customer_external_id_unique", include=["id", "consent_mask"]
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="customer_known", condition=KNOWN),
            models.Index(fields=["-created_at", "-id"], name="customer_newest", condition=KNOWN),
            models.Index(fields=["-created_at", "-id"], name="customer_newest_of_all"),
            models.Index(fields=["updated_at", "id"], name="customer_by_update"),
            models.Index(fields=["xid", "id"], name="customer_change_feed"),
            models.Index(fields=["status", "-created_at", "-id"], name="customer_by_status", condition=KNOWN),
            models.Index(fields=["country", "-created_at", "-id"], name="customer_by_country", condition=KNOWN),
            models.Index(fields=["email"], name="customer_email_prefix", opclasses=["varchar_pattern_ops"]),
            models.Index(OpClass(Lower("last_name"), name="text_pattern_ops"), name="customer_last_name_prefix"),
            models.Index(fields=["merged_into"], name="customer_absorbed", condition=Q(merged_into__isnull=False)),
            models.Index(
                fields=["consent_until"], name="customer_consent_ends", condition=Q(consent_until__isnull=False)
            ),
            models.Index(fields=["-last_seen_at", "-id"], name="customer_last_seen"),
        ]

    @property
    def place(self) -> str:
        """Where the law looks: ISO 3166-2 region when known, else the ISO 3166-1 country, else empty."""
        return self.region or self.country

    @property
    def name(self) -> str:
        """First and last name, or empty."""
        return f"{self.first_name} {self.last_name}".strip()
