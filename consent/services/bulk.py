"""Suppressing many customers at once: a step of the job that works through a choice of customers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from consent.models import SuppressionReason
from consent.services.suppression import suppress
from core.actors import Actor
from core.errors import InvalidInput
from customers.models import Identity
from customers.rules.identity import STRONG_KINDS
from customers.services.bulk import BulkOffer, BulkStep, Options

REASONS: Final = tuple(
    (one.value, str(one.label))
    for one in (
        SuppressionReason.OBJECTION,
        SuppressionReason.COMPLAINT,
        SuppressionReason.BOUNCE,
        SuppressionReason.STAFF,
    )
)
SOURCE: Final = "customers list"


def suppress_many(customer_ids: Sequence[int], options: Options, by: Actor, now: datetime, /) -> Mapping[str, int]:
    """Every identifier of these customers is on the suppression list; who has none is counted, and stays as she is."""
    if options.get("reason") not in dict(REASONS):
        raise InvalidInput("Say why these customers are suppressed.", param="reason")
    held = Identity.objects.filter(customer_id__in=customer_ids, kind__in=STRONG_KINDS).order_by("kind", "value")
    rows = list(held.values_list("kind", "value", "customer_id"))
    people = {pk for *_, pk in rows}
    counts = {"suppressed": len(people), "without_identifier": len(customer_ids) - len(people)}
    if not rows:
        return counts
    identifiers = [(kind, value) for kind, value, _ in rows]
    reason = SuppressionReason(options["reason"])
    done = suppress(identifiers=identifiers, reason=reason, source=SOURCE, by=by, now=now)
    return counts | {"identifiers_added": done.added}


SUPPRESS: Final = BulkStep(
    name="suppress",
    title="Suppress customers",
    apply=suppress_many,
    offer=BulkOffer(
        label="Suppress",
        permission="consent.add_suppression",
        icon="ban",
        reasons=lambda: REASONS,
        affirm="Nothing may be done with these customers any more, until a compliance officer takes each of them off "
        "the suppression list again",
    ),
)
