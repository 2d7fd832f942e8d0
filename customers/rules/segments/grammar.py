"""Reading and writing rules: from JSON and from words to a checked tree, from a tree to words and to a JSON Schema."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from customers.rules.segments import words
from customers.rules.segments.forms import Form
from customers.rules.segments.operands import Subject, check_operand
from customers.rules.segments.operators import BY_NAME, Operator, for_type
from customers.rules.segments.tree import (
    GROUPS,
    MAX_CONDITIONS,
    MAX_DEPTH,
    VERSION,
    Condition,
    Group,
    Node,
    Not,
    RuleError,
    RuleProblem,
    conditions,
    depth,
)
from customers.rules.segments.windows import refuse

SubjectOf = Callable[[str, Mapping[str, Any], str], Subject]
"""(criterion, clean members, pointer) -> what the condition is about; RuleError when there is no such thing."""
MAX_PROBLEMS: Final = 20


@dataclass(frozen=True, slots=True)
class Grammar:
    """The criteria of this installation, and what each condition may be about at this moment."""

    forms: Mapping[str, Form]
    subject_of: SubjectOf

    def read(self, raw: Any) -> Node:
        """The tree of a rule in JSON; RuleError with every problem found, each at its JSON Pointer.

        Nothing is guessed: an empty group, a condition without a value, an unknown name refuses the whole rule, so
        that a mistake never widens an audience.
        """
        if not isinstance(raw, dict) or set(raw) != {"version", "rule"}:
            raise refuse("", 'A rule is {"version": 1, "rule": {...}}.', "invalid_rule")
        if raw["version"] != VERSION or isinstance(raw["version"], bool):
            raise refuse("/version", f"Only version {VERSION} of the grammar is known.", "unknown_version")
        problems: list[RuleProblem] = []
        node = self._node(raw["rule"], "/rule", 0, problems)
        if problems or node is None:
            raise RuleError(problems[:MAX_PROBLEMS])
        if sum(1 for _ in conditions(node)) > MAX_CONDITIONS:
            raise refuse("/rule", f"A rule has at most {MAX_CONDITIONS} conditions.", "too_many_conditions")
        return node

    def read_words(self, text: str) -> Node:
        """The tree of a rule in words, checked as `read` checks; RuleError says at which character it breaks."""
        node = words.parse(text, self.forms)
        if depth(node) > MAX_DEPTH:
            raise refuse("", f"Groups stand at most {MAX_DEPTH} deep.", "too_deep")
        return self.read({"version": VERSION, "rule": words.raw_json(node)})

    def write_words(self, node: Node) -> str:
        """The rule in plain words; `read_words` reads them back to the same rule without groups of one."""
        return words.render(node, self.forms)

    def subject(self, condition: Condition) -> Subject:
        """What a checked condition is about."""
        return self.subject_of(condition.on, condition.members, condition.pointer)

    def _node(self, raw: Any, pointer: str, level: int, problems: list[RuleProblem]) -> Node | None:
        if level > MAX_DEPTH:
            problems.append(RuleProblem(pointer, "too_deep", f"Groups stand at most {MAX_DEPTH} deep."))
            return None
        if not isinstance(raw, dict) or not raw:
            problems.append(RuleProblem(pointer, "invalid_condition", "Give a group or a condition as JSON object."))
            return None
        for mode in GROUPS:
            if mode in raw:
                return self._group(mode, raw, pointer, level, problems)
        if "not" in raw:
            return self._negation(raw, pointer, level, problems)
        try:
            return self._condition(raw, pointer)
        except RuleError as refusal:
            problems.extend(refusal.problems)
            return None

    def _group(
        self, mode: str, raw: dict[str, Any], pointer: str, level: int, problems: list[RuleProblem]
    ) -> Node | None:
        nodes, at = raw[mode], f"{pointer}/{mode}"
        if set(raw) != {mode}:
            problems.append(RuleProblem(pointer, "invalid_group", f"A group holds '{mode}' and nothing else."))
            return None
        if not isinstance(nodes, list) or not nodes:
            message = "This group is empty; an empty group is not counted."
            problems.append(RuleProblem(at, "empty_group", message))
            return None
        if len(nodes) > MAX_CONDITIONS:
            message = f"A rule has at most {MAX_CONDITIONS} conditions."
            problems.append(RuleProblem(at, "too_many_conditions", message))
            return None
        found = [self._node(node, f"{at}/{index}", level + 1, problems) for index, node in enumerate(nodes)]
        kept = tuple(node for node in found if node is not None)
        return Group(mode, kept) if len(kept) == len(nodes) else None

    def _negation(self, raw: dict[str, Any], pointer: str, level: int, problems: list[RuleProblem]) -> Node | None:
        if set(raw) != {"not"}:
            problems.append(RuleProblem(pointer, "invalid_group", "A negation holds 'not' and nothing else."))
            return None
        node = self._node(raw["not"], f"{pointer}/not", level + 1, problems)
        return Not(node) if node is not None else None

    def _condition(self, raw: dict[str, Any], pointer: str) -> Condition:
        on = raw.get("on")
        form = self.forms.get(on) if isinstance(on, str) else None
        if form is None:
            message = f"Choose one of: {', '.join(self.forms)}."
            raise refuse(f"{pointer}/on", message, "unknown_criterion" if "on" in raw else "missing_member")
        members = form.check_members(raw, pointer)
        subject = self.subject_of(form.on, members, pointer)
        operator = _operator(raw.get("op"), subject, pointer)
        value = check_operand(operator, subject, raw.get("value"), pointer)
        return Condition(form.on, operator.name, members, value, pointer)


def operators_of(subject: Subject) -> list[Operator]:
    """The operators that fit a subject."""
    found = for_type(subject.type, tracked=subject.tracked)
    found = [operator for operator in found if not subject.only or operator.name in subject.only]
    return [operator for operator in found if subject.ranked or "percent" not in operator.name]


def _operator(raw: Any, subject: Subject, pointer: str) -> Operator:
    allowed = [operator.name for operator in operators_of(subject)]
    if raw is None:
        raise refuse(f"{pointer}/op", "Choose an operator; a condition without one is not counted.", "missing_operator")
    if raw not in allowed:
        says = f"'{subject.label}' can be asked: {', '.join(allowed)}."
        known = isinstance(raw, str) and raw in BY_NAME
        raise refuse(f"{pointer}/op", says, "operator_does_not_fit" if known else "unknown_operator")
    return BY_NAME[raw]
