"""Double opt-in and renewal: ask by e-mail, take the answer, let questions run out.

A yes by e-mail counts once the owner of the mailbox has confirmed it by a button (not by opening a link: scanners of
mail open links). Strangers are told the same whoever they name.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from consent.models import Confirmation, ConfirmationKind, ConfirmationState
from consent.rules.vocabulary import REFUSALS, SERVICE_PURPOSES, Event, State
from consent.selectors.catalogue import catalogue
from consent.selectors.confirmations import asked_address, confirmation_of_link, seal_address
from consent.selectors.preferences import newest_notices, preferences_of
from consent.selectors.requests import contact_hash_of, person_behind
from consent.services.circumstances import Circumstances, person_actor
from consent.services.consent import ConsentEntry, record_consent
from core import audit, jobs
from core.actors import SYSTEM, Actor, ActorKind
from core.errors import Forbidden, Gone, InvalidInput, NotFound, RateLimited
from core.meter import Window, take
from customers.models import Customer
from customers.selectors.customers import find_customer
from customers.services.customers import create_customer

SOURCE: Final = "double_opt_in"
VALID_FOR: Final = timedelta(days=7)
MOST_LETTERS: Final = 3
_A_DAY: Final = (Window("day", 3, 86_400),)
_BY_VISITOR: Final = (Window("hour", 20, 3_600),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: purposes (keys), language, the form it comes from; `evidence` of the first step; `place` of a
    stranger; a renewal ends when the consent does."""

    purposes: Collection[str]
    locale: str = "en"
    form_id: str = "api"
    evidence: Mapping[str, Any] = field(default_factory=dict)
    place: str = ""
    kind: ConfirmationKind = ConfirmationKind.CONFIRM
    expires_at: datetime | None = None


@transaction.atomic
def ask_confirmation(*, customer: Customer, question: Question, by: Actor, now: datetime) -> Confirmation:
    """A letter with a link is on its way to the customer's own address, and `pending_doi` stands in the ledger.

    A question for the same purposes that still waits is sent again instead of a second one. Refuses a customer
    without address (400), one to whom nothing may be done (403 `suppressed`), unknown purposes, and more than three
    letters a day to one address (429).
    """
    if not customer.email:
        raise InvalidInput("This customer has no e-mail address to confirm from.", code="no_address", param="userId")
    if not customer.consent_mask & 1:
        raise Forbidden("Nothing may be done with this person's data.", code="suppressed")
    asked = ask_address(customer=customer, address=customer.email, question=question, by=by, now=now)
    facts = {**question.evidence, "form_id": question.form_id, "reference": asked.public_id}
    entries = [
        ConsentEntry(purpose=key, event=Event.PENDING_DOI, source=SOURCE, notice=notice, evidence=facts)
        for key, notice in asked.purposes.items()
    ]
    record_consent(customer=customer, entries=entries, by=by, now=now, reason="double opt-in asked")
    return asked


def subscribe(*, contact: str, purposes: Collection[str], place: str, how: Circumstances, now: datetime) -> None:
    """A stranger asked for mail: the mailbox gets the question, and nothing else tells whether we know it.

    Quietly does nothing for an address that had three letters today or may not be written to. 429 after twenty tries
    an hour from one network address. Refuses what is no e-mail address, and unknown purposes.
    """
    if not take(f"subscribe-form:{how.ip}", _BY_VISITOR).granted:
        raise RateLimited("Too many requests from here. Try again in an hour.")
    if not contact_hash_of(contact):
        raise InvalidInput("This is not an e-mail address.", param="contact")
    by = Actor(kind=ActorKind.PERSON, id="visitor", ip=how.ip)
    facts = how.evidence("subscribe")
    question = Question(purposes=purposes, locale=how.locale, form_id="subscribe", evidence=facts, place=place)
    customer = person_behind(contact)
    try:
        if customer is None:
            ask_address(customer=None, address=contact, question=question, by=by, now=now)
        else:
            ask_confirmation(customer=customer, question=question, by=by, now=now)
    except (RateLimited, Forbidden):
        return


@transaction.atomic
def ask_address(
    *, customer: Customer | None, address: str, question: Question, by: Actor, now: datetime
) -> Confirmation:
    """The question is on its way to this address, once: one that waits for the same purposes is sent again."""
    wanted, hashed = _words(question), contact_hash_of(address)
    rows = Confirmation.objects.select_for_update(of=("self",)).filter(email_hash=hashed, kind=question.kind)
    waiting = rows.filter(state="pending", expires_at__gt=now, customer=customer).order_by("-id").first()
    if waiting and waiting.purposes == wanted:
        return send_again(confirmation=waiting, by=by, now=now)
    _count_letter(hashed)
    row = Confirmation.objects.create(
        public_id=Confirmation.new_public_id(),
        customer=customer,
        kind=question.kind,
        purposes=wanted,
        locale=question.locale,
        place=question.place.strip().upper(),
        form_id=question.form_id,
        email_sealed=seal_address(address),
        email_hash=hashed,
        asked_at=now,
        asked_by=str(by),
        expires_at=question.expires_at or now + VALID_FOR,
        due_at=now,
    )
    audit.record(by=by, action="confirmation.asked", target=row.public_id, changes={"kind": ["", row.kind]})
    jobs.defer("consent.tasks.send_confirmation", confirmation_id=row.pk)
    return row


def _words(question: Question) -> dict[str, str]:
    """The newest notice of each purpose asked for; InvalidInput for one that is unknown or has no words yet."""
    uses = catalogue().uses
    for key in question.purposes:
        if key not in uses or uses[key].kind in SERVICE_PURPOSES:
            raise InvalidInput(f"Unknown purpose '{key}'; choose from {', '.join(uses)}.", param="purposes")
    ids = {uses[key].id: key for key in question.purposes}
    words = newest_notices(purpose_ids=list(ids), locale=question.locale)
    if not ids or len(words) < len(ids):
        raise InvalidInput("Name purposes that have a notice: there must be words to agree to.", param="purposes")
    return {ids[purpose_id]: notice.public_id for purpose_id, notice in sorted(words.items())}


def _count_letter(hashed: str) -> None:
    if not take(f"confirmation:{hashed}", _A_DAY).granted:
        raise RateLimited("This address has had three letters today. Try again tomorrow.")


@transaction.atomic
def send_again(*, confirmation: Confirmation, by: Actor, now: datetime) -> Confirmation:
    """The same link is on its way once more. Refuses a question that is closed or over (410), a fourth letter, and
    more than three letters a day to one address (429)."""
    row = Confirmation.objects.select_for_update(of=("self",)).get(pk=confirmation.pk)
    if row.state != ConfirmationState.PENDING or row.expires_at <= now:
        raise Gone("This question is closed: ask anew.", code="confirmation_closed")
    if row.letters >= MOST_LETTERS:
        raise RateLimited(f"This question was sent {MOST_LETTERS} times already: wait until it ends.")
    _count_letter(row.email_hash)
    row.due_at, row.attempts, row.error = now, 0, ""
    row.save(update_fields=["due_at", "attempts", "error"])
    audit.record(by=by, action="confirmation.sent_again", target=row.public_id)
    jobs.defer("consent.tasks.send_confirmation", confirmation_id=row.pk)
    return row


@transaction.atomic
def confirm(*, token: str, how: Circumstances, now: datetime) -> Confirmation:
    """The owner of the mailbox has said yes: `granted` (or `renewed`) stands in the ledger, confirmed.

    Doing it twice changes nothing. A purpose that the person has said no to since she was asked stays a no. A profile
    is made for an address that nobody had. Gone when the link is not ours or over, or the customer's address is
    another by now.
    """
    row = Confirmation.objects.select_for_update(of=("self",)).get(pk=confirmation_of_link(token, now).pk)
    if row.state == ConfirmationState.CONFIRMED:
        return row
    customer = _customer_of(row, now)
    wanted = {key: row.purposes[key] for key in _still_wanted(customer, row, now)}
    event = Event.RENEWED if row.kind == ConfirmationKind.RENEWAL else Event.GRANTED
    facts = how.evidence(row.form_id) | {"doi_done": True, "reference": row.public_id}
    entries = [
        ConsentEntry(purpose=key, event=event, source=SOURCE, notice=notice, evidence=facts)
        for key, notice in wanted.items()
    ]
    if entries:
        by = person_actor(customer=customer, how=how)
        record_consent(customer=customer, entries=entries, by=by, now=now, reason="confirmed by e-mail")
    return _close(row, ConfirmationState.CONFIRMED, customer, now)


def _customer_of(row: Confirmation, now: datetime) -> Customer:
    """Whose yes it is: who was asked, who has this address by now, or a new profile."""
    address = asked_address(row)
    try:
        if row.customer:
            customer = find_customer(reference=row.customer.public_id)
            if contact_hash_of(customer.email or "") != row.email_hash:
                raise Gone("This address is no longer the person's.", code="link_ended")
            return customer
        return person_behind(address) or _new_customer(address, row.place, now)
    except (NotFound, Forbidden) as refusal:
        raise Gone("This link has ended.", code="link_ended") from refusal


def _new_customer(address: str, place: str, now: datetime) -> Customer:
    country, _, subdivision = place.strip().upper().partition("-")
    region = {"region": place.strip().upper()} if subdivision else {}
    properties = {"email": address, **({"country": country} if country else {}), **region}
    try:
        return create_customer(properties=properties, by=SYSTEM, now=now)
    except InvalidInput:
        return create_customer(properties={"email": address}, by=SYSTEM, now=now)


def _still_wanted(customer: Customer, row: Confirmation, now: datetime) -> list[str]:
    found = preferences_of(customer=customer, locale=row.locale, now=now)
    kept = row.purposes.keys()
    return [
        one.use.key
        for one in found.choices
        if one.use.key in kept and not (one.state in REFUSALS and one.changed_at and one.changed_at > row.asked_at)
    ]


def _close(row: Confirmation, state: ConfirmationState, customer: Customer | None, now: datetime) -> Confirmation:
    row.state, row.closed_at, row.email_sealed, row.due_at = state, now, "", None
    row.customer = customer or row.customer
    row.save(update_fields=["state", "closed_at", "email_sealed", "due_at", "customer"])
    audit.record(by=SYSTEM, action=f"confirmation.{state.value}", target=row.public_id)
    return row


def expire_confirmations(*, now: datetime) -> int:
    """Every question that nobody answered in time is closed, its address forgotten, and `expired` in the ledger."""
    due = Confirmation.objects.filter(state=ConfirmationState.PENDING, expires_at__lte=now).order_by("expires_at")
    ids = list(due.values_list("pk", flat=True)[:1_000])
    return sum(_expire(pk, now) for pk in ids)


@transaction.atomic
def _expire(pk: int, now: datetime) -> bool:
    row = Confirmation.objects.select_for_update(of=("self",)).get(pk=pk)
    if row.state != ConfirmationState.PENDING:
        return False
    if row.customer and row.kind == ConfirmationKind.CONFIRM:
        _end_pending(row.customer, row, now)
    _close(row, ConfirmationState.EXPIRED, None, now)
    return True


def _end_pending(customer: Customer, row: Confirmation, now: datetime) -> None:
    choices = preferences_of(customer=customer, locale=row.locale, now=now).choices
    waiting = [one for one in choices if one.state is State.PENDING_DOI and one.use.key in row.purposes]
    entries = [
        ConsentEntry(purpose=one.use.key, event=Event.EXPIRED, source=SOURCE, evidence={"reference": row.public_id})
        for one in waiting
    ]
    if entries and customer.merged_into_id is None:
        record_consent(customer=customer, entries=entries, by=SYSTEM, now=now, reason="not confirmed in time")
