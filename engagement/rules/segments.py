"""What segment rules may ask about events: sums in a window, the first and the last, one after another."""

from collections.abc import Mapping
from typing import Any, Final

from customers.rules.segments import mentions
from customers.rules.segments.forms import Choice, Form, Name, Where, Window
from customers.rules.segments.mentions import Clock, Mention
from customers.rules.segments.operands import Subject
from customers.rules.segments.operators import Type
from customers.rules.segments.tree import Condition
from customers.rules.segments.windows import length
from engagement.rules.catalogue import Kind
from engagement.rules.members import Device

MEASURE_WORDS: Final = {
    "count": "count",
    "sum": "sum",
    "average": "average",
    "smallest": "smallest value",
    "largest": "largest value",
    "distinct": "number of different values",
    "first": "first time",
    "last": "last time",
}
OF_PROPERTY: Final = frozenset({"sum", "average", "smallest", "largest", "distinct"})
OF_TIME: Final = frozenset({"first", "last"})
SOURCE: Final = "events"


def topic_of(kind: str) -> str:
    """The topic under which customers with new events of this type are touched."""
    return f"event:{kind}"


def _of_events(condition: Condition) -> Mention:
    kind = condition.members.get("type")
    topics, kinds = ({topic_of(kind)}, (kind,)) if kind else ({"event"}, ())
    return mentions.facts(topics=topics, source=SOURCE, condition=condition, kinds=kinds)


def _of_sequence(condition: Condition) -> Mention:
    """A first event counts from the start, and as one that nothing followed once the time for that is over."""
    first, second = condition.members["type"], condition.value["type"]
    found = mentions.facts(
        topics={topic_of(first), topic_of(second)}, source=SOURCE, condition=condition, kinds=(first, second)
    )
    over = Clock(SOURCE, length(condition.value["within"]), (first,))
    return found | Mention(clocks=frozenset({over}))


EVENTS: Final = Form(
    on="events",
    meaning="Events of one type (of any, without `type`) in a window: how many, what a property adds up to, when.",
    types=(Type.NUMBER, Type.DATETIME),
    members=(
        Name("type", required=False),
        Choice("field", MEASURE_WORDS),
        Name("property", lead="of", required=False),
        Where(),
        Window(),
    ),
    head="event",
    counts=True,
    example={
        "on": "events",
        "type": "view",
        "field": "count",
        "window": {"last": {"days": 30}},
        "op": "at_least",
        "value": 5,
    },
    mentions=_of_events,
)
SEQUENCE: Final = Form(
    on="sequence",
    meaning="One event after which another came, or did not come, within a time.",
    types=(Type.SEQUENCE,),
    members=(Name("type"), Where(), Window()),
    head="sequence from",
    mentions=_of_sequence,
)
_JSON_TYPES: Final = {"string": Type.TEXT, "number": Type.NUMBER, "integer": Type.NUMBER, "boolean": Type.BOOLEAN}
TEXT_MEMBERS: Final = ("elementId", "sessionId", "variant", "exposureId", "anonymousId", "currency")


def property_subject(name: str, kind: Kind | None) -> Subject | None:
    """A property of events of this kind (None: of any) as conditions see it; None when no such event can have it.

    Members of every event go by their API names; all else is looked for in `properties`.
    """
    if name == "value":
        return Subject(Type.NUMBER, name)
    if name in TEXT_MEMBERS:
        return Subject(Type.TEXT, name)
    if name == "deviceType":
        return Subject(Type.ENUM, name, options=tuple(device.value for device in Device))
    if name == "campaignId":
        return Subject(Type.ENUM, name)
    return _described(name, kind.properties if kind else None)


def _described(name: str, schema: Mapping[str, Any] | None) -> Subject | None:
    known: Mapping[str, Any] = (schema or {}).get("properties") or {}
    if not known:
        return Subject(Type.ANY, name)
    if name not in known:
        return None
    member = known[name] if isinstance(known[name], Mapping) else {}
    options = tuple(option for option in member.get("enum", ()) if isinstance(option, str))
    value_type = _JSON_TYPES.get(str(member.get("type")), Type.ANY)
    return Subject(Type.ENUM if options and value_type is Type.TEXT else value_type, name, options=options)


def offered_properties(kind: Kind | None) -> list[tuple[str, Subject]]:
    """What conditions on events of this kind (None: of any) may look at, by name: members of every event, then those
    of its schema."""
    described: Mapping[str, Any] = (kind.properties if kind else None) or {}
    names = ["value", "deviceType", "campaignId", *TEXT_MEMBERS, *(described.get("properties") or {})]
    found = ((name, property_subject(name, kind)) for name in dict.fromkeys(names))
    return [(name, subject) for name, subject in found if subject is not None]
