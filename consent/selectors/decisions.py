"""May we? For one person now, for one person at any moment of the past, for a whole list of people."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import F, Q

from consent.models import ConsentEvent
from consent.rules.decisions import Decision
from consent.rules.standing import Entry, Person, Standing, decide, replay
from consent.selectors.catalogue import Use, catalogue
from consent.selectors.restrictions import held_back
from consent.selectors.standings import ENTRY_COLUMNS, entry_of, person_of
from core.errors import InvalidInput
from customers.models import Customer, CustomerQuerySet


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision about one use at `at`, by what was known at `known_at`, with what proves it.

    `event_id` is the database id of the ledger entry behind the standing; None when there is no record.
    """

    use: Use
    at: datetime
    known_at: datetime
    decision: Decision
    standing: Standing | None
    event_id: int | None


def use_of(purpose: str) -> Use:
    """The purpose with this key; InvalidInput for an unknown one."""
    known = catalogue().uses
    if purpose not in known:
        raise InvalidInput(f"Unknown purpose '{purpose}'; choose from {', '.join(known)}.", param="purpose")
    return known[purpose]


def may_process_customer(
    *, customer: Customer, purpose: str, at: datetime, known_at: datetime, place: str | None = None
) -> Answer:
    """Whether this customer's data may be used for a purpose at `at`, by what was known at `known_at`.

    Entries count that happened by `at` and were on record by `known_at`. Two questions, because both are asked: with
    `known_at` equal to `at`, what could we have known when we acted; with now, how it was, including what came in
    later. The rule is today's rule of the customer's place, or of `place` ("what if she moved to California?").
    """
    return _answers(customer, [use_of(purpose)], at, known_at, place)[0]


def explain(*, customer: Customer, at: datetime, known_at: datetime, place: str | None = None) -> list[Answer]:
    """As `may_process_customer`, for every purpose in the order of their bits; the same two queries for all."""
    return _answers(customer, list(catalogue().uses.values()), at, known_at, place)


def may_process_queryset(*, purpose: str, now: datetime) -> CustomerQuerySet:
    """The living customers for whom this purpose is allowed now, by the bit in `consent_mask`."""
    return narrow_to_allowed(Customer.objects.alive(), purpose=purpose, now=now)


def narrow_to_allowed(customers: CustomerQuerySet, *, purpose: str, now: datetime) -> CustomerQuerySet:
    """Those of `customers` for whom this purpose is allowed now; nobody whose consents ran out since the last sweep."""
    with_bit = customers.alias(allowed_bit=F("consent_mask").bitand(use_of(purpose).mask)).filter(allowed_bit__gt=0)
    return with_bit.filter(Q(consent_until=None) | Q(consent_until__gt=now))


def narrow_to_denied(customers: CustomerQuerySet, *, purpose: str) -> CustomerQuerySet:
    """Those of `customers` for whom this purpose is not allowed."""
    return customers.alias(allowed_bit=F("consent_mask").bitand(use_of(purpose).mask)).filter(allowed_bit=0)


def _answers(
    customer: Customer, uses: Sequence[Use], at: datetime, known_at: datetime, place: str | None
) -> list[Answer]:
    person = _person(customer, at, known_at, place)
    rule = catalogue().rule_of(person.place)
    entries = _entries(customer.pk, at, known_at)
    answers = []
    for use in uses:
        standing = replay(entry for entry, _ in entries[use.id])
        ids = {entry.seq: event_id for entry, event_id in entries[use.id]}
        decision = decide(use, person, standing, rule, at)
        answers.append(Answer(use, at, known_at, decision, standing, ids[standing.entry.seq] if standing else None))
    return answers


def _person(customer: Customer, at: datetime, known_at: datetime, place: str | None) -> Person:
    by_then = min(at, known_at)
    suppressed, restricted = held_back(customer, at=by_then)
    person = person_of(customer, suppressed=suppressed, restricted=restricted)
    seen = person.gpc_first_seen_at
    return replace(
        person,
        place=person.place if place is None else place,
        gpc_first_seen_at=seen if seen and seen <= by_then else None,
    )


def _entries(customer_id: int, at: datetime, known_at: datetime) -> dict[int, list[tuple[Entry, int]]]:
    """By purpose id the entries that had happened at `at` and were known at `known_at`, with their ids, in order."""
    rows = ConsentEvent.objects.filter(
        customer_id=customer_id, occurred_at__lte=at, recorded_at__lte=known_at
    ).order_by("seq")
    found: dict[int, list[tuple[Entry, int]]] = defaultdict(list)
    for purpose_id, event_id, *columns in rows.values_list("purpose_id", "id", *ENTRY_COLUMNS):
        found[purpose_id].append((entry_of(*columns), event_id))
    return found
