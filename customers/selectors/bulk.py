"""Which customers something is done to at once: those named, or all that match a filter when it is asked again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import msgspec
from django.utils.datastructures import MultiValueDict

from core.crypto import seal, unseal
from core.errors import InvalidInput
from customers.models import CustomerQuerySet
from customers.selectors.criteria import criteria
from customers.selectors.customers import list_customers, matching_ids
from customers.selectors.filters import CustomerFilter, CustomerQueryFilter

_CONTEXT = "bulk selection"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Customers by public id; or, with `filters`, all who match them and the search text.

    `by_prefix` says whether who chose may search by address and name.
    """

    ids: Sequence[str] = ()
    filters: Mapping[str, Sequence[str]] | None = None
    text: str = ""
    by_prefix: bool = False

    def sealed(self) -> str:
        """Readable by this installation only: filters and search texts may hold an address or a name."""
        return seal(msgspec.json.encode(self).decode(), _CONTEXT)

    @classmethod
    def opened(cls, sealed: str, /) -> Self:
        """What `sealed` closed."""
        return msgspec.json.decode(unseal(sealed, _CONTEXT), type=cls)


def chosen_customers(chosen: Chosen) -> CustomerQuerySet:
    """The customers as they are now; InvalidInput when a filter is not known any more: none would widen the choice."""
    if chosen.filters is None:
        return list_customers().filter(public_id__in=list(chosen.ids))
    known = {*CustomerFilter.base_filters, *(criterion.name for criterion in criteria())}
    if unknown := sorted(chosen.filters.keys() - known):
        raise InvalidInput(f"There is no filter '{unknown[0][:60]}' any more.")
    data: Any = MultiValueDict({name: list(values) for name, values in chosen.filters.items()})
    filters = CustomerQueryFilter(data, queryset=list_customers())
    if not filters.is_valid():
        raise InvalidInput("A filter is not valid any more.")
    rows: CustomerQuerySet = filters.qs
    return rows.filter(pk__in=matching_ids(chosen.text, by_prefix=chosen.by_prefix)) if chosen.text else rows
