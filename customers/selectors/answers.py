"""Customers as API answers: raw rows in, plain values out, without building a model object per row.

A list of 200 costs one statement for the rows, one for their tags and one for each block of an upper floor.
"""

from collections import defaultdict, namedtuple
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Final, NamedTuple

import msgspec
from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet
from django.db.models.query import BaseIterable

from core.errors import InvalidInput
from customers.models import Customer, Status
from customers.rules.money import minor_units
from customers.rules.sealed import opened, withheld
from customers.selectors import direct
from customers.selectors.attributes import confidential_keys, personal_keys, sensitive_keys
from customers.selectors.expansions import ALWAYS, expand
from customers.selectors.recipients import is_outside

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
    sensitive_limited: bool
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


@lru_cache(maxsize=256)
def row_of(columns: tuple[str, ...]) -> Any:
    """The kind of row that holds these columns of a customer."""
    return Row if columns == Row._fields else namedtuple("Row", columns)


def _last_purchase(order_id: str | None, amount: Decimal | None, currency: str, at: Any) -> dict[str, Any] | None:
    if order_id is None or amount is None:
        return None
    minor = minor_units(amount, currency)
    return {"order_id": order_id, "amount": amount, "amount_minor": minor, "currency": currency, "date": at}


def _orders(count: int, total: Decimal, currency: str) -> dict[str, Any]:
    minor = minor_units(total, currency) if total else 0
    return {"count": count, "total": total, "total_minor": minor, "currency": currency or None}


def _attributes(stored: str) -> Any:
    """The text as it is, unless something in it is sealed: a quotation mark inside a value is escaped."""
    if '"sealed": "' in stored:
        return opened(msgspec.json.decode(stored))
    return msgspec.Raw(stored.encode())


def _shown_attributes(hidden: tuple[str, ...], stored: str) -> Any:
    return opened({key: value for key, value in msgspec.json.decode(stored).items() if key not in hidden})


def _attributes_of(stored: Sequence[str], limited: Sequence[bool], hidden: tuple[str, ...]) -> list[Any]:
    """One value a row; of people who limit the use of sensitive data without it, which costs one query if any do."""
    build = partial(_shown_attributes, hidden) if hidden else _attributes
    if True not in limited:
        return list(map(build, stored))
    sensitive = (*sensitive_keys(), *hidden)
    return [
        withheld(msgspec.json.decode(text), sensitive) if limits else build(text)
        for text, limits in zip(stored, limited, strict=True)
    ]


def _or_none(text: str) -> str | None:
    return text or None


class _Made(NamedTuple):
    """How a field comes about: from which columns, and by what; one column without a builder stands as it is."""

    columns: tuple[str, ...]
    build: Callable[..., Any] | None = None


_MADE: Final[dict[str, _Made]] = {
    "id": _Made(("public_id",)),
    "email": _Made(("email",)),
    "first_name": _Made(("first_name",)),
    "last_name": _Made(("last_name",)),
    "created_at": _Made(("created_at",)),
    "status": _Made(("status",)),
    "last_purchase": _Made(
        ("last_order_id", "last_order_amount", "last_order_currency", "last_order_at"), _last_purchase
    ),
    "segments": _Made(()),
    "external_id": _Made(("external_id",)),
    "phone": _Made(("phone",)),
    "country": _Made(("country",), _or_none),
    "region": _Made(("region",), _or_none),
    "language": _Made(("language",), _or_none),
    "time_zone": _Made(("time_zone",), _or_none),
    "birth_date": _Made(("birth_date",)),
    "attributes": _Made(("attributes", "sensitive_limited"), _attributes),
    "tags": _Made(()),
    "orders": _Made(("orders_count", "orders_total", "orders_currency"), _orders),
    "last_seen_at": _Made(("last_seen_at",)),
    "updated_at": _Made(("updated_at",)),
}
FIELDS: Final = tuple(_MADE)
"""Fields of an answer, in their order."""
_LISTS: Final = ("segments", "tags")
_FOR_LISTS: Final = ("id", "created_at", "updated_at", "country", "region")


@lru_cache(maxsize=256)
def columns_for(fields: tuple[str, ...]) -> tuple[str, ...]:
    """What has to be read of customers who are there, to answer these fields, to know the place in a list, and to
    decide by where they live who may be told.
    """
    return tuple(dict.fromkeys([*_FOR_LISTS, *(column for name in fields for column in _MADE[name].columns)]))


def parse_fields(raw: str | None) -> tuple[str, ...]:
    """The fields asked for, in the order of an answer, `id` always; InvalidInput for an unknown one."""
    if raw is None:
        return FIELDS
    wanted = {name.strip() for name in raw.split(",") if name.strip()}
    if not wanted or not wanted <= set(FIELDS):
        raise InvalidInput(f"Invalid 'fields': choose from {', '.join(FIELDS)}", param="fields")
    return tuple(name for name in FIELDS if name in wanted or name == "id")


class Shape(NamedTuple):
    """What an answer holds: fields, extra blocks, and what this caller may not see of them.

    `reader` is the API client that is answered; behind one of a company outside confidential attributes are left out.
    """

    fields: tuple[str, ...]
    blocks: tuple[str, ...]
    redacted: tuple[str, ...]
    hidden_attributes: tuple[str, ...]
    reader: str = ""


def shape_for(*, fields: Sequence[str], blocks: Collection[str], sees_pii: bool, reader: str = "") -> Shape:
    """The shape for a caller; without the right to personal data some fields are left out and named instead."""
    blocks = tuple(sorted({*blocks, *(name for name in ALWAYS if name in fields)}))
    if sees_pii:
        return Shape(tuple(fields), blocks, (), (), reader)
    hidden = tuple(personal_keys()) if "attributes" in fields else ()
    redacted = tuple(name for name in fields if name in DIRECT_IDENTIFIERS)
    shown = tuple(name for name in fields if name not in DIRECT_IDENTIFIERS)
    return Shape(shown, blocks, redacted + tuple(f"attributes.{key}" for key in hidden), hidden)


def outward(shape: Shape) -> Shape:
    """The same shape for somebody outside: confidential attributes are left out and named in `redacted`."""
    if "attributes" not in shape.fields:
        return shape
    more = [key for key in confidential_keys() if key not in shape.hidden_attributes]
    return shape._replace(
        redacted=(*shape.redacted, *(f"attributes.{key}" for key in more)),
        hidden_attributes=(*shape.hidden_attributes, *more),
    )


def _hidden_from(shape: Shape, stored: Sequence[str]) -> tuple[str, ...]:
    """Attributes not shown; who reads is asked only when something sealed was read, as confidential values are."""
    if not shape.reader or not any('"sealed": "' in text for text in stored) or not is_outside(shape.reader):
        return shape.hidden_attributes
    return (*shape.hidden_attributes, *confidential_keys())


def answers(rows: Sequence[Any], shape: Shape) -> list[dict[str, Any]]:
    """One answer a row, ready to be encoded by `encode`; deleted and absorbed ones are tombstones."""
    names, values = _columns(rows, shape)
    made = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
    if not rows or "merged_into_id" not in rows[0]._fields or not any(map(_is_gone, rows)):
        return made
    into = _public_ids(rows)
    return [tombstone(row, into) if _is_gone(row) else answer for row, answer in zip(rows, made, strict=True)]


def records(rows: Sequence[Any], shape: Shape) -> list[Any]:
    """The same answers for rows without tombstones, in a form that costs a third to make and to encode."""
    names, values = _columns(rows, shape)
    return list(map(_record_of(names), *values))


@lru_cache(maxsize=256)
def _record_of(names: tuple[str, ...]) -> Any:
    return msgspec.defstruct("Customer", names, gc=False)


def _columns(rows: Sequence[Any], shape: Shape) -> tuple[tuple[str, ...], list[Sequence[Any]]]:
    """The names of an answer and the values of each, column by column: most columns stay as they were read."""
    read = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True)) if rows else {}
    ids: Sequence[int] = read.get("id", ())
    blocks: dict[str, Mapping[int, Any]] = {name: expand(name=name, customer_ids=ids) for name in shape.blocks}
    if "tags" in shape.fields:
        blocks["tags"] = _tags(ids)
    names = tuple(dict.fromkeys((*shape.fields, *blocks)))
    if not rows:
        return names, [() for _ in names]
    return names, [
        [blocks[name].get(pk, [] if name in _LISTS else None) for pk in ids]
        if name in blocks
        else _column(_MADE[name], read, shape)
        for name in names
    ]


def _column(made: _Made, read: Mapping[str, Sequence[Any]], shape: Shape) -> Sequence[Any]:
    if made.build is None:
        return read[made.columns[0]]
    if made.build is _attributes:
        hidden = _hidden_from(shape, read["attributes"])
        return _attributes_of(read["attributes"], read["sensitive_limited"], hidden)
    return list(map(made.build, *(read[column] for column in made.columns)))


def _is_gone(row: Row) -> bool:
    return row.merged_into_id is not None or row.status == Status.DELETED


def _public_ids(rows: Sequence[Row]) -> dict[int, str]:
    """Public ids of those who absorbed some of the rows; no query when none was absorbed."""
    ids = {row.merged_into_id for row in rows if row.merged_into_id}
    return dict(Customer.objects.filter(pk__in=ids).values_list("pk", "public_id")) if ids else {}


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
