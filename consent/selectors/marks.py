"""Where customers stand on each way of marketing to them, for many at once."""

from collections.abc import Sequence

from consent.models import ConsentState
from consent.rules.vocabulary import Purpose
from consent.selectors.catalogue import SERVICE_BIT, Use, catalogue
from customers.models import Customer


def marketing_uses() -> list[Use]:
    """The purposes that market by a channel, in the order of their bits."""
    return [use for use in catalogue().uses.values() if use.kind is Purpose.MARKETING]


def standings_of(customers: Sequence[Customer]) -> dict[int, dict[str, str]]:
    """By customer id and purpose key the state on record, `suppressed` on all of them for people left alone.

    One query. Whoever was never asked is missing.
    """
    uses = {use.id: use.key for use in marketing_uses()}
    found: dict[int, dict[str, str]] = {}
    rows = ConsentState.objects.filter(customer__in=[c.pk for c in customers], purpose__in=uses).order_by("pk")
    for customer_id, purpose_id, state in rows.values_list("customer_id", "purpose_id", "state"):
        found.setdefault(customer_id, {})[uses[purpose_id]] = state
    for customer in customers:
        if not customer.consent_mask & (1 << SERVICE_BIT):
            found[customer.pk] = dict.fromkeys(uses.values(), "suppressed")
    return found
