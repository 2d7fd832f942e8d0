"""Pages of a long list: by number up to page 50, after that by the last row seen (keyset)."""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Q, QuerySet

from core.console.addresses import seal, unseal

LAST_NUMBERED_PAGE: Final = 50
COUNTED: Final = 10_000

Rows = QuerySet[Any]


def ordering(sort: str) -> list[str]:
    """A total order: the sort field, then the primary key in the same direction."""
    if sort.lstrip("-") in ("pk", "id"):
        return [sort]
    return [sort, "-pk" if sort.startswith("-") else "pk"]


def total_of(rows: Rows) -> str:
    """How many rows there are in words, counted up to 10,000: `4,120` or `10,000+`."""
    found = rows.order_by()[: COUNTED + 1].count()
    return f"{COUNTED:,}+" if found > COUNTED else f"{found:,}"


def mark(row: Model, sort: str) -> str:
    """A sealed word for the place of `row` in the order `sort`; the value it sorts by may be somebody's name."""
    field = sort.lstrip("-")
    value: Any = row
    for step in field.split("__"):
        value = getattr(value, step)
    plain = value.isoformat() if isinstance(value, (date, datetime)) else value
    return seal(json.dumps([sort, plain, row.pk], default=_plain))


def beyond(rows: Rows, sort: str, word: str) -> Rows | None:
    """The rows after a mark in the order `sort`; None when the mark is not ours or belongs to another order.

    PostgreSQL sorts NULL as the greatest value; so does this. The redundant bound on the sort field alone lets an
    index on (field, id) start at the right place instead of filtering from the beginning.
    """
    marked, value, pk = json.loads(unseal(word) or "[null, null, null]")
    pk = tuple(pk) if isinstance(pk, list) else pk
    if marked != sort:
        return None
    field, down = sort.lstrip("-"), sort.startswith("-")
    side = "lt" if down else "gt"
    if field in ("pk", "id"):
        return rows.filter(**{f"pk__{side}": pk})
    same = Q(**{f"{field}__isnull": True} if value is None else {field: value}) & Q(**{f"pk__{side}": pk})
    return rows.filter(_bound(rows, field, value, side, same))


def _bound(rows: Rows, field: str, value: Any, side: str, same: Q) -> Q:
    if value is None:
        return same | Q(**{f"{field}__isnull": False}) if side == "lt" else same
    after = Q(**{f"{field}__{side}e": value}) & (Q(**{f"{field}__{side}": value}) | same)
    return after | Q(**{f"{field}__isnull": True}) if side == "gt" and _nullable(rows, field) else after


def _nullable(rows: Rows, field: str) -> bool:
    try:
        return bool(getattr(rows.model._meta.get_field(field), "null", False))
    except FieldDoesNotExist:
        return True


def _plain(value: Any) -> str:
    if isinstance(value, (Decimal, UUID, datetime)):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be a sort key")
