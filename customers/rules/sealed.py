"""Sensitive attribute values as they lie in the database: sealed, with a keyed hash to find equal ones.

A sealed value is `{"sealed": "key id:box", "hash": "..."}`; no attribute type has values of that shape. The box opens
under the key of its id and for its attribute only. Equal values of an attribute have equal hashes under HUB_MASTER_KEY.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from django.conf import settings

from core.crypto import keyed_hash, seal, unseal
from core.errors import Unavailable
from customers.rules.attributes import AttributeRule

SEALED_CLASSES: Final = frozenset({"sensitive", "confidential"})
"""Values of attributes of these classes are stored sealed."""
_CELLS: Final = "refused row"


def must_be_sealed(rules: Iterable[AttributeRule]) -> frozenset[str]:
    """The keys of attributes whose values are stored sealed."""
    return frozenset(rule.key for rule in rules if rule.pii_class in SEALED_CLASSES)


def seal_sensitive(values: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    """The same values, those of `keys` sealed; None, which removes a value, stays."""
    return {
        key: sealed(key, value) if key in keys and value is not None and not is_sealed(value) else value
        for key, value in values.items()
    }


def sealed(key: str, value: Any) -> dict[str, str]:
    """One value under the first key of FIELD_KEYS."""
    return {"sealed": seal(_text(value), f"attribute:{key}"), "hash": lookup_hash(key, value)}


def lookup_hash(key: str, value: Any) -> str:
    """What a stored value must have in `hash` to equal `value`."""
    return keyed_hash(f"attribute:{key}", _text(value))[:32]


def is_sealed(value: Any) -> bool:
    """Whether a stored value is sealed."""
    return isinstance(value, dict) and "sealed" in value


def is_same(left: Any, right: Any) -> bool:
    """Whether two stored values mean the same, however often they were sealed."""
    return left["hash"] == right["hash"] if is_sealed(left) and is_sealed(right) else bool(left == right)


def withheld(values: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """The values that may be used of somebody who limits the use of sensitive data; `keys` are the sensitive ones.

    A sealed value is left out whatever its definition says now: it was given as sensitive.
    """
    return {key: value for key, value in values.items() if key not in keys and not is_sealed(value)}


def opened(values: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values as they were given; Unavailable when a key of FIELD_KEYS is missing."""
    return {key: _opened(key, value) if is_sealed(value) else value for key, value in values.items()}


def _opened(key: str, value: Mapping[str, str]) -> Any:
    return _opened_under(f"attribute:{key}", value)


def _opened_under(context: str, value: Mapping[str, str]) -> Any:
    try:
        return json.loads(unseal(value["sealed"], context))
    except (KeyError, InvalidTag):
        key_id = value["sealed"].partition(":")[0]
        raise Unavailable(f"A stored value cannot be opened: FIELD_KEYS lacks the right key '{key_id}'.") from None


def resealed(values: Mapping[str, Any], keys: frozenset[str]) -> dict[str, Any]:
    """Stored values brought up to date: those of `keys` sealed under the first key, all others in the clear."""
    first = next(iter(settings.FIELD_KEYS))
    fresh = {key: value for key, value in values.items() if is_sealed(value) and _is_under(value, first)}
    kept = {key: value for key, value in fresh.items() if key in keys}
    return seal_sensitive(opened({key: value for key, value in values.items() if key not in kept}), keys) | kept


def sealed_cells(cells: Sequence[str]) -> dict[str, str]:
    """The cells of a refused row of a file, which may hold anything, as they lie in the database."""
    return {"sealed": seal(_text(list(cells)), _CELLS)}


def opened_cells(stored: Any) -> list[str]:
    """The cells of `sealed_cells`; those of a row that was refused before cells were sealed as they are."""
    return list(_opened_under(_CELLS, stored)) if is_sealed(stored) else stored


def _is_under(value: Mapping[str, str], key_id: str) -> bool:
    return value["sealed"].startswith(f"{key_id}:")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
