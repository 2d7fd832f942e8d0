"""Events as criteria of segment rules: aggregated in one pass, or one after another."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from core.errors import NotFound
from customers.rules.segments.operands import Subject
from customers.rules.segments.operators import Type
from customers.rules.segments.tree import Condition, RuleError
from customers.rules.segments.where import PropertySubject, check_step, check_where
from customers.rules.segments.windows import Bounds, bounds, length, refuse
from customers.selectors.segments.builder import Among, Builder, Filter, Source, Test, Weight, facts
from customers.selectors.segments.comparing import OPPOSITES, Value, compare, expression
from customers.selectors.segments.registry import Offer, SegmentCriterion
from engagement.rules import segments as rules
from engagement.rules.catalogue import Kind
from engagement.rules.members import DEVICE_NAMES
from engagement.selectors.catalogue import find_type, list_types

SOURCE: Final = Source(
    "events", "engagement_event", at="occurred_at", kind="type_id", absorbs=True, covered=("occurred_at", "type_id")
)
_NOTHING_IS_ZERO: Final = frozenset({"count", "sum", "distinct"})
_DEVICES: Final = [DEVICE_NAMES[code] for code in sorted(DEVICE_NAMES)]
_CAMPAIGN: Final = "f.campaign_id = ANY(ARRAY(SELECT l.id FROM engagement_label l WHERE l.kind = 'campaign' AND {}))"


def _kind(name: str | None, pointer: str) -> Kind | None:
    if name is None:
        return None
    try:
        return find_type(name=name).kind
    except NotFound as unknown:
        raise refuse(pointer, unknown.message, "unknown_event_type") from unknown


def _properties(kind: Kind | None) -> PropertySubject:
    def subject_of(name: str, pointer: str) -> Subject:
        found = rules.property_subject(name, kind)
        if found is None:
            message = f"Events of type '{kind.name if kind else ''}' have no property '{name[:60]}'."
            raise refuse(pointer, message, "unknown_property")
        return found

    return subject_of


def _steps(name: str, pointer: str) -> PropertySubject:
    return _properties(_kind(name, pointer))


def _subject(members: Mapping[str, Any], pointer: str) -> Subject:
    kind = _kind(members.get("type"), f"{pointer}/type")
    name, measure = members.get("property"), members["field"]
    if (measure in rules.OF_PROPERTY) != (name is not None):
        says = "Name the property to look at." if name is None else f"'{measure}' looks at no property."
        raise refuse(f"{pointer}/property", says, "missing_member" if name is None else "unknown_member")
    known = _properties(kind)
    if (
        name is not None
        and measure != "distinct"
        and known(name, f"{pointer}/property").type not in (Type.NUMBER, Type.ANY)
    ):
        raise refuse(f"{pointer}/property", f"'{name[:60]}' is no number.", "wrong_type")
    if "where" in members:
        check_where(members["where"], f"{pointer}/where", known)
    value_type = Type.DATETIME if measure in rules.OF_TIME else Type.NUMBER
    return Subject(value_type, rules.EVENTS.words(members), personal=True, ranked=False)


def _test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    members, measure = condition.members, condition.members["field"]
    chosen = _filter(members, builder, bounds(members.get("window"), builder.now, builder.zone))
    if measure in rules.OF_PROPERTY:
        chosen = replace(chosen, covered=False)
    column = builder.measure(SOURCE, _aggregate(members, builder), chosen)
    value = Value(column, subject.type, zero=measure in _NOTHING_IS_ZERO)
    return compare(condition, value, builder)


def _weigh(condition: Condition, builder: Builder, weight: Weight) -> str:
    chosen = _filter(condition.members, builder, bounds(condition.members.get("window"), builder.now, builder.zone))
    return builder.measure(SOURCE, weight.over("f.occurred_at", builder), chosen)


def _aggregate(members: Mapping[str, Any], builder: Builder) -> str:
    measure = members["field"]
    if measure == "count":
        return "count(*)"
    if measure in rules.OF_TIME:
        return f"{'min' if measure == 'first' else 'max'}(f.occurred_at)"
    if measure == "distinct":
        return f"count(DISTINCT {_text(members['property'], builder)})"
    function = {"sum": "sum", "average": "avg", "smallest": "min", "largest": "max"}[measure]
    return f"{function}({_number(members['property'], builder)})"


def _filter(members: Mapping[str, Any], builder: Builder, window: Bounds) -> Filter:
    """The events of a type in a window whose properties fit."""
    kind = _kind(members.get("type"), "")
    parts = builder.within("f.occurred_at", window)
    if kind:
        parts.append(f"f.type_id = {builder.bind(kind.id, 'smallint')}")
    parts += [_property_test(item, kind, builder) for item in members.get("where", ())]
    return Filter(" AND ".join(parts), window, (kind.id,) if kind else (), covered="where" not in members)


def _property_test(item: Mapping[str, Any], kind: Kind | None, builder: Builder) -> str:
    op, name, operand = item["op"], item["property"], item.get("value")
    positive = OPPOSITES.get(op, op)
    if name == "campaignId":
        fits = _campaign_test(positive, operand, builder)
    else:
        subject = _properties(kind)(name, "")
        fits = expression(positive, operand, Value(_typed(name, subject, positive, builder), subject.type), builder)
    return f"({fits}) IS NOT TRUE" if op in OPPOSITES else f"({fits})"


def _campaign_test(op: str, operand: Any, builder: Builder) -> str:
    if op == "is_set":
        return "f.campaign_id IS NOT NULL"
    keys = builder.bind(operand if isinstance(operand, list) else [operand], "text[]")
    return _CAMPAIGN.format(f"l.value = ANY({keys})")


_OF_NUMBERS: Final = frozenset({"equals", "more_than", "at_least", "less_than", "at_most", "between"})


def _typed(name: str, subject: Subject, op: str, builder: Builder) -> str:
    """The property as the operator compares it; another JSON type than that counts as no value."""
    if subject.type is Type.NUMBER or op in _OF_NUMBERS:
        return _number(name, builder)
    if subject.type is Type.BOOLEAN or op in ("is_true", "is_false"):
        raw = _raw(name, builder)
        return f"(CASE jsonb_typeof({raw}) WHEN 'boolean' THEN ({raw})::boolean END)"
    return _text(name, builder)


def _raw(name: str, builder: Builder) -> str:
    key = builder.bind(name, "text")
    own = name == "value" or name in rules.TEXT_MEMBERS
    return f"(f.properties -> {key})" if own else f"(f.properties -> 'properties' -> {key})"


def _text(name: str, builder: Builder) -> str:
    if name == "deviceType":
        return f"({builder.bind(_DEVICES, 'text[]')})[f.device]"
    if name == "campaignId":
        return "f.campaign_id::text"
    return f"({_raw(name, builder)} #>> '{{}}')"


def _number(name: str, builder: Builder) -> str:
    raw = _raw(name, builder)
    return f"(CASE jsonb_typeof({raw}) WHEN 'number' THEN ({raw})::numeric END)"


def _event_offers() -> Sequence[Offer]:
    measures = [("count", "how often"), ("last", "last time"), ("first", "first time")]
    kinds = list_types()
    return [
        Offer(f"{kind.title}: {words}", "Events", {"type": kind.name, "field": measure})
        for kind in kinds
        for measure, words in measures
    ]


def _offered_properties(members: Mapping[str, Any]) -> Sequence[tuple[str, Subject]]:
    """The properties that events of the type have by their schema; none for a type that is not there any more."""
    try:
        kind = _kind(members.get("type"), "")
    except RuleError:
        return []
    return rules.offered_properties(kind)


def _further_offers(members: Mapping[str, Any]) -> Sequence[Offer]:
    """Questions about the properties of events of this type: numbers are added up, all values are told apart."""
    try:
        kind = _kind(members.get("type"), "")
    except RuleError:
        return []
    group = f"{kind.title}, by property" if kind else "Any event, by property"
    same = {name: members[name] for name in ("type",) if name in members}
    return [
        Offer(f"{rules.MEASURE_WORDS[measure]} of {name}", group, {**same, "field": measure, "property": name})
        for name, subject in rules.offered_properties(kind)
        for measure in rules.MEASURE_WORDS
        if measure == "distinct" or (measure in rules.OF_PROPERTY and subject.type is Type.NUMBER)
    ]


def _sequence_subject(members: Mapping[str, Any], pointer: str) -> Subject:
    known = _steps(members["type"], f"{pointer}/type")
    if "where" in members:
        check_where(members["where"], f"{pointer}/where", known)
    return Subject(
        Type.SEQUENCE,
        rules.SEQUENCE.words(members),
        personal=True,
        step=lambda raw, at: check_step(raw, at, _steps),
    )


def _sequence_test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    """`not_followed_by` counts a first event only once the time for the second has run out."""
    step, now = condition.value, builder.now
    within = length(step["within"])
    window = bounds(condition.members.get("window"), now, builder.zone)
    if condition.op == "not_followed_by":
        over = now - within + timedelta(microseconds=1)
        window = Bounds(window.since, min(window.until, over) if window.until else over)
    first = _filter(condition.members, builder, window)
    second = _filter(step, builder, Bounds(window.since, bounds(None, now).until))
    gap = builder.bind(within, "interval")
    exists = "EXISTS" if condition.op == "followed_by" else "NOT EXISTS"

    def render(among: Among) -> str:
        who, table = facts(SOURCE, among)
        selected = f"SELECT {who} AS who, f.occurred_at AS at FROM {table} WHERE"  # noqa: S608
        return (
            f"SELECT DISTINCT x.who FROM ({selected} {first.sql}) x WHERE {exists} ("  # noqa: S608
            f"SELECT FROM ({selected} {second.sql}) y WHERE y.who = x.who AND y.at > x.at AND y.at <= x.at + {gap})"
        )

    people = builder.people(render, covered=first.covered and second.covered)
    return Test(f"{people}.who IS NOT NULL", certain=True)


def _sequence_offers() -> Sequence[Offer]:
    return [Offer(f"{kind.title}, then ...", "Events", {"type": kind.name}) for kind in list_types()]


CRITERIA: Final = (
    SegmentCriterion(
        rules.EVENTS, lambda: _subject, _test, _event_offers, _weigh, _offered_properties, _further_offers
    ),
    SegmentCriterion(
        rules.SEQUENCE,
        lambda: _sequence_subject,
        _sequence_test,
        _sequence_offers,
        properties=_offered_properties,
    ),
)
