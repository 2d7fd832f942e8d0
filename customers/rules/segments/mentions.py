"""What a rule mentions: which changes may move people in or out, and when time alone may."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from customers.rules.segments.operators import BY_NAME, Operand
from customers.rules.segments.tree import Condition, Node, conditions
from customers.rules.segments.windows import length, period_start

ANYTHING: Final = "all"
"""The topic of a customer who is new, deleted, merged, or known from now on: every rule looks at her."""
HOUR: Final = "hour"
_NOW: Final = timedelta()
_RELATIVE: Final = frozenset({"within_last", "longer_ago_than", "within_next"})


@dataclass(frozen=True, slots=True)
class Clock:
    """Facts of `source` (of `kinds`, if any are named) may begin or cease to count once they are `age` old.

    A negative age lies ahead. `source` is `events`, `orders`, `tags`, `consent`, `changes`, `profile` with the column
    as kind, or what an upper floor registers.
    """

    source: str
    age: timedelta = _NOW
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """What has to change before an answer can: a topic of a customer, a clock, the beginning of a calendar period.

    `ranked` rules compare people with everybody else: they are calculated as a whole, once an hour.
    """

    topics: frozenset[str] = frozenset()
    clocks: frozenset[Clock] = frozenset()
    periods: frozenset[str] = frozenset()
    ranked: bool = False

    def __or__(self, other: "Mention") -> "Mention":
        return Mention(
            self.topics | other.topics,
            self.clocks | other.clocks,
            self.periods | other.periods,
            self.ranked or other.ranked,
        )


Mentions = Callable[[Condition], Mention]
UNKNOWN: Final = Mention(periods=frozenset({HOUR}), ranked=True)
"""Of a criterion that does not say what it depends on."""


def of_condition(condition: Condition, known: Mapping[str, Mentions | None]) -> Mention:
    """What one condition mentions; `known` says it for each criterion."""
    find = known.get(condition.on)
    if find is None or BY_NAME[condition.op].operand is Operand.PERCENT:
        return UNKNOWN
    return find(condition)


def of_rule(node: Node, known: Mapping[str, Mentions | None]) -> Mention:
    """What a rule mentions: everything that its conditions do."""
    found = Mention()
    for condition in conditions(node):
        found |= of_condition(condition, known)
    return found


def facts(*, topics: Collection[str], source: str, condition: Condition, kinds: tuple[str, ...] = ()) -> Mention:
    """Of a condition on facts: they come, they leave its window, they pass the time it compares with.

    Facts dated ahead begin to count when their time comes.
    """
    window = condition.members.get("window") or {}
    ages = {_NOW, *_ages(condition)}
    if "last" in window:
        ages.add(length(window["last"]))
    periods = {window[name] for name in ("this", "previous") if name in window}
    clocks = frozenset(Clock(source, age, kinds) for age in ages)
    return Mention(frozenset(topics), clocks, frozenset(periods) | _periods(condition))


def value(*, topic: str, condition: Condition, instant: Clock | None = None, turns: str = HOUR) -> Mention:
    """Of a condition on a value; `instant` is the clock of a column that holds instants.

    Other values that are compared with the present are looked at by the hour, or as often as `turns` says.
    """
    topics, periods = frozenset({topic}), _periods(condition)
    if BY_NAME[condition.op].operand in (Operand.CHANGE, Operand.CHANGE_TO, Operand.CHANGE_FROM_TO):
        over = Clock("changes", length(condition.value["within"]), (topic,))
        return Mention(topics, frozenset({over, Clock("changes", _NOW, (topic,))}))
    if instant:
        ages = {_NOW, *_ages(condition)}
        return Mention(topics, frozenset(Clock(instant.source, age, instant.kinds) for age in ages), periods)
    return Mention(topics, periods=periods | ({turns} if condition.op in _RELATIVE else frozenset()))


def crossed(periods: Collection[str], since: datetime, until: datetime, zone: tzinfo = UTC) -> bool:
    """Whether one of these periods of `zone` began in (since, until]."""
    return any(_start(period, until, zone) > since for period in periods)


def _start(period: str, at: datetime, zone: tzinfo) -> datetime:
    if period == HOUR:
        return at.replace(minute=0, second=0, microsecond=0)
    return period_start(period, at, zone)


def _ages(condition: Condition) -> set[timedelta]:
    """The ages at which the operator itself changes its mind."""
    if condition.op not in _RELATIVE:
        return set()
    span = length(condition.value)
    return {-span if condition.op == "within_next" else span}


def _periods(condition: Condition) -> frozenset[str]:
    return frozenset({"day"}) if condition.op == "anniversary_within" else frozenset()


def reason_of(topics: Collection[str], *, by_time: bool) -> str:
    """Why somebody came or went, in one word: the most telling of the topics that changed."""
    kinds = {topic.partition(":")[0] for topic in topics}
    found = (reason for kind, reason in _REASONS.items() if kind in kinds)
    return next(found, "window" if by_time else "profile")


_REASONS: Final[dict[str, str]] = {
    ANYTHING: "person",
    "event": "event",
    "orders": "purchase",
    "tags": "tag",
    "consent": "consent",
    "segment": "segment",
    "scores": "score",
    "prediction": "score",
    "profile": "profile",
    "attribute": "profile",
    "identity": "profile",
}


def pointers(
    *, node: Node, known: Mapping[str, Mentions | None], topics: Collection[str], clocks: Collection[Clock]
) -> list[str]:
    """Where the conditions stand that mention one of these topics or clocks."""
    said = ((one.pointer, of_condition(one, known)) for one in conditions(node))
    changed, passed = frozenset(topics), frozenset(clocks)
    return [pointer for pointer, mention in said if mention.topics & changed or mention.clocks & passed]
