"""What a rule means, said a second time in the plainest Python: each person looked at by herself, no SQL."""

import hashlib
import math
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.support.segment_world import NOW, Fact, Somebody

UNITS = {"hours": timedelta(hours=1), "days": timedelta(days=1), "weeks": timedelta(weeks=1)}
FIELDS = {"lifetime_orders": "orders_count", "lifetime_value": "orders_total"}
BITS = {"marketing_email": 3, "marketing_sms": 4}


def matching(rule: dict[str, Any], world: list[Somebody]) -> set[int]:
    """Ids of those whom the rule matches."""
    known = [somebody for somebody in world if somebody.known]
    return {somebody.pk for somebody in known if holds(rule["rule"], somebody, known)}


def holds(node: dict[str, Any], who: Somebody, known: list[Somebody]) -> bool:
    """Whether a node of a rule is true for somebody."""
    if "all" in node:
        return all(holds(inner, who, known) for inner in node["all"])
    if "any" in node:
        return any(holds(inner, who, known) for inner in node["any"])
    if "not" in node:
        return not holds(node["not"], who, known)
    return _ASK[node["on"]](node, who, known)


def span(raw: dict[str, int]) -> timedelta:
    """A length of time."""
    unit, count = next(iter(raw.items()))
    return UNITS[unit] * count


def compare(op: str, value: Any, operand: Any) -> bool:
    """A present value against an operand; negations are turned round before."""
    if isinstance(value, bool):
        return {"is_true": value, "is_false": not value, "is_set": True}[op]
    if op == "is_set":
        return True
    if op in ("before", "after", "on", "between_dates", "within_last", "longer_ago_than", "within_next"):
        return _in_time(op, value, operand)
    if op == "anniversary_within":
        return _comes_round(value, operand["days"])
    if isinstance(value, str):
        return _text(op, value, operand)
    tests = {
        "equals": lambda: value == operand,
        "more_than": lambda: value > operand,
        "at_least": lambda: value >= operand,
        "less_than": lambda: value < operand,
        "at_most": lambda: value <= operand,
        "between": lambda: operand[0] <= value <= operand[1],
    }
    return tests[op]()


NEGATIONS = {
    "is_not": "is",
    "is_none_of": "is_one_of",
    "does_not_contain": "contains",
    "is_not_set": "is_set",
    "does_not_equal": "equals",
}


def ask(node: dict[str, Any], value: Any) -> bool:
    """A condition on a value that may be missing (None)."""
    op = node["op"]
    if op in NEGATIONS:
        return not ask(node | {"op": NEGATIONS[op]}, value)
    return value is not None and compare(op, value, node.get("value"))


def _text(op: str, value: str, operand: Any) -> bool:
    if op == "is":
        return value == operand
    if op == "is_one_of":
        return value in operand
    low, part = value.lower(), operand.lower()
    return {"contains": part in low, "starts_with": low.startswith(part), "ends_with": low.endswith(part)}[op]


def _in_time(op: str, value: Any, operand: Any) -> bool:
    if not isinstance(value, datetime):
        today, day = NOW.date(), value
        if op == "within_last":
            return today - span(operand) <= day <= today
        if op == "longer_ago_than":
            return day < today - span(operand)
        if op == "within_next":
            return today <= day <= today + span(operand)
        if op == "between_dates":
            return date.fromisoformat(operand[0]) <= day <= date.fromisoformat(operand[1])
        asked = date.fromisoformat(operand)
        return {"before": day < asked, "after": day > asked, "on": day == asked}[op]
    if op == "within_last":
        return NOW - span(operand) <= value <= NOW
    if op == "longer_ago_than":
        return value < NOW - span(operand)
    if op == "within_next":
        return NOW <= value <= NOW + span(operand)
    day = value.astimezone(UTC).date()
    if op == "between_dates":
        return date.fromisoformat(operand[0]) <= day <= date.fromisoformat(operand[1])
    asked = date.fromisoformat(operand)
    return {"before": day < asked, "after": day > asked, "on": day == asked}[op]


def _comes_round(value: Any, days: int) -> bool:
    born = value.astimezone(UTC).date() if isinstance(value, datetime) else value
    for ahead in range(days + 1):
        day = NOW.date() + timedelta(days=ahead)
        leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
        kept = (2, 28) if (born.month, born.day) == (2, 29) and not leap else (born.month, born.day)
        if kept == (day.month, day.day) and day.year > born.year:
            return True
    return False


def _profile(node: dict[str, Any], who: Somebody, known: list[Somebody]) -> bool:
    name = FIELDS.get(node["field"], node["field"])
    if node["op"].startswith("changed"):
        return _changed(node, who)
    if node["op"].endswith("_percent"):
        ranked = sorted(other.profile[name] for other in known if other.profile["orders_count"] > 0)
        return who.profile["orders_count"] > 0 and _ranks(node, who.profile[name], ranked)
    value = who.profile[name]
    if name in ("orders_count", "orders_total") and node["op"] in ("is_set", "is_not_set"):
        value = value if who.profile["orders_count"] else None
    return ask(node, None if value == "" else value)


def _ranks(node: dict[str, Any], value: Any, ranked: list[Any]) -> bool:
    ranked = sorted(ranked, reverse=node["op"] == "top_percent")
    limit = ranked[max(math.ceil(node["value"] / 100 * len(ranked)), 1) - 1]
    return value >= limit if node["op"] == "top_percent" else value <= limit


def _changed(node: dict[str, Any], who: Somebody) -> bool:
    asked = node["value"]
    for name, before, after, at in who.changes:
        recent = name == node["field"] and NOW - span(asked["within"]) <= at <= NOW
        if recent and asked.get("from", before) == before and asked.get("to", after) == after:
            return True
    return False


def _attribute(node: dict[str, Any], who: Somebody, known: list[Somebody]) -> bool:
    value = who.attributes.get(node["field"])
    if isinstance(value, list):
        return _listed(node, set(value))
    if value is None and node["field"] == "interests":
        return _listed(node, set())
    if node["op"].endswith("_percent"):
        ranked = sorted(other.attributes[node["field"]] for other in known if node["field"] in other.attributes)
        return value is not None and _ranks(node, value, ranked)
    if isinstance(value, str) and node["field"] == "renews_on":
        value = date.fromisoformat(value)
    elif isinstance(value, str) and node["field"] == "trial_ends":
        value = datetime.fromisoformat(value)
    return ask(node, value)


def _listed(node: dict[str, Any], mine: set[str]) -> bool:
    asked = set(node.get("value") or ())
    return {
        "is_set": bool(mine),
        "is_not_set": not mine,
        "has_any": bool(mine & asked),
        "has_all": asked <= mine,
        "has_none": not mine & asked,
    }[node["op"]]


def _identity(node: dict[str, Any], who: Somebody, known: list[Somebody]) -> bool:
    values = who.identities.get(node["field"], [])
    if node["op"] in NEGATIONS:
        return not any(ask(node | {"op": NEGATIONS[node["op"]]}, value) for value in values)
    return any(ask(node, value) for value in values)


def _tags(node: dict[str, Any], who: Somebody, known: list[Somebody]) -> bool:
    return _listed(node, who.tags)


def window(raw: dict[str, Any] | None, at: datetime) -> bool:
    """Whether an instant lies in a window."""
    if at > NOW:
        return False
    if raw is None:
        return True
    if "last" in raw:
        return at >= NOW - span(raw["last"])
    if "this" in raw:
        return _period(raw["this"], at) == _period(raw["this"], NOW)
    if "previous" in raw:
        wanted = _period(raw["previous"], NOW)
        day = NOW
        while _period(raw["previous"], day) == wanted:
            day -= timedelta(hours=1)
        return _period(raw["previous"], at) == _period(raw["previous"], day)
    day = at.astimezone(UTC).date().isoformat()
    return raw.get("from", "") <= day and ("until" not in raw or day < raw["until"])


def _period(name: str, at: datetime) -> Any:
    day = at.astimezone(UTC).date()
    return {
        "day": day,
        "week": day.isocalendar()[:2],
        "month": (day.year, day.month),
        "quarter": (day.year, (day.month - 1) // 3),
        "year": day.year,
    }[name]


def _purchases(node: dict[str, Any], who: Somebody, known: list[Somebody]) -> bool:
    rows = [
        (at, amount)
        for at, amount, currency in who.orders
        if window(node.get("window"), at) and node.get("currency", currency) == currency
    ]
    orders = [(at, amount) for at, amount in rows if amount >= 0]
    amounts = [amount for _, amount in orders]
    value = {
        "count": lambda: len(orders),
        "sum": lambda: round(sum(amount for _, amount in rows), 4),
        "average": lambda: sum(amounts) / len(amounts) if amounts else None,
        "largest": lambda: max(amounts, default=None),
        "smallest": lambda: min(amounts, default=None),
        "refunds": lambda: len(rows) - len(orders),
        "first": lambda: min((at for at, _ in orders), default=None),
        "last": lambda: max((at for at, _ in orders), default=None),
    }[node["field"]]()
    if node["field"] in ("count", "refunds", "sum") and node["op"] in ("is_set", "is_not_set"):
        raise AssertionError("not generated")
    return ask(node, value)


def _property(fact: Fact, name: str) -> Any:
    if name == "deviceType":
        return fact.device
    if name in ("value", "currency"):
        return fact.members.get(name)
    return fact.members.get("properties", {}).get(name)


def _fits(node: dict[str, Any], fact: Fact) -> bool:
    return ("type" not in node or fact.kind == node["type"]) and all(
        _property_fits(item, _property(fact, item["property"])) for item in node.get("where", ())
    )


def _property_fits(item: dict[str, Any], value: Any) -> bool:
    op = NEGATIONS.get(item["op"], item["op"])
    numeric = op in ("equals", "more_than", "at_least", "less_than", "at_most", "between")
    if value is not None and numeric and not isinstance(value, int | float):
        value = None
    if value is not None and not numeric and op != "is_set" and not isinstance(value, str):
        value = str(value)
    return ask(item, value)


def _events(node: dict[str, Any], who: Somebody, known: list[Somebody]) -> bool:
    found = [fact for fact in who.events if _fits(node, fact) and window(node.get("window"), fact.at)]
    values = [_property(fact, node.get("property", "")) for fact in found]
    numbers = [value for value in values if isinstance(value, int | float)]
    value = {
        "count": lambda: len(found),
        "sum": lambda: sum(numbers),
        "average": lambda: sum(numbers) / len(numbers) if numbers else None,
        "smallest": lambda: min(numbers, default=None),
        "largest": lambda: max(numbers, default=None),
        "distinct": lambda: len({str(value) for value in values if value is not None}),
        "first": lambda: min((fact.at for fact in found), default=None),
        "last": lambda: max((fact.at for fact in found), default=None),
    }[node["field"]]()
    return ask(node, value)


def _sequence(node: dict[str, Any], who: Somebody, known: list[Somebody]) -> bool:
    step = node["value"]
    gap = span(step["within"])
    for first in who.events:
        if not (_fits(node, first) and window(node.get("window"), first.at)):
            continue
        came = any(
            _fits(step, second) and first.at < second.at <= first.at + gap and second.at <= NOW for second in who.events
        )
        if node["op"] == "followed_by" and came:
            return True
        if node["op"] == "not_followed_by" and not came and first.at + gap <= NOW:
            return True
    return False


def _consent(node: dict[str, Any], who: Somebody, known: list[Somebody]) -> bool:
    if node["op"] == "state_is_one_of":
        return who.states.get(node["field"], "none") in node["value"]
    allowed = bool(who.mask >> BITS[node["field"]] & 1) and (who.ends is None or who.ends > NOW)
    return allowed == (node["op"] == "is_allowed")


def _privacy(node: dict[str, Any], who: Somebody, known: list[Somebody]) -> bool:
    return ask(node, who.gpc if node["field"] == "gpc" else not who.mask & 1)


def _bucket(node: dict[str, Any], who: Somebody, known: list[Somebody]) -> bool:
    digest = hashlib.md5(f"{node['field']}:{who.public_id}".encode(), usedforsecurity=False).hexdigest()
    return ask(node, int(digest[:8], 16) * 100 / 2**32)


_ASK = {
    "profile": _profile,
    "attribute": _attribute,
    "identity": _identity,
    "tags": _tags,
    "purchases": _purchases,
    "events": _events,
    "sequence": _sequence,
    "consent": _consent,
    "privacy": _privacy,
    "bucket": _bucket,
}
