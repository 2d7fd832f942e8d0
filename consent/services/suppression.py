"""Putting identifiers on the suppression list and taking them off."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from consent.models import Suppression, SuppressionReason
from consent.selectors.suppression import Identifier, suppression_hash
from consent.services.masks import recompute_masks
from core import audit, outbox
from core.actors import Actor
from core.errors import InvalidInput, InvalidState, NotFound, Problem
from customers.models import Customer, Identity
from customers.rules.identity import STRONG_KINDS, BadIdentity, normalise

MAX_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Suppressed:
    """How many identifiers are new on the list, how many were there already, which lines could not be read."""

    added: int
    known: int
    refused: tuple[Problem, ...]


def suppress(
    *, identifiers: Sequence[Identifier], reason: SuppressionReason, source: str, by: Actor, now: datetime
) -> Suppressed:
    """These identifiers (kind, as typed) are on the list as keyed hashes; nothing may be done with their profiles.

    At most 10,000 a call. Lines that are no identifier are reported, not stored. Tokens of the people are revoked.
    Who was on the list for another reason and is erased now stays on it for good.
    """
    if len(identifiers) > MAX_AT_ONCE:
        raise InvalidInput(f"At most {MAX_AT_ONCE} identifiers at once.", code="batch_too_large")
    return suppress_lists(lists={source: identifiers}, reason=reason, by=by, now=now)[source]


@transaction.atomic
def suppress_lists(
    *, lists: Mapping[str, Sequence[Identifier]], reason: SuppressionReason, by: Actor, now: datetime
) -> dict[str, Suppressed]:
    """As `suppress`, of several lists by their source at once; each has its own count and audit entry."""
    read = {source: _normalised(identifiers) for source, identifiers in lists.items()}
    owners = _owners([pair for good, _ in read.values() for pair in good])
    rows = {
        row.value_hash: row
        for source, (good, _) in reversed(read.items())
        for row in _entries(good, owners, Suppression(reason=reason, source=source, created_by=str(by), created_at=now))
    }
    there = Suppression.objects.filter(value_hash__in=list(rows))
    known = set(there.values_list("value_hash", flat=True))
    if reason == SuppressionReason.ERASURE:
        there.update(reason=reason)
    Suppression.objects.bulk_create(rows.values(), ignore_conflicts=True, batch_size=5_000)
    recompute_masks(customer_ids=list(owners.values()), now=now)
    told, fresh = dict[str, Suppressed](), Counter(row.source for key, row in rows.items() if key not in known)
    for source, (good, refused) in read.items():
        told[source] = Suppressed(fresh[source], len(good) - fresh[source], tuple(refused))
    deeds = [
        audit.Deed("suppression.added", source, {"identifiers": [0, done.added]}, reason)
        for source, done in told.items()
    ]
    audit.record_many(by=by, deeds=deeds)
    _tell("suppression.added", list(owners.values()))
    return told


def _entries(good: Sequence[Identifier], owners: Mapping[Identifier, int], like: Suppression) -> Iterator[Suppression]:
    for kind, value in good:
        yield Suppression(
            kind=kind,
            value_hash=suppression_hash(kind, value),
            customer_id=owners.get((kind, value)),
            reason=like.reason,
            source=like.source,
            created_by=like.created_by,
            created_at=like.created_at,
        )


@transaction.atomic
def suppress_customer(*, customer: Customer, reason: SuppressionReason, by: Actor, now: datetime) -> Suppressed:
    """Every identifier of this customer is on the list; InvalidState when there is none to put there."""
    identities = Identity.objects.filter(customer=customer).filter(kind__in=STRONG_KINDS)
    pairs = list(identities.values_list("kind", "value"))
    if not pairs:
        raise InvalidState("This customer has no e-mail address, phone number or external id to suppress.")
    return suppress(identifiers=pairs, reason=reason, source=customer.public_id, by=by, now=now)


@transaction.atomic
def unsuppress(*, suppression_id: int, why: str, by: Actor, now: datetime) -> None:
    """The identifier is off the list, with the reason in the audit trail.

    Refused without a reason, and for people who were erased at their request: they stay away (GDPR Art. 17).
    """
    row = Suppression.objects.select_for_update().filter(pk=suppression_id).first()
    if row is None:
        raise NotFound("This entry is not on the suppression list.")
    if row.reason == SuppressionReason.ERASURE:
        raise InvalidState("Whoever was erased at their own request stays on the list.")
    if not why.strip():
        raise InvalidInput("Say why this identifier comes off the list.", code="missing_field", param="why")
    row.delete()
    affected = [row.customer_id] if row.customer_id else []
    recompute_masks(customer_ids=affected, now=now)
    audit.record(by=by, action="suppression.removed", target=f"suppression:{suppression_id}", reason=why.strip()[:300])
    _tell("suppression.removed", affected)


def _normalised(identifiers: Sequence[Identifier]) -> tuple[list[Identifier], list[Problem]]:
    good: dict[Identifier, None] = {}
    refused = []
    for line, (kind, raw) in enumerate(identifiers, start=1):
        try:
            good[kind, normalise(kind, raw)] = None
        except BadIdentity as error:
            refused.append(Problem(f"line {line}", error.code, error.message))
    return list(good), refused


def _owners(identifiers: Sequence[Identifier]) -> dict[Identifier, int]:
    """The living profile behind each identifier that has one; one query."""
    by_kind: dict[str, list[str]] = {}
    for kind, value in identifiers:
        by_kind.setdefault(kind, []).append(value)
    wanted = Q(pk__in=[])
    for kind, values in by_kind.items():
        wanted |= Q(kind=kind, value__in=values)
    rows = Identity.objects.filter(wanted).values_list("kind", "value", "customer_id")
    return {(kind, value): customer_id for kind, value, customer_id in rows}


def _tell(topic: str, customer_ids: Sequence[int]) -> None:
    names = Customer.objects.filter(pk__in=customer_ids).order_by("pk").values_list("public_id", flat=True)
    facts = [outbox.Fact(topic, name, {"customer": name}) for name in names]
    if facts:
        outbox.publish_many(facts)
