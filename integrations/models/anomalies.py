"""Unusual use of API clients and of signing in: what was found, what nobody wants to be told of, known networks."""

from django.db import models
from django.db.models import Q

from core.models.base import PublicId, TimeStamped
from integrations.rules.anomalies import QUOTA, Finding, Kind


class ClientNetwork(models.Model):
    """A network (never a whole address) that a client's servers called from; none of public apps and web pages."""

    id = models.BigAutoField(primary_key=True)
    client_id = models.CharField(max_length=60)
    network = models.CharField(max_length=43)
    country = models.CharField(max_length=2, default="", blank=True)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client_id", "network"], name="client_network_once")]
        indexes = [
            models.Index(fields=["first_at"], name="client_network_by_first"),
            models.Index(fields=["last_at"], name="client_network_by_last"),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} {self.network}"


class AnomalyState(models.TextChoices):
    """Open until somebody dismisses it."""

    OPEN = "open", "Open"
    DISMISSED = "dismissed", "Dismissed"


class Anomaly(PublicId, TimeStamped):
    """Something unusual (`kind`) about `subject`: a client, a member of staff (public id), or nobody recognised ('').

    `seen` grows while it goes on; `usual` is the median it stands against. A `muted` one was told to nobody.
    """

    id_prefix = "alr"

    kind = models.CharField(max_length=20, choices=Kind)
    subject = models.CharField(max_length=60, blank=True)
    mark = models.CharField(max_length=60)
    seen = models.PositiveBigIntegerField()
    usual = models.FloatField(null=True)
    where = models.CharField(max_length=80, default="", blank=True)
    muted = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=AnomalyState, default=AnomalyState.OPEN)
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.CharField(max_length=60, default="", blank=True)
    reason = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject", "mark"], name="anomaly_once"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="anomaly_kind_known"),
            models.CheckConstraint(
                condition=Q(state=AnomalyState.OPEN, dismissed_at__isnull=True)
                | Q(state=AnomalyState.DISMISSED, dismissed_at__isnull=False),
                name="anomaly_dismissed_is_dated",
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="anomaly_newest"),
            models.Index(fields=["subject", "-created_at"], name="anomaly_of_subject"),
            models.Index(
                fields=["-created_at", "-id"],
                condition=Q(state=AnomalyState.OPEN, muted=False),
                name="anomaly_waiting",
            ),
        ]

    @property
    def finding(self) -> Finding:
        """As it was found, with what has been seen since."""
        return Finding(Kind(self.kind), self.subject, self.mark, self.seen, self.usual, self.where)


class Mute(PublicId, TimeStamped):
    """Until `until` nobody is told of `kind` (rules.anomalies.Kind, `quota`, or '' for all) about `subject`."""

    id_prefix = "mut"

    subject = models.CharField(max_length=60, blank=True)
    kind = models.CharField(max_length=20, choices=[("", "Everything"), (QUOTA, "Quota warnings"), *Kind.choices])
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    created_by = models.CharField(max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "kind"], name="mute_once")]
        indexes = [models.Index(fields=["-created_at", "-id"], name="mute_newest")]
