"""Requests about personal data: the request, its clock, its tasks, what was said, what holds it up."""

from django.db import models
from django.db.models import Q

from consent.models.agents import RightsAgent
from consent.rules.requests import CLOSED, OPEN, Channel, KeptFor, Kind, Refusal, State, Verb
from core.models.base import PublicId, TimeStamped
from customers.models import Customer

_OPEN = Q(state__in=sorted(OPEN))
_CLOSED = Q(state__in=sorted(CLOSED))


class DataRequestQuerySet(models.QuerySet["DataRequest"]):
    """Adjectives for requests."""

    def open(self) -> "DataRequestQuerySet":
        """Requests not yet closed."""
        return self.filter(_OPEN)


class DataRequest(PublicId, TimeStamped):
    """One request of one person under one law.

    `contact_sealed`, `details_sealed` and `subjects_sealed` (where to write, what was asked, the identifiers found)
    are encrypted and emptied when nobody needs them any more; `contact_hash` finds the same person again.
    `law_due`, `safe_due`, `ack_due` and `why` are computed from the clock rows by consent.rules.deadlines and never
    written otherwise; `short_due` is the plain 30 or 45 days. `purpose` limits an erasure to what is kept for it.
    `opened_by` and the other names are actors. `via_agent` sent it by the Data Rights Protocol, with its own number for
    it and where it wants to be called back; so did `controller` (public id of its API client) by OpenDSR.
    """

    id_prefix = "dsr"

    kind = models.CharField(max_length=24, choices=Kind)
    state = models.CharField(max_length=30, choices=State, default=State.RECEIVED)
    verb = models.CharField(max_length=14, choices=Verb, default="", blank=True)
    purpose = models.CharField(max_length=20, choices=KeptFor, default="", db_default="", blank=True)
    regime = models.CharField(max_length=20)
    place = models.CharField(max_length=12, default="", blank=True)
    locale = models.CharField(max_length=5, default="en")
    channel = models.CharField(max_length=10, choices=Channel)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.SET_NULL, related_name="+")
    duplicate_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="duplicates")
    contact_hash = models.CharField(max_length=64, default="")
    contact_hint = models.CharField(max_length=80, default="")
    contact_sealed = models.TextField(default="")
    details_sealed = models.TextField(default="")
    subjects_sealed = models.TextField(default="")
    agent = models.CharField(max_length=120, default="", blank=True)
    via_agent = models.ForeignKey(RightsAgent, null=True, on_delete=models.PROTECT, related_name="requests")
    controller = models.CharField(max_length=40, default="", db_default="", blank=True)
    agent_message = models.CharField(max_length=64, default="", db_default="")
    agent_facts = models.JSONField(default=dict, db_default={})
    received_at = models.DateTimeField()
    received_on = models.DateField()
    backdated_by = models.CharField(max_length=60, default="")
    backdated_because = models.CharField(max_length=300, default="")
    law_due = models.DateField()
    safe_due = models.DateField()
    short_due = models.DateField()
    ack_due = models.DateField()
    notice_by = models.DateField(null=True)
    why = models.JSONField(default=list)
    rule_set = models.CharField(max_length=40)
    holiday_set = models.CharField(max_length=40)
    paused_for = models.CharField(max_length=16, default="")
    extended_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    verified_how = models.CharField(max_length=40, default="")
    verified_by = models.CharField(max_length=60, default="")
    confirmed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    assignee = models.CharField(max_length=60, default="")
    opened_by = models.CharField(max_length=60)
    approved_by = models.CharField(max_length=60, default="")
    approved_at = models.DateTimeField(null=True)
    second_by = models.CharField(max_length=60, default="")
    second_at = models.DateTimeField(null=True)
    refusal_code = models.CharField(max_length=20, choices=Refusal, default="", blank=True)
    refusal_reason = models.CharField(max_length=500, default="", blank=True)
    refused_parts = models.JSONField(default=list)
    outcome = models.JSONField(default=dict)
    reminded = models.PositiveSmallIntegerField(default=0)
    minutes_spent = models.PositiveIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)

    objects = DataRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["via_agent", "agent_message"],
                name="request_once_a_message",
                condition=Q(via_agent__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["controller", "agent_message"],
                name="request_once_a_controller",
                condition=~Q(controller=""),
            ),
            models.CheckConstraint(condition=Q(state__in=State.values), name="request_state_known"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="request_kind_known"),
            models.CheckConstraint(
                condition=Q(purpose="") | Q(purpose__in=KeptFor.values, kind=Kind.ERASURE),
                name="request_purpose_of_erasure",
            ),
            models.CheckConstraint(
                condition=(_OPEN & Q(closed_at__isnull=True)) | (_CLOSED & Q(closed_at__isnull=False)),
                name="request_closed_is_dated",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.REFUSED) | ~Q(refusal_code=""), name="request_refused_names_article"
            ),
            models.CheckConstraint(
                condition=Q(second_by="") | ~Q(second_by=models.F("approved_by")), name="request_two_people"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="request_newest"),
            models.Index(fields=["state", "safe_due", "id"], name="request_board"),
            models.Index(fields=["safe_due", "id"], name="request_due", condition=_OPEN),
            models.Index(fields=["assignee", "safe_due", "id"], name="request_of_assignee", condition=_OPEN),
            models.Index(fields=["customer", "-id"], name="request_of_customer"),
            models.Index(fields=["contact_hash", "kind"], name="request_of_contact"),
            models.Index(fields=["closed_at"], name="request_closed", condition=_CLOSED),
        ]

    @property
    def is_open(self) -> bool:
        """Whether anything is left to do."""
        return self.state in OPEN


class RequestMove(models.Model):
    """One allowed move between states: the table that the trigger on requests looks into."""

    id = models.BigAutoField(primary_key=True)
    from_state = models.CharField(max_length=30)
    to_state = models.CharField(max_length=30)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["from_state", "to_state"], name="request_move_unique")]

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}"


class ClockEntry(models.Model):
    """One thing that happened to the clock of a request; append-only (refused by a trigger).

    Kinds: started, acknowledged, paused, resumed, extended, stopped. `question` says what a pause waits for.
    """

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(DataRequest, on_delete=models.PROTECT, related_name="clock")
    kind = models.CharField(max_length=14)
    question = models.CharField(max_length=16, default="")
    on = models.DateField()
    at = models.DateTimeField()
    by = models.CharField(max_length=60)
    reason = models.CharField(max_length=300, default="")
    notice_sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["started", "acknowledged", "paused", "resumed", "extended", "stopped"]),
                name="clock_kind_known",
            ),
            models.UniqueConstraint(fields=["request"], name="clock_starts_once", condition=Q(kind="started")),
        ]
        indexes = [models.Index(fields=["request", "id"], name="clock_of_request")]

    def __str__(self) -> str:
        return f"{self.kind} {self.on}"


class RequestEvent(models.Model):
    """One line of a request's history: a move, a comment, a letter, an approval. Append-only in practice and purpose.

    `text` never holds the requester's identifiers: they are taken out as it is written.
    """

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(DataRequest, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    by = models.CharField(max_length=60)
    kind = models.CharField(max_length=30)
    text = models.CharField(max_length=2000, default="")
    facts = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["request", "-id"], name="request_event_of_request")]

    def __str__(self) -> str:
        return self.kind


class RequestStep(models.Model):
    """One task of a request in one system, done once: collect, erase, suppress, scan, or something done by hand.

    `rows` and `digest` are what a collector or eraser came to; a failed task says why and is tried again at `due_at`.
    `others_sealed` is what a collector found of other people, encrypted and forgotten with the requester's address.
    """

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(DataRequest, on_delete=models.CASCADE, related_name="steps")
    action = models.CharField(max_length=14)
    name = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    order = models.PositiveIntegerField(default=100)
    state = models.CharField(max_length=10, default="waiting")
    attempts = models.PositiveSmallIntegerField(default=0)
    rows = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64, default="")
    result = models.JSONField(default=dict)
    others_sealed = models.TextField(default="")
    error = models.CharField(max_length=300, default="")
    assignee = models.CharField(max_length=60, default="")
    due_on = models.DateField(null=True)
    due_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    finished_by = models.CharField(max_length=60, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "action", "name"], name="request_step_unique"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "failed", "done", "skipped"]), name="request_step_state_known"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="request_step_open", condition=Q(state__in=["waiting", "failed"])),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.name}"


class LegalHold(PublicId):
    """Something that forbids to erase a person's data while it stands; enforced by a trigger on customers as well."""

    id_prefix = "hld"

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    scope = models.CharField(max_length=120)
    reason = models.CharField(max_length=300)
    review_on = models.DateField()
    placed_by = models.CharField(max_length=60)
    placed_at = models.DateTimeField()
    lifted_by = models.CharField(max_length=60, default="")
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["customer"], name="hold_active", condition=Q(lifted_at__isnull=True))]


class Letter(models.Model):
    """One letter to the requester. The address is looked up in the request when it is sent, and never stored here."""

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(DataRequest, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=20)
    locale = models.CharField(max_length=5)
    template_version = models.CharField(max_length=20)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=60)
    sent_at = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, default="")

    class Meta:
        indexes = [
            models.Index(fields=["request", "-id"], name="letter_of_request"),
            models.Index(fields=["created_at"], name="letter_waiting", condition=Q(sent_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.kind


class RequestPackage(PublicId):
    """The archive of an access request: where it lies, what it weighs, and the one link that opens it.

    The link is signed and kept nowhere; each download asks for a code sent by e-mail, of which only the digest is
    kept. The file is removed when the link ends.
    """

    id_prefix = "pkg"

    request = models.ForeignKey(DataRequest, on_delete=models.CASCADE, related_name="packages")
    file_name = models.CharField(max_length=80)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    manifest = models.JSONField(default=dict)
    seconds = models.FloatField()
    built_at = models.DateTimeField()
    code_digest = models.CharField(max_length=64, default="")
    code_until = models.DateTimeField(null=True)
    code_attempts = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)
    downloads = models.PositiveSmallIntegerField(default=0)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["request", "-id"], name="package_of_request"),
            models.Index(fields=["built_at"], name="package_kept", condition=Q(removed_at__isnull=True)),
        ]
