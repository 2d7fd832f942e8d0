"""The rules of a lead score: each gives points to customers who meet a condition of the segment grammar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from customers.rules.segments.grammar import Grammar
from customers.rules.segments.tree import Condition, Node, RuleError, RuleProblem, conditions, to_json
from customers.rules.segments.windows import check_span, refuse, span_words

VERSION: Final = 1
MAX_RULES: Final = 40
MAX_POINTS: Final = 1_000
MAX_SCORE: Final = 10_000
MAX_NAME: Final = 80
COUNTED: Final = "count"
NOT_IN_SCORES: Final = frozenset({"score", "segment"})
"""Scores decide about segments; were segments to decide about scores as well, each would wait for the other."""
_MEMBERS: Final = frozenset({"name", "when", "points", "each", "half_life", "cap"})
_NEEDS_COUNT: Final = (
    "Points for each time, and points that fade, need one condition that counts events or orders and nothing else."
)


@dataclass(frozen=True, slots=True)
class ScoreRule:
    """`points` for customers who meet `when`.

    `each`: as many times as `when` counts. `half_life`: the points fade to half in this time, counted from the newest
    fact, or with `each` from every single one. `cap`: never more than this from one rule, whichever the sign.
    """

    name: str
    when: Node
    points: int
    each: bool = False
    half_life: Mapping[str, int] | None = None
    cap: int | None = None

    @property
    def is_weighed(self) -> bool:
        """Whether the points depend on how often or how long ago."""
        return self.each or self.half_life is not None


@dataclass(frozen=True, slots=True)
class ScoreDefinition:
    """All rules of one version; the sum of their points never leaves `minimum` to `maximum`, nobody's is 0."""

    rules: tuple[ScoreRule, ...]
    minimum: int = 0
    maximum: int = 100


def read_definition(raw: Any, using: Grammar) -> ScoreDefinition:
    """The checked definition; RuleError with every problem found, each at its JSON Pointer (RFC 6901)."""
    if not isinstance(raw, dict) or set(raw) != {"version", "minimum", "maximum", "rules"} or raw["version"] != VERSION:
        raise refuse("", "A score has version 1, minimum, maximum and rules.", "invalid_rule")
    problems: list[RuleProblem] = []
    low, high = raw["minimum"], raw["maximum"]
    if not _is_whole(low, -MAX_SCORE, 0):
        problems.append(RuleProblem("/minimum", "invalid_value", f"Give a whole number from -{MAX_SCORE} to 0."))
    if not _is_whole(high, 1, MAX_SCORE):
        problems.append(RuleProblem("/maximum", "invalid_value", f"Give a whole number from 1 to {MAX_SCORE}."))
    if not isinstance(raw["rules"], list) or not 1 <= len(raw["rules"]) <= MAX_RULES:
        problems.append(RuleProblem("/rules", "empty_group", f"Give 1 to {MAX_RULES} rules."))
        raise RuleError(problems)
    rules = [_rule(item, f"/rules/{number}", using, problems) for number, item in enumerate(raw["rules"])]
    names = [rule.name for rule in rules if rule]
    if len(names) != len(set(names)):
        problems.append(RuleProblem("/rules", "duplicate_name", "Each rule needs a name of its own."))
    if problems:
        raise RuleError(problems)
    return ScoreDefinition(tuple(rule for rule in rules if rule), low, high)


def _rule(raw: Any, pointer: str, using: Grammar, problems: list[RuleProblem]) -> ScoreRule | None:
    """The rule, or None with what is wrong with it among `problems`."""
    if not isinstance(raw, dict) or not {"name", "when", "points"} <= set(raw) <= _MEMBERS:
        problems.append(RuleProblem(pointer, "invalid_rule", "A rule has name, when and points; each, half_life, cap."))
        return None
    found: list[RuleProblem] = []
    name, points, each, cap = raw["name"], raw["points"], raw.get("each", False), raw.get("cap")
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        found.append(RuleProblem(f"{pointer}/name", "invalid_value", f"Give a name of 1 to {MAX_NAME} characters."))
    if not _is_whole(points, -MAX_POINTS, MAX_POINTS) or points == 0:
        message = f"Give a whole number from -{MAX_POINTS} to {MAX_POINTS}, but not 0."
        found.append(RuleProblem(f"{pointer}/points", "invalid_value", message))
    if not isinstance(each, bool):
        found.append(RuleProblem(f"{pointer}/each", "invalid_value", "Give true or false."))
    if cap is not None and not _is_whole(cap, 1, MAX_SCORE):
        message = f"Give a whole number from 1 to {MAX_SCORE}, or leave it out."
        found.append(RuleProblem(f"{pointer}/cap", "invalid_value", message))
    half_life = _half_life(raw.get("half_life"), f"{pointer}/half_life", found)
    node = _when(raw["when"], f"{pointer}/when", using, found, weighed=bool(each) or half_life is not None)
    problems.extend(found)
    return None if found or node is None else ScoreRule(name.strip(), node, points, each, half_life, cap)


def _half_life(raw: Any, pointer: str, problems: list[RuleProblem]) -> dict[str, int] | None:
    try:
        return None if raw is None else check_span(raw, pointer)
    except RuleError as refusal:
        problems.extend(refusal.problems)
        return None


def _when(raw: Any, pointer: str, using: Grammar, problems: list[RuleProblem], *, weighed: bool) -> Node | None:
    try:
        node = using.read(raw)
    except RuleError as refusal:
        problems.extend(problem._replace(pointer=pointer + problem.pointer) for problem in refusal.problems)
        return None
    asked = {condition.on for condition in conditions(node)} & NOT_IN_SCORES
    if asked:
        message = f"A score cannot ask about a {asked.pop()}: segments may ask about scores, not the other way round."
        problems.append(RuleProblem(pointer, "not_in_scores", message))
    counts = isinstance(node, Condition) and using.forms[node.on].counts and node.members.get("field") == COUNTED
    if weighed and not counts:
        problems.append(RuleProblem(pointer, "needs_a_count", _NEEDS_COUNT))
    return node


def _is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def definition_json(definition: ScoreDefinition) -> dict[str, Any]:
    """The definition as it is stored; `read_definition` reads it back."""
    rules = []
    for rule in definition.rules:
        stored: dict[str, Any] = {"name": rule.name, "when": to_json(rule.when), "points": rule.points}
        optional = {"each": rule.each or None, "half_life": rule.half_life, "cap": rule.cap}
        rules.append(stored | {name: value for name, value in optional.items() if value is not None})
    return {"version": VERSION, "minimum": definition.minimum, "maximum": definition.maximum, "rules": rules}


def total(points: Sequence[int], *, minimum: int, maximum: int) -> int:
    """The score that these points of single rules make."""
    return max(minimum, min(maximum, sum(points)))


def terms(rule: Mapping[str, Any]) -> str:
    """How a stored rule gives its points: `5 points each time, half after 30 days, at most 25`."""
    parts = [f"{rule['points']:+d}{' each time' if rule.get('each') else ''}"]
    if rule.get("half_life"):
        parts.append(f"half after {span_words(rule['half_life'])}")
    if rule.get("cap"):
        parts.append(f"at most {rule['cap']}")
    return ", ".join(parts)
