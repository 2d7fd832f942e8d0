"""One person's consent: the panel on her page, every answer with its reason, and recording by hand."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from consent.console.words import BASES, CHANNELS, STATES, evidence_words, notice_words
from consent.models import ConsentEvent, SuppressionReason
from consent.rules.vocabulary import Event, Purpose
from consent.selectors.answers import events_behind
from consent.selectors.catalogue import SERVICE_BIT, catalogue
from consent.selectors.decisions import Answer, explain
from consent.selectors.marks import why_left_alone
from consent.selectors.purposes import current_notices, list_purposes
from consent.services.consent import ConsentEntry, Recorded, record_consent
from consent.services.suppression import Suppressed, suppress_customer
from core.console import cells
from core.console.forms import ConsoleForm
from core.console.views import Action, ActionPage, DetailPage, FormPage, Header
from core.errors import InvalidInput
from core.menu import Panel
from customers.models import Customer
from customers.selectors.customers import find_customer

VIEW, RECORD, SUPPRESS = "consent.view_consent", "consent.record_consent", "consent.add_suppression"
_BY_HAND: Final = (
    Event.GRANTED,
    Event.WITHDRAWN,
    Event.REFUSED,
    Event.OBJECTED,
    Event.UNSUBSCRIBED,
    Event.OPTED_OUT,
    Event.INVALIDATED,
)
_SOURCES: Final = {
    "phone": "Phone call",
    "letter": "Letter",
    "email": "E-mail to us",
    "counter": "In person",
    "paper_form": "Paper form",
    "correction": "Correction of a mistake",
}


def url(name: str, customer: Customer) -> str:
    """The address of a screen about this customer."""
    return reverse(f"console:{name}", args=[customer.public_id])


def ledger_url(customer: Customer) -> str:
    """The person's part of the ledger."""
    return f"{reverse('console:consent-ledger')}?customer={customer.public_id}"


def answer_row(answer: Answer, event: ConsentEvent | None) -> dict[str, Any]:
    """One purpose as a table row shows it."""
    standing = answer.standing
    return {
        "channel": CHANNELS[answer.use.channel],
        "purpose": answer.use.name,
        "short": CHANNELS[answer.use.channel] if answer.use.kind is Purpose.MARKETING else answer.use.name,
        "state": cells.dot(STATES[standing.state if standing else "none"]),
        "allowed": cells.dot(cells.State("Yes", "good") if answer.decision.allowed else cells.State("No", "bad")),
        "why": answer.decision.why,
        "reason": answer.decision.reason.value,
        "basis": BASES[event.legal_basis] if event else "",
        "evidence": evidence_words(event.evidence) if event else cells.NOTHING,
        "notice": notice_words(event) if event else cells.NOTHING,
        "proof": notice_words(event) if event and event.notice else f"No. {event.seq}" if event else "",
        "entry": reverse("console:consent-entry", args=[event.public_id]) if event else "",
        "seq": event.seq if event else None,
        "changed_at": event.occurred_at if event else None,
    }


def answer_rows(customer: Customer, at: datetime, known_at: datetime, place: str | None) -> list[dict[str, Any]]:
    """Every purpose; three queries."""
    answers = explain(customer=customer, at=at, known_at=known_at, place=place)
    events = events_behind(answers)
    return [answer_row(answer, events.get(answer.event_id or 0)) for answer in answers]


def panel_context(request: HttpRequest, customer: Customer) -> Mapping[str, Any]:
    """What the panel on the customer page shows."""
    now = timezone.now()
    left_alone = [] if customer.consent_mask & (1 << SERVICE_BIT) else [customer.pk]
    return {
        "rows": [row for row in answer_rows(customer, now, now, None) if row["reason"] != "service"],
        "customer": customer,
        "suppressed": why_left_alone(left_alone).get(customer.pk, ""),
        "ledger_url": ledger_url(customer),
        "answers_url": url("customer-consent", customer),
        "record_url": url("customer-consent-record", customer),
        "link_url": url("customer-consent-link", customer),
        "suppress_url": url("customer-suppress", customer),
    }


class QuestionForm(ConsoleForm):
    """At which moment, and in which place."""

    at = forms.DateTimeField(
        label="At",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    place = forms.ChoiceField(label="In", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules = sorted(catalogue().rules.values(), key=lambda rule: rule.name)
        choices = [("", "Their own place"), *((rule.code, rule.name) for rule in rules)]
        self.fields["place"].choices = choices  # type: ignore[attr-defined]


class ConsentOfCustomer(DetailPage):
    """May we, why, and what proves it: now, at any moment of the past, in any place."""

    name, title, permission = "customer-consent", "Consent", VIEW
    panels = (
        Panel("answers", "May we process?", "consent/answers.html", VIEW, lambda r, c: answers_context(r, c)),
        Panel("question", "Ask", "consent/question.html", VIEW, lambda r, c: question_context(r), place="side"),
    )

    def find(self) -> Customer:
        """By public id, tombstones included: the ledger outlives the person."""
        return find_customer(reference=self.kwargs["public_id"], include_deleted=True)

    def header(self, subject: Customer) -> Header:
        """Place and signal."""
        seen = subject.gpc_first_seen_at
        signal = f", Global Privacy Control since {timezone.localtime(seen):%Y-%m-%d}" if seen else ""
        return Header("Consent", f"{subject.place or 'Place not known'}{signal}", subject.public_id)

    def actions(self, subject: Customer) -> Sequence[Action]:
        """Read on, or record."""
        return (
            Action("Ledger", ledger_url(subject), VIEW, "history"),
            Action("Preference link", url("customer-consent-link", subject), RECORD, "link"),
            Action("Suppress", url("customer-suppress", subject), SUPPRESS, "ban"),
            Action("Record", url("customer-consent-record", subject), RECORD, "plus", primary=True),
        )


def question_context(request: HttpRequest) -> Mapping[str, Any]:
    """The moment and the place asked for; now and the person's own when nothing was asked."""
    form = QuestionForm(request.GET or None)
    if form.is_bound and not form.is_valid():
        raise InvalidInput("This moment or place cannot be understood.")
    asked: dict[str, Any] = form.cleaned_data if form.is_bound else {}
    return {"form": form.dressed(), "at": asked.get("at"), "place": asked.get("place") or None}


def answers_context(request: HttpRequest, customer: Customer) -> Mapping[str, Any]:
    """Every purpose at the moment and in the place asked for, and what could have been known then."""
    asked = question_context(request)
    now, place = timezone.now(), asked["place"]
    at = asked["at"] or now
    rows = answer_rows(customer, at, now, place)
    if asked["at"]:
        then = explain(customer=customer, at=at, known_at=at, place=place)
        for row, known in zip(rows, then, strict=True):
            row["known"] = known.decision.why if known.decision.reason.value != row["reason"] else ""
    return {"rows": rows}


class RecordForm(ConsoleForm):
    """What the person said, and how we know."""

    purpose = forms.ChoiceField(label="Purpose")
    event = forms.ChoiceField(label="What happened", choices=[(e.value, STATES[e.value].word) for e in _BY_HAND])
    notice = forms.ChoiceField(
        label="Words shown or read out",
        required=False,
        help_text="A yes without a notice is stored but allows nothing (GDPR Art. 7(1)).",
    )
    source = forms.ChoiceField(label="How we heard", choices=list(_SOURCES.items()))
    occurred_at = forms.DateTimeField(
        label="When",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Empty means now.",
    )
    reference = forms.CharField(
        label="Reference", required=False, max_length=120, help_text="Number of the letter, call or form; no names."
    )
    reason = forms.CharField(
        label="Reason",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands in the audit log. Do not write personal data here.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        purposes = list(list_purposes())
        self.fields["purpose"].choices = [(p.key, p.name) for p in purposes if p.key != "service"]  # type: ignore[attr-defined]
        self.fields["notice"].choices = [("", "None")] + [  # type: ignore[attr-defined]
            (notice.public_id, f"{purpose.name}: version {notice.version} ({notice.locale})")
            for purpose in purposes
            for notice in current_notices(purpose)
        ]


class RecordConsent(FormPage):
    """Adds an entry to a person's ledger; a mistake is corrected by another entry."""

    name, title, permission = "customer-consent-record", "Record consent", RECORD
    form_class, submit_label, success = RecordForm, "Record", "Recorded in the consent ledger."

    @property
    def customer(self) -> Customer:
        """Whose ledger."""
        return find_customer(reference=self.kwargs["public_id"])

    def save(self, form: Any) -> Recorded:
        """Append the entry."""
        data = form.cleaned_data
        entry = ConsentEntry(
            purpose=data["purpose"],
            event=data["event"],
            source=data["source"],
            notice=data["notice"],
            occurred_at=data["occurred_at"],
            evidence={"reference": data["reference"] or None},
        )
        try:
            return record_consent(
                customer=self.customer, entries=[entry], by=self.actor, now=self.now, reason=data["reason"]
            )
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, code=refusal.code, param=_field(refusal.param)) from refusal

    def success_url(self, result: Recorded) -> str:
        """What the record now allows."""
        return reverse("console:customer-consent", args=[result.public_id])

    def cancel_url(self) -> str:
        """What the record allows."""
        return reverse("console:customer-consent", args=[self.kwargs["public_id"]])


def _field(param: str | None) -> str:
    """The form field that a path such as `purposes[0].evidence.reference` is about."""
    return (param or "").rpartition(".")[2]


class SuppressForm(ConsoleForm):
    """Why somebody is to be left alone."""

    reason = forms.ChoiceField(
        label="Reason", choices=[(r.value, r.label) for r in SuppressionReason if r != SuppressionReason.ERASURE]
    )


class SuppressCustomer(ActionPage):
    """Puts all identifiers of a person on the suppression list."""

    name, title, permission = "customer-suppress", "Suppress", SUPPRESS
    form_class, submit_label, success, danger = SuppressForm, "Suppress", "On the suppression list.", True

    def question(self) -> str:
        """What will happen."""
        return (
            "Nothing is done with this person's data any more: no messages, no tracking, no import under the same "
            "e-mail address, phone number or id. Only compliance can take her off the list."
        )

    def save(self, form: Any) -> Suppressed:
        """Put them on the list."""
        customer = find_customer(reference=self.kwargs["public_id"])
        reason = SuppressionReason(form.cleaned_data["reason"])
        return suppress_customer(customer=customer, reason=reason, by=self.actor, now=self.now)

    def success_url(self, result: Suppressed) -> str:
        """What the record now allows."""
        return reverse("console:customer-consent", args=[self.kwargs["public_id"]])

    def cancel_url(self) -> str:
        """Back."""
        return reverse("console:customer-consent", args=[self.kwargs["public_id"]])
