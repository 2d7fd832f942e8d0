"""Orders and refunds as a criterion of segment rules."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from customers.rules.segments import own
from customers.rules.segments.operands import Subject
from customers.rules.segments.operators import Type
from customers.rules.segments.tree import Condition
from customers.rules.segments.windows import bounds, refuse
from customers.selectors.segments.builder import Builder, Filter, Source, Test, Weight
from customers.selectors.segments.comparing import Value, compare
from customers.selectors.segments.registry import Offer, SegmentCriterion

SOURCE: Final = Source("orders", "customers_purchase", at="purchased_at")
_ORDERS, _REFUNDS = "f.amount >= 0", "f.amount < 0"
_MEASURES: Final[dict[str, tuple[str, str]]] = {
    "count": ("count(*)", _ORDERS),
    "sum": ("sum(f.amount)", ""),
    "average": ("avg(f.amount)", _ORDERS),
    "largest": ("max(f.amount)", _ORDERS),
    "smallest": ("min(f.amount)", _ORDERS),
    "refunds": ("count(*)", _REFUNDS),
    "first": ("min(f.purchased_at)", _ORDERS),
    "last": ("max(f.purchased_at)", _ORDERS),
}
_OF_AMOUNTS: Final = frozenset({"sum", "average", "largest", "smallest"})
_OF_TIME: Final = frozenset({"first", "last"})
_NOTHING_IS_ZERO: Final = frozenset({"count", "sum", "refunds"})


def _subject(members: Mapping[str, Any], pointer: str) -> Subject:
    name, currency = members["field"], members.get("currency")
    if name in _OF_AMOUNTS and currency is None:
        message = "Give the currency: amounts in different currencies do not add up."
        raise refuse(f"{pointer}/currency", message, "missing_member")
    if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise refuse(f"{pointer}/currency", "Give a currency code of ISO 4217, such as EUR.")
    kind = Type.DATETIME if name in _OF_TIME else Type.NUMBER
    return Subject(kind, own.PURCHASE_WORDS[name], personal=True, ranked=False)


def _test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    aggregate, _ = _MEASURES[condition.members["field"]]
    column = builder.measure(SOURCE, aggregate, _filter(condition, builder))
    zero = condition.members["field"] in _NOTHING_IS_ZERO
    return compare(condition, Value(column, subject.type, zero=zero), builder)


def _weigh(condition: Condition, builder: Builder, weight: Weight) -> str:
    return builder.measure(SOURCE, weight.over("f.purchased_at", builder), _filter(condition, builder))


def _filter(condition: Condition, builder: Builder) -> Filter:
    _, which = _MEASURES[condition.members["field"]]
    window = bounds(condition.members.get("window"), builder.now, builder.zone)
    parts = builder.within("f.purchased_at", window) + ([which] if which else [])
    if "currency" in condition.members:
        parts.append(f"f.currency = {builder.bind(condition.members['currency'], 'text')}")
    return Filter(" AND ".join(parts), window)


def _offers() -> Sequence[Offer]:
    return [Offer(words.capitalize(), "Orders", {"field": name}) for name, words in own.PURCHASE_WORDS.items()]


ORDERS: Final = SegmentCriterion(own.PURCHASES, lambda: _subject, _test, _offers, _weigh)
