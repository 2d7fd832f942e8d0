"""Deciding about a field: who owns it, which systems fill it, which values are right, and whose value stands."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from core import audit
from core.actors import Actor
from core.errors import InvalidInput
from customers.models import AttributeDefinition, ConflictRule, FieldPolicy, Format
from customers.rules.governance import ATTRIBUTE, SOURCES, is_source
from customers.selectors.governance import Entry, find_field

MAX_SOURCES: Final = 20
MAX_ALLOWED: Final = 500
BATCH: Final = 10_000
_FORGET: Final = """
DELETE FROM customers_fieldorigin WHERE ctid = ANY(ARRAY(
    SELECT o.ctid FROM customers_fieldorigin AS o LEFT JOIN customers_fieldpolicy AS p ON p.field = o.field
    WHERE p.ranked_since IS NULL OR o.at < p.ranked_since LIMIT %s
))
"""


@transaction.atomic
def change_field(*, name: str, values: Mapping[str, Any], by: Actor, now: datetime) -> Entry:
    """The decision about a field, with the given parts of it changed: owner, sources, conflict, required, format,
    allowed; it holds from the next write on, and from the next audit of data quality on.

    Refuses: an unknown part or value (400), an order of sources that is missing where it decides (400), and anything
    but an owner for a field that the system fills itself (400). 404 for an unknown field.
    """
    FieldPolicy.objects.select_for_update().filter(field=name).first()
    entry = find_field(name)
    clean = {part: _checked(part, value) for part, value in values.items()}
    if not entry.governed and clean.keys() - {"owner"}:
        raise InvalidInput("The system fills this field itself: only its owner can be changed.", param=name)
    before = _parts(entry)
    after = before | clean
    if after["conflict"] == ConflictRule.SOURCE and not after["sources"]:
        raise InvalidInput("Name the systems in their order, the first one first.", param="sources")
    changes = {part: [before[part], after[part]] for part in after if before[part] != after[part]}
    if changes:
        _store(name, before, after, now)
        audit.record(by=by, action="field.changed", target=name, changes=changes)
    return find_field(name)


def forget_origins() -> int:
    """Nothing is kept about where the values of fields come from whose rule does not rank systems; how many went."""
    gone = 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_FORGET, [BATCH])
            gone += int(cursor.rowcount)
            if cursor.rowcount < BATCH:
                return gone


def _store(name: str, before: Mapping[str, Any], after: Mapping[str, Any], now: datetime) -> None:
    """The owner of an attribute goes to its definition; ranking begins anew when the rule turns to it."""
    row = {part: value for part, value in after.items() if part != "owner"} | {"updated_at": now}
    if name.startswith(ATTRIBUTE):
        key = name.removeprefix(ATTRIBUTE)
        if before["owner"] != after["owner"]:
            AttributeDefinition.objects.filter(key=key).update(owner=after["owner"], updated_at=now)
    else:
        row["owner"] = after["owner"]
    if after["conflict"] != ConflictRule.SOURCE:
        row["ranked_since"] = None
    elif before["conflict"] != ConflictRule.SOURCE:
        row["ranked_since"] = now
    FieldPolicy.objects.update_or_create(field=name, defaults=row, create_defaults=row | {"created_at": now})


def _parts(entry: Entry) -> dict[str, Any]:
    policy = entry.policy
    return {
        "owner": entry.owner,
        "sources": list(policy.sources),
        "conflict": str(policy.conflict),
        "required": policy.required,
        "format": str(policy.format),
        "allowed": list(policy.allowed),
    }


def _checked(part: str, value: Any) -> Any:
    if part not in _PARTS:
        raise InvalidInput(f"Unknown parameter '{part}'", code="unknown_parameter", param=part)
    return _PARTS[part](value)


def _owner(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else None
    if text is None or len(text) > 120 or not text.isprintable():
        raise InvalidInput("Invalid 'owner': send a text of at most 120 characters.", param="owner")
    return text


def _sources(value: Any) -> list[str]:
    words = _distinct(value, "sources", MAX_SOURCES, 60)
    if wrong := [word for word in words if not is_source(word)]:
        message = f"Unknown source '{wrong[0]}': choose from {', '.join(SOURCES)}, or client:cli_... for one client."
        raise InvalidInput(message, param="sources")
    return words


def _allowed(value: Any) -> list[str]:
    return _distinct(value, "allowed", MAX_ALLOWED, 200)


def _distinct(value: Any, part: str, most: int, longest: int) -> list[str]:
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else [None]
    texts = [item.strip() for item in items if isinstance(item, str) and item.isprintable()]
    if len(texts) != len(items) or len(texts) > most or not all(0 < len(text) <= longest for text in texts):
        raise InvalidInput(f"Invalid '{part}': send up to {most} texts of 1 to {longest} characters.", param=part)
    if len(set(texts)) != len(texts):
        raise InvalidInput(f"Invalid '{part}': name each one once.", param=part)
    return texts


def _required(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput("Invalid 'required': send true or false.", param="required")
    return value


def _choice(part: str, choices: Sequence[str]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if value not in choices:
            known = ", ".join(repr(str(choice)) for choice in choices)
            raise InvalidInput(f"Invalid '{part}': choose from {known}.", param=part)
        return str(value)

    return check


_PARTS: Final[dict[str, Callable[[Any], Any]]] = {
    "owner": _owner,
    "sources": _sources,
    "conflict": _choice("conflict", ConflictRule.values),
    "required": _required,
    "format": _choice("format", ["", *Format.values]),
    "allowed": _allowed,
}
