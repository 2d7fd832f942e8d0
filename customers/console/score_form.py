"""The score editor's form: rules as numbered fields, and back; what is wrong stays beside its rule."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from customers.rules.scores import COUNTED, MAX_RULES, VERSION
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.tree import RuleError, RuleProblem, from_json, to_json

_PLACE: Final = re.compile(r"/rules/(\d+)")
_FIELDS: Final = ("title", "words", "points", "half", "cap")
STARTERS: Final = (
    ("Opened the site this month", 'event "view" count in the last 30 days is at least 1', "1"),
    ("Ordered this year", "order count in the last 365 days is at least 1", "20"),
)


@dataclass(slots=True)
class RuleLine:
    """One rule as it was typed."""

    title: str = ""
    words: str = ""
    points: str = ""
    half: str = ""
    cap: str = ""
    each: bool = False
    error: str = ""


@dataclass(slots=True)
class Sheet:
    """Everything the editor holds."""

    name: str = ""
    description: str = ""
    minimum: str = "0"
    maximum: str = "100"
    lines: list[RuleLine] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def sheet_of(definition: Mapping[str, Any], using: Grammar, *, name: str, description: str) -> Sheet:
    """The fields of a stored definition."""
    lines = [
        RuleLine(
            title=rule["name"],
            words=using.write_words(from_json(rule["when"])),
            points=str(rule["points"]),
            half=_days(rule.get("half_life")),
            cap=str(rule.get("cap") or ""),
            each=bool(rule.get("each")),
        )
        for rule in definition["rules"]
    ]
    return Sheet(name, description, str(definition["minimum"]), str(definition["maximum"]), lines)


def _days(span: Mapping[str, int] | None) -> str:
    """A stored half-life as the field shows it: days where it is whole days, else as words."""
    if not span:
        return ""
    (unit, count), *_ = span.items()
    return {"days": f"{count}", "weeks": f"{count * 7}"}.get(unit, f"{count} {unit}")


def sheet_posted(data: Mapping[str, Any]) -> Sheet:
    """The fields as they were sent."""
    numbers = sorted({int(key.partition(":")[2]) for key in data if re.fullmatch(r"title:\d{1,3}", key)})
    lines = [
        RuleLine(**{name: str(data.get(f"{name}:{n}", "")).strip() for name in _FIELDS}, each=f"each:{n}" in data)
        for n in numbers[:MAX_RULES]
    ]
    plain = {name: str(data.get(name, "")).strip() for name in ("name", "description", "minimum", "maximum")}
    return Sheet(**plain, lines=lines)  # type: ignore[arg-type]


def changed(sheet: Sheet, wish: str) -> Sheet:
    """The fields after a wish: `add`, or `remove N`; anything else changes nothing."""
    verb, _, place = wish.partition(" ")
    if verb == "add" and len(sheet.lines) < MAX_RULES:
        sheet.lines.append(RuleLine())
    elif verb == "remove" and place.isdigit() and int(place) < len(sheet.lines):
        del sheet.lines[int(place)]
    return sheet


def definition_of(sheet: Sheet, using: Grammar) -> dict[str, Any]:
    """The definition that the fields spell, not yet checked; a condition that cannot be read says so at its rule."""
    return {
        "version": VERSION,
        "minimum": _whole(sheet.minimum),
        "maximum": _whole(sheet.maximum),
        "rules": [_rule(line, using) for line in sheet.lines],
    }


def _rule(line: RuleLine, using: Grammar) -> dict[str, Any]:
    rule: dict[str, Any] = {"name": line.title, "when": _when(line, using), "points": _whole(line.points)}
    if line.each:
        rule["each"] = True
    if line.half:
        rule["half_life"] = {"days": _whole(line.half)}
    if line.cap:
        rule["cap"] = _whole(line.cap)
    return rule


def _when(line: RuleLine, using: Grammar) -> Any:
    if not line.words:
        line.error = "Say in words whom this rule is about."
        return None
    try:
        return to_json(using.read_words(line.words))
    except RuleError as refusal:
        line.error = refusal.problems[0].message
        return None


def _whole(text: str) -> Any:
    return int(text) if re.fullmatch(r"[+-]?\d{1,6}", text) else text


def point_out(sheet: Sheet, problems: Sequence[RuleProblem]) -> None:
    """Put each problem beside its rule; those of no rule stand above all."""
    for problem in problems:
        place = _PLACE.match(problem.pointer)
        if place is None:
            names = {"/minimum": "Lowest score: ", "/maximum": "Highest score: "}
            sheet.problems.append(names.get(problem.pointer, "") + problem.message)
        else:
            line = sheet.lines[int(place[1])]
            line.error = line.error or problem.message


def examples(using: Grammar) -> list[str]:
    """Conditions that people can copy: those criteria whose form brings an example that may stand in a score."""
    found = ['country is one of "DE", "FR"', "order count in the last 365 days is at least 1"]
    counted = (form.example for form in using.forms.values() if form.counts and form.example.get("field") == COUNTED)
    return found + [using.write_words(from_json({"rule": dict(example)})) for example in counted]
