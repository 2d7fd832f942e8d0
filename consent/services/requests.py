"""Privacy requests from their arrival to the beginning of the work: open, acknowledge, identify, ask, give to, note."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import transaction

from consent.models import DataRequest, RequestEvent
from consent.rules.deadlines import may_pause
from consent.rules.letters import locale_for
from consent.rules.regimes import regime_for_place, regime_of
from consent.rules.request_clock import known_regime
from consent.rules.requests import (
    STATE_OF_QUESTION,
    Channel,
    KeptFor,
    Kind,
    Question,
    State,
    Verb,
    needs_identity,
)
from consent.selectors.requests import contact_hash_of, local_day, noon_of, open_twins, person_behind, sealed
from consent.services.request_letters import write_letter
from consent.services.request_steps import plan_collection
from consent.services.request_writing import check_move, compute, keep, lock_open, move, note, spend, tick
from core.actors import Actor
from core.errors import Conflict, InvalidInput, InvalidState
from customers.models import Customer
from customers.selectors.customers import find_customer

MAX_ATTEMPTS: Final = 3
_PLACE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """What is known when a request comes in. `customer` is a public or external id; `place` ISO 3166-1 or -2.

    `received_at` may lie before now only with `backdated_because`; so may `received_on`, which is the day at the place
    of the law, for whoever knows no hour. With `quiet` nobody is written to. `purpose` limits an erasure to what is
    kept for it. `unmatched`: whoever sent it checked who asks, gave no address, and `details` name nobody we know.
    """

    kind: str
    channel: str
    contact: str = ""
    customer: str = ""
    place: str = ""
    regime: str = ""
    verb: str = ""
    purpose: str = ""
    locale: str = ""
    details: str = ""
    agent: str = ""
    received_at: datetime | None = None
    received_on: date | None = None
    backdated_because: str = ""
    quiet: bool = False
    unmatched: bool = False


@transaction.atomic
def open_request(*, new: NewRequest, by: Actor, now: datetime) -> DataRequest:
    """The request is on the desk, its clock runs from the local day of receipt, and its dates are computed.

    An open request of the same person for the same thing makes it a duplicate: linked, with the clock of the first.
    Refuses an unknown kind or place of law, a place that is no ISO code, neither contact nor customer, a day of receipt
    in the future, and an earlier one without a reason.
    """
    customer, regime = _customer(new), _regime(new)
    contact = "" if new.quiet else new.contact.strip() or ((customer.email or "") if customer else "")
    contact_hash = contact_hash_of(contact) if contact else ""
    who = customer.pk if customer else None
    first = open_twins(kind=new.kind, contact_hash=contact_hash, customer_id=who, purpose=_purpose(new)).first()
    row = DataRequest(
        public_id=DataRequest.new_public_id(),
        kind=Kind(new.kind),
        verb=_verb(new),
        purpose=_purpose(new),
        regime=regime,
        place=new.place.strip().upper(),
        locale=locale_for(new.locale or (customer.language if customer else "")),
        channel=Channel(new.channel),
        customer=customer,
        duplicate_of=first,
        contact_hash=contact_hash,
        contact_hint=_hint(contact),
        contact_sealed=sealed(contact),
        details_sealed=sealed(new.details.strip()[:5000]),
        agent=new.agent[:120],
        opened_by=str(by),
        created_at=now,
        updated_at=now,
    )
    _receive(row, new, by, now)
    tick(row=row, kind="started", by=by, now=now, reason=f"received by {row.get_channel_display().lower()}")
    duplicate = first.public_id if first else ""
    return keep(row=row, action="received", by=by, now=now, before="", channel=row.channel, duplicate_of=duplicate)


def _receive(row: DataRequest, new: NewRequest, by: Actor, now: datetime) -> None:
    """Store the row with its day of receipt: that of the first request when it repeats one, else as told."""
    first, at = row.duplicate_of, _receipt(new, row.regime, now)
    row.received_at = min(at, first.received_at) if first else at
    row.received_on = first.received_on if first else local_day(row.regime, row.received_at)
    if row.received_at < now:
        row.backdated_by = str(by)
        row.backdated_because = new.backdated_because.strip()[:300] or "the clock of an earlier request"
    row.law_due = row.safe_due = row.short_due = row.ack_due = row.received_on
    row.save()


def _customer(new: NewRequest) -> Customer | None:
    if new.kind not in Kind.values:
        raise InvalidInput(f"Invalid 'type': one of {', '.join(Kind.values)}.", param="type")
    if new.channel not in Channel.values:
        raise InvalidInput(f"Invalid 'channel': one of {', '.join(Channel.values)}.", param="channel")
    if not (new.contact.strip() or new.customer or new.unmatched):
        raise InvalidInput("Say who asks: an e-mail address or a customer.", code="missing_field", param="email")
    if new.contact and not contact_hash_of(new.contact):
        raise InvalidInput("This is no e-mail address.", code="invalid_email", param="email")
    return find_customer(reference=new.customer) if new.customer else person_behind(new.contact)


def _regime(new: NewRequest) -> str:
    if new.place.strip() and not _PLACE.fullmatch(new.place.strip().upper()):
        raise InvalidInput("Write the place as an ISO code, such as DE, GB or US-CA.", param="place")
    if new.regime:
        found = regime_of(new.regime)
        if found is None:
            raise InvalidInput("Invalid 'regime': write EU/DE, UK/UK, US-CA, ...", param="regime")
        return found.code
    return regime_for_place(new.place).code


def _verb(new: NewRequest) -> str:
    if new.kind != Kind.ERASURE:
        return ""
    if new.verb and new.verb not in Verb.values:
        raise InvalidInput(f"Invalid 'verb': one of {', '.join(Verb.values)}.", param="verb")
    return new.verb or Verb.ERASE.value


def _purpose(new: NewRequest) -> str:
    if new.purpose and (new.purpose not in KeptFor.values or new.kind != Kind.ERASURE):
        names = ", ".join(KeptFor.values)
        raise InvalidInput(f"Only an erasure is limited to what is kept for one of: {names}.", param="purpose")
    return new.purpose


def _receipt(new: NewRequest, regime: str, now: datetime) -> datetime:
    at, param = new.received_at or now, "received_at"
    if new.received_on is not None and new.received_on != local_day(regime, now):
        at, param = noon_of(regime, new.received_on), "received_on"
    if at > now:
        raise InvalidInput("The day of receipt lies in the future.", param=param)
    if at < now and not new.backdated_because.strip():
        raise InvalidInput(
            "Say why the day of receipt lies before today.", code="missing_field", param="backdated_because"
        )
    return at


def _hint(contact: str) -> str:
    name, at, domain = contact.strip().partition("@")
    return f"{name[:1]}••••{at}{domain}"[:80] if at else ""


@transaction.atomic
def acknowledge_request(*, request: DataRequest, by: Actor, now: datetime) -> DataRequest:
    """The requester is told that we have it and by when we answer; a received request is acknowledged."""
    row = lock_open(request=request)
    before = row.state
    if row.clock.filter(kind="acknowledged").exists():
        raise InvalidState("This request was acknowledged before.")
    if row.state == State.RECEIVED:
        move(row=row, to=State.ACKNOWLEDGED, now=now)
    tick(row=row, kind="acknowledged", by=by, now=now)
    write_letter(request=row, kind="received", by=by, now=now)
    return keep(row=row, action="acknowledged", by=by, now=now, before=before)


@transaction.atomic
def assign_request(*, request: DataRequest, to: str, text: str = "", by: Actor, now: datetime) -> DataRequest:
    """The request is in these hands (`staff:usr_...`, or nobody's), with a note for who takes over."""
    row = lock_open(request=request)
    before, row.assignee = row.state, to
    return keep(row=row, action="assigned", by=by, now=now, before=before, text=text, to=to)


@transaction.atomic
def comment_request(*, request: DataRequest, text: str, minutes: int = 0, by: Actor, now: datetime) -> RequestEvent:
    """The comment stands in the history; the minutes count as effort. Also on closed requests."""
    if not text.strip():
        raise InvalidInput("Write something.", code="missing_field", param="text")
    DataRequest.objects.select_for_update().get(pk=request.pk)
    spend(row=request, minutes=minutes)
    return note(row=request, kind="comment", by=by, now=now, text=text.strip(), minutes=minutes)


@transaction.atomic
def set_customer(*, request: DataRequest, reference: str, by: Actor, now: datetime) -> DataRequest:
    """A person has confirmed whose data it is about; work that was planned for somebody else is planned anew."""
    row = lock_open(request=request)
    before, row.customer = row.state, find_customer(reference=reference)
    kept = keep(row=row, action="matched", by=by, now=now, before=before, customer=row.customer.public_id)
    if row.state == State.COLLECTING:
        plan_collection(request=row, by=by, now=now)
    return kept


@transaction.atomic
def recognise_requester(*, request: DataRequest, customer: Customer, by: Actor, now: datetime) -> DataRequest:
    """The request, which named nobody we knew, is about this customer; letters go to her address.

    An open request of hers for the same thing makes it a duplicate. Nothing happens once a person is found.
    """
    row = lock_open(request=request)
    if row.customer is not None:
        return row
    row.customer, address = customer, customer.email or ""
    if address and not row.contact_sealed:
        row.contact_hash, row.contact_hint = contact_hash_of(address), _hint(address)
        row.contact_sealed, row.locale = sealed(address), locale_for(customer.language)
    twins = open_twins(kind=row.kind, contact_hash=row.contact_hash, customer_id=customer.pk, purpose=row.purpose)
    row.duplicate_of = row.duplicate_of or twins.filter(pk__lt=row.pk).first()
    kept = keep(row=row, action="matched", by=by, now=now, before=row.state, customer=customer.public_id)
    if row.state == State.COLLECTING:
        plan_collection(request=row, by=by, now=now)
    return kept


@transaction.atomic
def ask_requester(
    *, request: DataRequest, question: str, text: str = "", must_pause: bool = False, by: Actor, now: datetime
) -> DataRequest:
    """The requester is asked for identity, clarification or fee, by letter, and the request waits for the answer.

    The clock stops only where the law lets it: with `must_pause` the call is refused elsewhere (409
    `clock_cannot_pause`), without it the clock runs on.
    """
    row = lock_open(request=request)
    before, asked = row.state, Question(question)
    law = known_regime(row.regime).law
    pauses = may_pause(law, asked)
    if must_pause and not pauses:
        raise Conflict(
            f"Under the {law.name} an open question does not stop the clock ({law.article}).",
            code="clock_cannot_pause",
        )
    if row.paused_for:
        raise InvalidState(f"The clock stands already, waiting for {row.paused_for}.")
    move(row=row, to=STATE_OF_QUESTION[asked], now=now)
    if pauses:
        row.paused_for = asked
        tick(row=row, kind="paused", question=asked, by=by, now=now, reason=text)
    letter = {Question.IDENTITY: "verify", Question.CLARIFICATION: "clarification", Question.FEE: "fee"}[asked]
    write_letter(request=row, kind=letter, by=by, now=now, reason=text)
    return keep(row=row, action="asked", by=by, now=now, before=before, text=text, question=asked.value, paused=pauses)


@transaction.atomic
def resume_request(*, request: DataRequest, text: str = "", by: Actor, now: datetime) -> DataRequest:
    """The answer is here: a clock that stood runs on, and the work goes on where the request can go on."""
    row = lock_open(request=request)
    before = row.state
    if row.state not in STATE_OF_QUESTION.values():
        raise InvalidState("Nothing was asked of the requester, so nothing resumes.")
    _run_on(row, by, now)
    ready = row.verified_at is not None or not needs_identity(row.kind)
    move(row=row, to=State.COLLECTING if ready else State.VERIFYING, now=now)
    kept = keep(row=row, action="resumed", by=by, now=now, before=before, text=text)
    if row.state == State.COLLECTING:
        plan_collection(request=row, by=by, now=now)
    return kept


@transaction.atomic
def verify_request(*, request: DataRequest, how: str, by: Actor, now: datetime) -> DataRequest:
    """The person is who they say, by this proof; collecting begins. Refused for a request that is verified."""
    row = lock_open(request=request)
    before = row.state
    if row.verified_at is not None:
        raise InvalidState("The identity of this requester was established before.")
    row.verified_at, row.verified_how, row.verified_by = now, how[:40], str(by)
    if row.paused_for == Question.IDENTITY:
        _run_on(row, by, now)
    if not row.paused_for:
        move(row=row, to=State.COLLECTING, now=now)
    kept = keep(row=row, action="verified", by=by, now=now, before=before, how=how)
    if row.state == State.COLLECTING:
        plan_collection(request=row, by=by, now=now)
    return kept


@transaction.atomic
def fail_verification(*, request: DataRequest, text: str, by: Actor, now: datetime) -> DataRequest:
    """One attempt to establish identity has failed; after three there is only the refusal left."""
    row = lock_open(request=request)
    if row.attempts >= MAX_ATTEMPTS:
        raise InvalidState("Three attempts have failed: refuse the request for want of identity.")
    row.attempts += 1
    return keep(row=row, action="not_verified", by=by, now=now, before=row.state, text=text, attempt=row.attempts)


@transaction.atomic
def start_collecting(*, request: DataRequest, by: Actor, now: datetime) -> DataRequest:
    """Collecting begins; refused while the identity is open, where the kind needs it."""
    row = lock_open(request=request)
    before = row.state
    if needs_identity(row.kind) and row.verified_at is None:
        raise InvalidState("Establish the requester's identity first.", code="identity_unverified")
    check_move(row=row, to=State.COLLECTING)
    move(row=row, to=State.COLLECTING, now=now)
    kept = keep(row=row, action="collecting", by=by, now=now, before=before)
    plan_collection(request=row, by=by, now=now)
    return kept


@transaction.atomic
def extend_request(*, request: DataRequest, reason: str, by: Actor, now: datetime) -> DataRequest:
    """The law's extension is used once, and the requester has the letter with reason and new date.

    409 `extension_refused` where the law knows none or the period is over; nothing is then stored.
    """
    row = lock_open(request=request)
    if not reason.strip():
        raise InvalidInput("Say why it takes longer.", code="missing_field", param="reason")
    if row.extended_at is not None:
        raise InvalidState("This request was extended before; the law allows it once.", code="extension_refused")
    before, row.extended_at = row.state, now
    with transaction.atomic():
        tick(row=row, kind="extended", by=by, now=now, reason=reason)
        if row.notice_by is None or local_day(row.regime, now) > row.notice_by:
            law = known_regime(row.regime).law
            raise Conflict(
                f"The period cannot be extended any more, or not under the {law.name}: the date stays.",
                code="extension_refused",
            )
    write_letter(request=row, kind="extension", by=by, now=now, reason=reason)
    return keep(row=row, action="extended", by=by, now=now, before=before, text=reason)


def _run_on(row: DataRequest, by: Actor, now: datetime) -> None:
    if row.paused_for:
        question, row.paused_for = row.paused_for, ""
        tick(row=row, kind="resumed", question=question, by=by, now=now)
    else:
        compute(row=row, now=now)
