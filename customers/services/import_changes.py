"""Remembering what an import does to each customer, in the transaction in which it does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from django.db import connection

from customers.models import Customer
from customers.services.drafts import BLANK

_REMEMBER: Final = """
INSERT INTO customers_importchange AS c (file_id, customer_id, created, before, after, tags, kept)
SELECT f.id, r.customer_id, r.created, r.before, r.after, r.tags, ''
FROM customers_importfile AS f, jsonb_to_recordset(%s::jsonb)
    AS r(customer_id bigint, created boolean, before jsonb, after jsonb, tags jsonb)
WHERE f.public_id = %s ORDER BY r.customer_id
ON CONFLICT (file_id, customer_id) DO UPDATE SET before = excluded.before || c.before,
    after = c.after || excluded.after, tags = c.tags || excluded.tags, xid = (pg_current_xact_id()::text)::bigint
"""


@dataclass(slots=True)
class Change:
    """What one chunk of a file did to one customer."""

    customer_id: int
    created: bool = False
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)


def profile_of(*, row: Customer) -> dict[str, Any]:
    """Every field that a file can change, attributes one by one."""
    values = {name: getattr(row, name) for name in BLANK if name != "attributes"}
    return values | {f"attributes.{key}": value for key, value in row.attributes.items()}


def change_of(*, row: Customer, before: Mapping[str, Any]) -> Change:
    """How the row differs from what it was."""
    after = profile_of(row=row)
    names = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    return Change(
        row.pk, before={name: before.get(name) for name in names}, after={name: after.get(name) for name in names}
    )


def remember_changes(*, imported: str, changes: Sequence[Change]) -> None:
    """The changes stand beside those that the file made earlier; of several of one field the first `before` stays."""
    if changes:
        with connection.cursor() as cursor:
            cursor.execute(_REMEMBER, [msgspec.json.encode(changes).decode(), imported])
