"""What an experiment may be: its states, its variants, and how it reads what people say about it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import TextChoices

from campaigns.rules.values import Reader, Unreadable, choice, currency, text, whole

MOST_VARIANTS: Final = 8
MOST_MEASURES: Final = 5
MOST_CONTENT: Final = 10_000


class ExperimentState(TextChoices):
    """Only a running experiment draws people; a stopped one never runs again, since its groups would be others."""

    DRAFT = "draft", "Draft"
    RUNNING = "running", "Running"
    STOPPED = "stopped", "Stopped"


class Kind(TextChoices):
    """What is compared: variants of something shown, or people who get our marketing with people who get none."""

    SPLIT = "split", "Variants"
    HOLDOUT = "holdout", "Global holdout"


class Drawn(TextChoices):
    """Who draws: the hub by the published hash, or a system of yours that reports whom it showed what."""

    HERE = "here", "By the hub"
    ELSEWHERE = "elsewhere", "By another system, which reports it"


class Looks(TextChoices):
    """How often the result may be looked at before it is acted on."""

    ALWAYS = "always", "At any time"
    ONCE = "once", "Once, when the planned number of people is reached"


MOVES: Final[Mapping[str, frozenset[str]]] = {
    ExperimentState.DRAFT: frozenset({ExperimentState.RUNNING}),
    ExperimentState.RUNNING: frozenset({ExperimentState.STOPPED}),
    ExperimentState.STOPPED: frozenset(),
}
TREATED, HELD_OUT = "marketing", "held_out"


def holdout_variants(percent: int) -> list[dict[str, Any]]:
    """The two groups of a global holdout; those held out come first, because the others are compared with them."""
    return [
        {"key": HELD_OUT, "weight": percent, "value": False},
        {"key": TREATED, "weight": 100 - percent, "value": True},
    ]


def shares_of(variants: Sequence[Mapping[str, Any]]) -> list[float]:
    """The share of people each variant gets; they add up to 1."""
    whole_weight = sum(one["weight"] for one in variants)
    return [one["weight"] / whole_weight for one in variants]


def variants(value: Any) -> list[dict[str, Any]]:
    """Variants as stored: key, weight, value; the first is the control. Unreadable unless two or more differ."""
    if not isinstance(value, Sequence) or isinstance(value, str) or not 2 <= len(value) <= MOST_VARIANTS:
        raise Unreadable(f"send a list of 2 to {MOST_VARIANTS} variants, the control first.")
    found = [_variant(one) for one in value]
    if len({one["key"] for one in found}) != len(found):
        raise Unreadable("every variant needs a key of its own.")
    if len({type(one["value"]) for one in found}) > 1:
        raise Unreadable("the values of all variants must be of one kind: texts, numbers, true and false, or objects.")
    return found


def _variant(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or set(value) - {"key", "weight", "value"}:
        raise Unreadable("a variant has key, weight and value.")
    key = text(20, needed=True)(value.get("key"))
    shown = value.get("value", key)
    if not isinstance(shown, str | bool | int | float | dict) or len(json.dumps(shown)) > MOST_CONTENT:
        raise Unreadable(f"the value of a variant is JSON of at most {MOST_CONTENT:,} characters, not a list or null.")
    return {"key": key, "weight": whole(1, 10_000, optional=False)(value.get("weight", 1)), "value": shown}


def measures(value: Any) -> list[str]:
    """Keys of measures, the one that decides first; Unreadable unless they differ."""
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MOST_MEASURES:
        raise Unreadable(f"send a list of 1 to {MOST_MEASURES} measures, the one that decides first.")
    found = [text(80, needed=True)(one) for one in value]
    if len(set(found)) != len(found):
        raise Unreadable("name each measure once.")
    return found


READERS: Final[Mapping[str, Reader]] = {
    "key": text(60, needed=True),
    "name": text(120, needed=True),
    "hypothesis": text(300),
    "segment": text(60),
    "drawn": choice(*Drawn.values),
    "variants": variants,
    "coverage": whole(1, 100, optional=False),
    "measures": measures,
    "currency": currency,
    "window_days": whole(1, 365, optional=False),
    "looks": choice(*Looks.values),
    "planned_people": whole(2, 100_000_000, optional=False),
}
FIXED: Final = frozenset(READERS) - {"name", "hypothesis"}
"""What never changes once somebody was drawn."""
