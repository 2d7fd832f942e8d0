"""Customers as API answers: raw rows in, plain values out, without building a model object per row.

A list of 200 costs one statement for the rows, one for their tags and one for each block of an upper floor.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, Final, NamedTuple

import msgspec
from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet
from django.db.models.query import BaseIterable

from core.errors import InvalidInput
from customers.models import Customer, Status
from customers.rules.money import minor_units
from customers.rules.sealed import opened
from customers.selectors import direct
from customers.selectors.attributes import personal_keys
from customers.selectors.expansions import ALWAYS, expand

DIRECT_IDENTIFIERS: Final = ("external_id", "email", "phone", "first_name", "last_name", "birth_date")
"""Fields that name or reach a person, shown only with the right to personal data."""


class Row(NamedTuple):
    """What is read of each customer, in the order of the columns."""

    id: int
    public_id: str
    email: str | None
    first_name: str
    last_name: str
    created_at: Any
    status: str
    last_order_id: str | None
    last_order_amount: Decimal | None
    last_order_currency: str
    last_order_at: Any
    external_id: str | None
    phone: str | None
    country: str
    region: str
    language: str
    time_zone: str
    birth_date: Any
    attributes: str
    orders_count: int
    orders_total: Decimal
    orders_currency: str
    last_seen_at: Any
    updated_at: Any
    is_known: bool
    deleted_at: Any
    delete_reason: str
    merged_into_id: int | None
    xid: int


class _RawRows(BaseIterable):  # type: ignore[type-arg]
    """Rows straight from the driver: no converters, JSON left as text, nothing asked of Django's connection."""

    def __iter__(self) -> Iterator[Row]:
        compiler = self.queryset.query.get_compiler(self.queryset.db)
        try:
            statement, parameters = compiler.as_sql()
        except EmptyResultSet:
            return
        yield from map(Row._make, direct.read(statement=statement, parameters=parameters))


def raw_rows(customers: QuerySet[Any]) -> QuerySet[Any]:
    """The same customers as `Row`s; filter, order and slice it like any queryset."""
    rows: QuerySet[Any] = customers.values_list(*Row._fields)
    rows._iterable_class = _RawRows
    return rows


def _last_purchase(row: Row) -> dict[str, Any] | None:
    if row.last_order_id is None or row.last_order_amount is None:
        return None
    return {
        "order_id": row.last_order_id,
        "amount": row.last_order_amount,
        "amount_minor": minor_units(row.last_order_amount, row.last_order_currency),
        "currency": row.last_order_currency,
        "date": row.last_order_at,
    }


def _orders(row: Row) -> dict[str, Any]:
    return {
        "count": row.orders_count,
        "total": row.orders_total,
        "total_minor": minor_units(row.orders_total, row.orders_currency),
        "currency": row.orders_currency or None,
    }


def _attributes(stored: str) -> Any:
    """The text as it is, unless something in it is sealed: a quotation mark inside a value is escaped."""
    if '"sealed": "' in stored:
        return opened(msgspec.json.decode(stored))
    return msgspec.Raw(stored.encode())


def _text_or_none(name: str) -> Callable[[Row], Any]:
    read = attrgetter(name)
    return lambda row: read(row) or None


_BUILT: Final[dict[str, Callable[[Row], Any]]] = {
    "id": attrgetter("public_id"),
    "email": attrgetter("email"),
    "first_name": attrgetter("first_name"),
    "last_name": attrgetter("last_name"),
    "created_at": attrgetter("created_at"),
    "status": attrgetter("status"),
    "last_purchase": _last_purchase,
    "segments": lambda row: [],
    "external_id": attrgetter("external_id"),
    "phone": attrgetter("phone"),
    "country": _text_or_none("country"),
    "region": _text_or_none("region"),
    "language": _text_or_none("language"),
    "time_zone": _text_or_none("time_zone"),
    "birth_date": attrgetter("birth_date"),
    "attributes": lambda row: _attributes(row.attributes),
    "tags": lambda row: [],
    "orders": _orders,
    "last_seen_at": attrgetter("last_seen_at"),
    "updated_at": attrgetter("updated_at"),
}
FIELDS: Final = tuple(_BUILT)
"""Fields of an answer, in their order."""


def parse_fields(raw: str | None) -> tuple[str, ...]:
    """The fields asked for, in the order of an answer, `id` always; InvalidInput for an unknown one."""
    if raw is None:
        return FIELDS
    wanted = {name.strip() for name in raw.split(",") if name.strip()}
    if not wanted or not wanted <= set(FIELDS):
        raise InvalidInput(f"Invalid 'fields': choose from {', '.join(FIELDS)}", param="fields")
    return tuple(name for name in FIELDS if name in wanted or name == "id")


class Shape(NamedTuple):
    """What an answer holds: fields, extra blocks, and what this caller may not see of them."""

    fields: tuple[str, ...]
    blocks: tuple[str, ...]
    redacted: tuple[str, ...]
    hidden_attributes: tuple[str, ...]


def shape_for(*, fields: Sequence[str], blocks: Collection[str], sees_pii: bool) -> Shape:
    """The shape for a caller; without the right to personal data some fields are left out and named instead."""
    blocks = tuple(sorted({*blocks, *(name for name in ALWAYS if name in fields)}))
    if sees_pii:
        return Shape(tuple(fields), blocks, (), ())
    hidden = tuple(personal_keys()) if "attributes" in fields else ()
    redacted = tuple(name for name in fields if name in DIRECT_IDENTIFIERS)
    shown = tuple(name for name in fields if name not in DIRECT_IDENTIFIERS)
    return Shape(shown, blocks, redacted + tuple(f"attributes.{key}" for key in hidden), hidden)


def answers(rows: Sequence[Row], shape: Shape) -> list[dict[str, Any]]:
    """One answer a row, ready to be encoded by `encode`; deleted and absorbed ones are tombstones."""
    ids = [row.id for row in rows]
    blocks: dict[str, Mapping[int, Any]] = {name: expand(name=name, customer_ids=ids) for name in shape.blocks}
    if "tags" in shape.fields:
        blocks["tags"] = _tags(ids)
    plan = _plan(shape.fields)
    into = _public_ids(rows)
    return [
        tombstone(row, into) if _is_gone(row) else _answer(row, plan, blocks, shape.hidden_attributes) for row in rows
    ]


def _is_gone(row: Row) -> bool:
    return row.merged_into_id is not None or row.status == Status.DELETED


def _public_ids(rows: Sequence[Row]) -> dict[int, str]:
    """Public ids of those who absorbed some of the rows; no query when none was absorbed."""
    ids = {row.merged_into_id for row in rows if row.merged_into_id}
    return dict(Customer.objects.filter(pk__in=ids).values_list("pk", "public_id")) if ids else {}


@cache
def _plan(fields: tuple[str, ...]) -> tuple[tuple[str, Callable[[Row], Any]], ...]:
    return tuple((name, _BUILT[name]) for name in fields)


def _answer(
    row: Row,
    plan: tuple[tuple[str, Callable[[Row], Any]], ...],
    blocks: dict[str, Mapping[int, Any]],
    hidden_attributes: tuple[str, ...],
) -> dict[str, Any]:
    hides = bool(hidden_attributes)
    answer = {name: build(row) for name, build in plan if not (hides and name == "attributes")}
    for name, block in blocks.items():
        if row.id in block:
            answer[name] = block[row.id]
        elif name not in answer:
            answer[name] = None
    if hides:
        kept = msgspec.json.decode(row.attributes)
        answer["attributes"] = opened({key: value for key, value in kept.items() if key not in hidden_attributes})
    return answer


def tombstone(row: Row, into: Mapping[int, str]) -> dict[str, Any]:
    """What is left of a deleted customer or an absorbed visitor: no personal data."""
    return {
        "id": row.public_id,
        "object": "customer",
        "deleted": True,
        "deleted_at": row.deleted_at or row.updated_at,
        "reason": row.delete_reason if row.deleted_at else "merged",
        "merged_into": into.get(row.merged_into_id) if row.merged_into_id else None,
    }


_TAGS: Final = """
SELECT put.customer_id, tag.name FROM customers_customertag AS put JOIN customers_tag AS tag ON tag.id = put.tag_id
WHERE put.customer_id = ANY(%s) ORDER BY tag.name
"""


def _tags(ids: Sequence[int]) -> dict[int, list[str]]:
    tags: dict[int, list[str]] = defaultdict(list)
    for pk, name in direct.run(statement=_TAGS, parameters=[list(ids)]):
        tags[pk].append(name)
    return tags


_encoder = msgspec.json.Encoder(decimal_format="number")


def encode(value: Any) -> bytes:
    """JSON: instants in UTC with Z, amounts as numbers."""
    return _encoder.encode(value)
