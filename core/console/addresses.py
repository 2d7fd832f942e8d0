"""What a list's address asks for, and the addresses of its neighbours.

The typed search text may be a name or an e-mail address, so it never stands readable in an address: it is sealed
with a key of our own, and such an address still works as a bookmark.
"""

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from cryptography.fernet import Fernet, InvalidToken
from django.http import QueryDict

from core.crypto import derived_key

RESERVED: Final = ("q", "sort", "page", "after", "columns", "view")
PASSING: Final = ("q", "page", "after", "view")


def seal(text: str) -> str:
    """`text` readable by this installation only."""
    return _box().encrypt(text.encode()).decode() if text else ""


def unseal(token: str) -> str | None:
    """The text inside; None when the token is not ours."""
    try:
        return _box().decrypt(token.encode()).decode() if token else ""
    except InvalidToken:
        return None


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derived_key("console.search")))


@dataclass(frozen=True, slots=True)
class Address:
    """The query part of a list's address."""

    query: QueryDict

    def get(self, name: str) -> str:
        """The value of `name`, or nothing."""
        return self.query.get(name, "")

    @property
    def text(self) -> str | None:
        """The search text; None when it was altered."""
        return unseal(self.get("q"))

    @property
    def columns(self) -> list[str]:
        """The columns chosen, in no order."""
        return self.query.getlist("columns")

    def filters(self) -> dict[str, list[str]]:
        """Everything that narrows the list, apart from the search text."""
        return {name: values for name, values in self.query.lists() if name not in RESERVED and any(values)}

    def unknown(self, names: Collection[str]) -> list[str]:
        """Parameters that are neither reserved nor among `names`: ignoring one would widen the list."""
        return [name for name in self.filters() if name not in names]

    def with_(self, **changes: str | None) -> str:
        """This address on its first page with some parameters replaced; None removes one."""
        query = self.query.copy()
        for name in ("page", "after"):
            query.pop(name, None)
        for name, value in changes.items():
            query.pop(name, None)
            if value:
                query[name] = value
        return "?" + query.urlencode()

    def only(self, filters: Mapping[str, str]) -> str:
        """The address of a ready-made view: these filters, no search, the same columns and order."""
        query = QueryDict(mutable=True)
        for name in ("sort", "columns"):
            if name in self.query:
                query.setlist(name, self.query.getlist(name))
        query.update(filters)
        return "?" + query.urlencode()


def lasting(query: QueryDict) -> str:
    """What of an address may be kept as a view: filters, order and columns, in a fixed order."""
    return urlencode([(n, v) for n, values in sorted(query.lists()) if n not in PASSING for v in sorted(values) if v])


def posted(data: QueryDict, usual: Collection[str]) -> QueryDict:
    """The query part for a submitted filter form: blanks and the `usual` columns left out, the search text sealed."""
    query = QueryDict(mutable=True)
    for name, values in data.lists():
        kept = [value for value in values if value.strip()]
        if kept and name != "csrfmiddlewaretoken":
            query.setlist(name, [seal(kept[0].replace("\x00", "").strip())] if name == "q" else kept)
    if set(query.getlist("columns")) == set(usual):
        query.pop("columns", None)
    return query
