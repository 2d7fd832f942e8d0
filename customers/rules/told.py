"""What kinds of data a customer answer holds, in the words in which recipients are told to people."""

from collections.abc import Collection
from functools import lru_cache
from typing import Final

_KIND_OF: Final = {
    "external_id": "identifiers",
    "email": "identifiers",
    "phone": "identifiers",
    "first_name": "name",
    "last_name": "name",
    "birth_date": "birth date",
    "country": "place",
    "region": "place",
    "language": "place",
    "time_zone": "place",
    "attributes": "attributes",
    "last_purchase": "orders",
    "orders": "orders",
    "tags": "groups",
    "segments": "groups",
    "consent": "consent",
}
_RECORD: Final = "record"


@lru_cache(maxsize=512)
def kinds_of(fields: Collection[str]) -> tuple[str, ...]:
    """The kinds of data in an answer with these fields and blocks, sorted; `record` alone when none says more."""
    return tuple(sorted({_KIND_OF.get(name, _RECORD) for name in fields}))
