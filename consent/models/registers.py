"""What a controller keeps on paper: activities (Art. 30), processors (Art. 28), breaches (Art. 33(5))."""

from django.db import models
from django.db.models import Q

from core.models.base import PublicId, TimeStamped

LONG = 1_000


class Basis(models.TextChoices):
    """GDPR Art. 6(1)."""

    CONSENT = "consent", "Consent (a)"
    CONTRACT = "contract", "Contract (b)"
    LEGAL = "legal_obligation", "Legal obligation (c)"
    VITAL = "vital_interest", "Vital interest (d)"
    PUBLIC = "public_task", "Public task (e)"
    INTEREST = "legitimate_interest", "Legitimate interest (f)"


class Transfer(models.TextChoices):
    """What a transfer to a third country rests on (GDPR chapter V)."""

    NONE = "none", "None: the data stays in the EEA or UK"
    ADEQUACY = "adequacy", "Adequacy decision (Art. 45)"
    CLAUSES = "clauses", "Standard contractual clauses (Art. 46)"
    RULES = "binding_rules", "Binding corporate rules (Art. 47)"
    DEROGATION = "derogation", "Derogation (Art. 49)"


class Activity(PublicId, TimeStamped):
    """One processing activity of the record (GDPR Art. 30(1)(a) to (g))."""

    id_prefix = "act"

    name = models.CharField(max_length=120, unique=True)
    purpose = models.CharField(max_length=LONG)
    controller = models.CharField(max_length=300)
    legal_basis = models.CharField(max_length=30, choices=Basis)
    people = models.CharField(max_length=LONG)
    data_kinds = models.CharField(max_length=LONG)
    recipients = models.CharField(max_length=LONG, blank=True, default="")
    transfer = models.CharField(max_length=20, choices=Transfer, default=Transfer.NONE)
    retention = models.CharField(max_length=LONG)
    security = models.CharField(max_length=LONG)
    review_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["review_on"], name="activity_review", condition=Q(ended_on__isnull=True))]


class Processor(PublicId, TimeStamped):
    """One company that works on personal data for us, or receives it, and the agreement with it (GDPR Art. 28).

    `client` is the public id of the API client through which it reads; the disclosure ledger shows purpose and basis
    by it. `storage_places` are the countries where it keeps data (its own when empty), `barred_places` the countries
    and regions of people whose data it must not get, `keep_days` how long it may keep what it gets.
    """

    id_prefix = "prc"

    name = models.CharField(max_length=120, unique=True)
    client = models.CharField(max_length=40, blank=True, default="", db_index=True)
    service = models.CharField(max_length=LONG)
    purpose = models.CharField(max_length=300)
    legal_basis = models.CharField(max_length=30, choices=Basis)
    country = models.CharField(max_length=2)
    transfer = models.CharField(max_length=20, choices=Transfer, default=Transfer.NONE)
    agreement = models.CharField(max_length=120)
    signed_on = models.DateField()
    agreement_ends_on = models.DateField(null=True, blank=True)
    certificate = models.CharField(max_length=120, blank=True, default="")
    certificate_ends_on = models.DateField(null=True, blank=True)
    sub_processors = models.CharField(max_length=LONG, blank=True, default="")
    storage_places = models.JSONField(default=list, db_default=[], blank=True)
    barred_places = models.JSONField(default=list, db_default=[], blank=True)
    keep_days = models.PositiveIntegerField(null=True, blank=True)
    reminded_on = models.DateField(null=True, editable=False)
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["agreement_ends_on"], name="processor_agreement", condition=Q(ended_on__isnull=True)),
            models.Index(
                fields=["certificate_ends_on"], name="processor_certificate", condition=Q(ended_on__isnull=True)
            ),
        ]


class Breach(PublicId, TimeStamped):
    """One personal data breach: facts, effects, what was done (GDPR Art. 33(5)), and who was told when.

    `safe_due` and `law_due` come from `consent.rules.breaches` and `aware_at`. Holds no personal data.
    """

    id_prefix = "brc"

    class Risk(models.TextChoices):
        """To the rights and freedoms of people: decides who must be told (Art. 33(1), 34(1))."""

        UNKNOWN = "unknown", "Not yet known"
        UNLIKELY = "unlikely", "Unlikely: nobody has to be told"
        RISK = "risk", "Risk: the authority has to be told"
        HIGH = "high", "High risk: the people have to be told too"

    name = models.CharField(max_length=120)
    aware_at = models.DateTimeField()
    happened = models.CharField(max_length=LONG)
    people_affected = models.PositiveIntegerField(null=True, blank=True)
    data_kinds = models.CharField(max_length=LONG)
    consequences = models.CharField(max_length=LONG, blank=True, default="")
    measures = models.CharField(max_length=LONG, blank=True, default="")
    risk = models.CharField(max_length=10, choices=Risk, default=Risk.UNKNOWN)
    authority = models.CharField(max_length=120, blank=True, default="")
    authority_told_at = models.DateTimeField(null=True, blank=True)
    delay_reason = models.CharField(max_length=300, blank=True, default="")
    people_told_at = models.DateTimeField(null=True, blank=True)
    safe_due = models.DateTimeField(editable=False)
    law_due = models.DateTimeField(editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | ~Q(risk="unknown"), name="breach_closed_is_judged"
            ),
        ]
        indexes = [
            models.Index(fields=["safe_due"], name="breach_open", condition=Q(closed_at__isnull=True)),
            models.Index(fields=["-aware_at", "-id"], name="breach_newest"),
        ]
