"""Who said no to profiling and automated decisions (GDPR Art. 21(1), 22(1)): no prediction is used about them."""

from collections.abc import Collection
from typing import Final

from consent.models import ConsentState
from consent.rules.vocabulary import REFUSALS, Purpose
from consent.selectors.catalogue import catalogue

PROFILING: Final = frozenset({Purpose.AUTOMATED_DECISION, Purpose.PERSONALISATION})
"""What a request about automated decisions stops; see `consent.services.request_effects`."""
NO: Final = tuple(sorted(state.value for state in REFUSALS))


def profiling_purposes() -> list[int]:
    """Ids of the purposes that stand for profiling and automated decisions."""
    return [use.id for use in catalogue().uses.values() if use.kind in PROFILING]


def said_no_to_profiling(customer_ids: Collection[int], /) -> frozenset[int]:
    """Those of these customers who objected, opted out, refused or took a yes back, for any of them; one query."""
    if not customer_ids:
        return frozenset()
    rows = ConsentState.objects.filter(customer__in=customer_ids, purpose__in=profiling_purposes(), state__in=NO)
    return frozenset(rows.values_list("customer_id", flat=True))
