"""Traits of an `identify` call as fields of a profile."""

from collections.abc import Collection, Mapping
from typing import Any, Final

_FIELDS: Final = {
    "email": "email",
    "phone": "phone",
    "firstName": "first_name",
    "first_name": "first_name",
    "firstname": "first_name",
    "lastName": "last_name",
    "last_name": "last_name",
    "lastname": "last_name",
    "birthday": "birth_date",
    "birth_date": "birth_date",
    "language": "language",
    "locale": "language",
    "timezone": "time_zone",
    "time_zone": "time_zone",
    "country": "country",
    "region": "region",
}
_NOT_KEPT: Final = frozenset({"id", "userId", "createdAt", "created_at", "address", "name"})
"""Traits that say nothing a profile holds, or are taken apart."""


def profile_of(traits: Mapping[str, Any], *, attributes: Collection[str]) -> tuple[dict[str, Any], list[str]]:
    """(fields of the profile, names of traits that nobody has defined); `attributes` are the custom ones there are.

    Absent and empty traits change nothing: an SDK sends what it happens to know.
    """
    fields: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    unknown = []
    for name, value in traits.items():
        if value is None or value == "":
            continue
        if name in attributes:
            custom[name] = value
        elif name in _FIELDS:
            fields.setdefault(_FIELDS[name], _day(value) if name in ("birthday", "birth_date") else value)
        elif name not in _NOT_KEPT:
            unknown.append(name[:100])
    _split_name(traits.get("name"), fields)
    _from_address(traits.get("address"), fields)
    return fields | ({"attributes": custom} if custom else {}), unknown


def _day(value: Any) -> Any:
    return value[:10] if isinstance(value, str) else value


def _split_name(name: Any, fields: dict[str, Any]) -> None:
    """A whole name stands for the parts that were not sent: the last word is the family name."""
    if isinstance(name, str) and not {"first_name", "last_name"} & fields.keys():
        first, _, last = name.strip().rpartition(" ")
        fields |= {"first_name": first.strip(), "last_name": last} if first else {"first_name": last}


def _from_address(address: Any, fields: dict[str, Any]) -> None:
    country = address.get("country") if isinstance(address, dict) else None
    if isinstance(country, str) and len(country) == len("DE"):
        fields.setdefault("country", country)
