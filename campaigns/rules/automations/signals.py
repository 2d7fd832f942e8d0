"""What automations hear of: one thing that happened to one person, and whether it is what somebody listens for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.rules.automations.graph import kind_of


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that happened. `ref` names it for ever (`event:...`), `at` is when it happened, `facts` its members.

    Facts are looked at and not kept; only the key of a run is.
    """

    kind: str
    ref: str
    customer_id: int
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)


def look_up(facts: Mapping[str, Any], path: str) -> Any:
    """The value at a path such as `properties.cartId`; None when there is none."""
    value: Any = facts
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return value


def key_of(trigger: Mapping[str, Any], signal: Signal) -> str:
    """What the signal is about, such as a cart, as the trigger's `key` names it; empty for nothing."""
    value = look_up(signal.facts, trigger["key"]) if trigger.get("key") else None
    return "" if value is None or isinstance(value, Mapping | list) else str(value)[:200]


def fits(trigger: Mapping[str, Any], signal: Signal, key: str = "") -> bool:
    """Whether a trigger listens for this signal. One with a `key` hears only what is about the same thing.

    A condition on a member that is not there is not met, whatever it asks: nobody comes in for lack of a value.
    """
    if kind_of(trigger) != signal.kind:
        return False
    if trigger.get("key") and key and key_of(trigger, signal) != key:
        return False
    return all(_holds(condition, signal.facts) for condition in trigger.get("where", ()))


def first_fit(triggers: Sequence[Mapping[str, Any]], signal: Signal) -> Mapping[str, Any] | None:
    """The first of these triggers that listens for the signal."""
    return next((trigger for trigger in triggers if fits(trigger, signal)), None)


def _holds(condition: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    seen, wanted, op = look_up(facts, condition["field"]), condition.get("value"), condition["op"]
    if seen is None:
        return False
    if op == "is_set":
        return True
    if op in ("at_least", "at_most"):
        numbers = [one for one in (seen, wanted) if isinstance(one, int | float) and not isinstance(one, bool)]
        return len(numbers) == 2 and (numbers[0] >= numbers[1] if op == "at_least" else numbers[0] <= numbers[1])
    if op == "contains":
        return str(wanted).lower() in str(seen).lower()
    same = bool(seen == wanted or str(seen) == str(wanted))
    return same if op == "is" else not same
