"""The grammar as a page to read: every criterion and every operator, with the examples that tests run."""

import json
from collections.abc import Mapping
from typing import Any, Final

from customers.rules.segments import words
from customers.rules.segments.forms import Form
from customers.rules.segments.operators import ALL, Operand, Operator
from customers.rules.segments.tree import Condition

_HEAD: Final = """# Segment conditions and operators

Written by `manage.py segment operators`; a test compares the page with the grammar and runs every example.

A condition names what it is about (`on` and its members), an operator (`op`) and mostly a `value`. The words beside
each example say the same; either may be sent."""
_VALUES: Final[Mapping[Operand, str]] = {
    Operand.NONE: "none",
    Operand.ONE: "one value",
    Operand.MANY: "a list of values",
    Operand.RANGE: "two values, the lower first",
    Operand.SPAN: "a length of time",
    Operand.PERCENT: "a share between 0 and 100",
    Operand.CHANGE: "within which time",
    Operand.CHANGE_TO: "to which value, within which time",
    Operand.CHANGE_FROM_TO: "from and to which value, within which time",
    Operand.STEP: "the event that follows, within which time",
}


def manual(forms: Mapping[str, Form]) -> str:
    """The page in Markdown."""
    criteria = [_criterion(form) for form in forms.values()]
    operators = [_operator(operator, forms) for operator in ALL]
    return "\n".join(
        [
            _HEAD,
            "",
            f"## {len(criteria)} things to ask about",
            "| `on` | meaning | members | values |",
            "|---|---|---|---|",
            *criteria,
            "",
            f"## {len(operators)} operators",
            "| `op` | meaning | types | `value` | example | in words |",
            "|---|---|---|---|---|---|",
            *operators,
            "",
        ]
    )


def _criterion(form: Form) -> str:
    members = ", ".join(f"`{member.name}`{'' if member.required else ' (may be left out)'}" for member in form.members)
    types = ", ".join(sorted(kind.value for kind in form.types))
    return _row(f"`{form.on}`", form.meaning, members or "none", types)


def _operator(operator: Operator, forms: Mapping[str, Form]) -> str:
    example = dict(operator.example)
    types = ", ".join(sorted(kind.value for kind in operator.types if kind.value != "any"))
    return _row(
        f"`{operator.name}`",
        operator.meaning,
        types,
        _VALUES[operator.operand],
        f"`{json.dumps(example)}`",
        f"`{words.condition_words(_condition(example), forms)}`",
    )


def _condition(example: dict[str, Any]) -> Condition:
    members = {name: value for name, value in example.items() if name not in ("on", "op", "value")}
    return Condition(example["on"], example["op"], members, example.get("value"))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
