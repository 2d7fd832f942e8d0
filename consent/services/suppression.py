"""Putting identifiers on the suppression list and taking them off."""

from collections.abc import Sequence
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


@transaction.atomic
def suppress(
    *, identifiers: Sequence[Identifier], reason: SuppressionReason, source: str, by: Actor, now: datetime
) -> Suppressed:
    """These identifiers (kind, as typed) are on the list as keyed hashes; nothing may be done with their profiles.

    At most 10,000 a call. Lines that are no identifier are reported, not stored. Tokens of the people are revoked.
    Who was on the list for another reason and is erased now stays on it for good.
    """
    if len(identifiers) > MAX_AT_ONCE:
        raise InvalidInput(f"At most {MAX_AT_ONCE} identifiers at once.", code="batch_too_large")
    good, refused = _normalised(identifiers)
    owners = _owners(good)
    rows = [
        Suppression(
            kind=kind,
            value_hash=suppression_hash(kind, value),
            customer_id=owners.get((kind, value)),
            reason=reason,
            source=source,
            created_by=str(by),
            created_at=now,
        )
        for kind, value in good
    ]
    there = Suppression.objects.filter(value_hash__in=[row.value_hash for row in rows])
    before = there.count()
    if reason == SuppressionReason.ERASURE:
        there.update(reason=reason)
    Suppression.objects.bulk_create(rows, ignore_conflicts=True, batch_size=5_000)
    recompute_masks(customer_ids=list(owners.values()), now=now)
    added = len(rows) - before
    audit.record(by=by, action="suppression.added", target=source, changes={"identifiers": [0, added]}, reason=reason)
    _tell("suppression.added", list(owners.values()))
    return Suppressed(added=added, known=before, refused=tuple(refused))


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
