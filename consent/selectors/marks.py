"""Where customers stand on each way of marketing to them, for many at once."""

from collections.abc import Collection, Sequence

from consent.models import ConsentState, Suppression, SuppressionReason
from consent.rules.vocabulary import Purpose
from consent.selectors.catalogue import SERVICE_BIT, Use, catalogue
from consent.selectors.restrictions import restricted_among
from customers.models import Customer


def marketing_uses() -> list[Use]:
    """The purposes that market by a channel, in the order of their bits."""
    return [use for use in catalogue().uses.values() if use.kind is Purpose.MARKETING]


def standings_of(customers: Sequence[Customer]) -> dict[int, dict[str, str]]:
    """By customer id and purpose key the state on record; on all of them, for people left alone, which way they are:
    `suppressed`, or `restricted` (GDPR Art. 18).

    One query, two more when somebody is left alone. Whoever was never asked is missing.
    """
    uses = {use.id: use.key for use in marketing_uses()}
    found: dict[int, dict[str, str]] = {}
    rows = ConsentState.objects.filter(customer__in=[c.pk for c in customers], purpose__in=uses).order_by("pk")
    for customer_id, purpose_id, state in rows.values_list("customer_id", "purpose_id", "state"):
        found.setdefault(customer_id, {})[uses[purpose_id]] = state
    left_alone = {customer.pk for customer in customers if not customer.consent_mask & (1 << SERVICE_BIT)}
    for pk, why in why_left_alone(left_alone).items():
        found[pk] = dict.fromkeys(uses.values(), why)
    return found


def why_left_alone(customer_ids: Collection[int], /) -> dict[int, str]:
    """For each of these people, to whom nothing may be done, `restricted` or `suppressed`; the list goes first."""
    if not customer_ids:
        return {}
    restricted = restricted_among(customer_ids)
    listed = Suppression.objects.filter(customer__in=restricted).exclude(reason=SuppressionReason.BOUNCE)
    restricted -= frozenset(listed.values_list("customer_id", flat=True)) if restricted else frozenset()
    return {pk: "restricted" if pk in restricted else "suppressed" for pk in customer_ids}
