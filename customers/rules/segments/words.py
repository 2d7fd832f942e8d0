"""A rule in plain words and back: `country is one of "DE", "FR" and not (tags include any of "vip")`."""

from collections.abc import Mapping
from typing import Any, Final

from customers.rules.segments.forms import Form
from customers.rules.segments.lexer import Reader
from customers.rules.segments.operands import operand_words, parse_operand
from customers.rules.segments.operators import BY_NAME, Operand
from customers.rules.segments.tree import Condition, Group, Node, Not, RuleError, simplified
from customers.rules.segments.where import parse_step, step_words

_JOINTS: Final = {"all": "and", "any": "or"}
_DEEPEST: Final = 40


def render(node: Node, forms: Mapping[str, Form]) -> str:
    """The rule in words; a group inside another stands in parentheses."""
    return _words(simplified(node), forms, outer=True)


def _words(node: Node, forms: Mapping[str, Form], *, outer: bool = False) -> str:
    if isinstance(node, Condition):
        return condition_words(node, forms)
    if isinstance(node, Not):
        return f"not ({_words(node.node, forms, outer=True)})"
    text = f" {_JOINTS[node.mode]} ".join(_words(inner, forms) for inner in node.nodes)
    return text if outer else f"({text})"


def condition_words(condition: Condition, forms: Mapping[str, Form]) -> str:
    """One condition in words."""
    subject = forms[condition.on].words(condition.members)
    operator = BY_NAME[condition.op]
    if operator.operand is Operand.STEP:
        return f"{subject} {operator.phrase} {step_words(condition.value)}"
    return f"{subject} {operand_words(operator, condition.value)}"


def parse(text: str, forms: Mapping[str, Form]) -> Node:
    """The tree that the words spell, unchecked; RuleError says at which character something else was expected."""
    reader = Reader(text)
    node = _expression(reader, forms, 0)
    if not reader.at_end:
        raise reader.fail("'and', 'or' or the end")
    return node


def raw_json(node: Node) -> dict[str, Any]:
    """The tree as JSON that `Grammar.read` checks."""
    if isinstance(node, Group):
        return {node.mode: [raw_json(inner) for inner in node.nodes]}
    if isinstance(node, Not):
        return {"not": raw_json(node.node)}
    return {"on": node.on, **node.members, "op": node.op} | ({} if node.value is None else {"value": node.value})


def _expression(reader: Reader, forms: Mapping[str, Form], level: int) -> Node:
    if level > _DEEPEST:
        raise reader.fail("fewer parentheses")
    nodes = [_term(reader, forms, level)]
    for mode, joint in _JOINTS.items():
        while reader.take(joint):
            nodes.append(_term(reader, forms, level))
        if len(nodes) > 1:
            if reader.take("or" if joint == "and" else "and"):
                raise reader.fail("parentheses around one side, since 'and' and 'or' are mixed,")
            return Group(mode, tuple(nodes))
    return nodes[0]


def _term(reader: Reader, forms: Mapping[str, Form], level: int) -> Node:
    if reader.take("not ("):
        inner = _expression(reader, forms, level + 1)
        reader.expect(")")
        return Not(inner)
    if reader.take("("):
        inner = _expression(reader, forms, level + 1)
        reader.expect(")")
        return inner
    return _condition(reader, forms)


def _condition(reader: Reader, forms: Mapping[str, Form]) -> Condition:
    """The first criterion whose words fit; criteria with a head are tried first, since a head is unmistakable."""
    start = reader.position
    furthest: tuple[int, RuleError] | None = None
    for form in sorted(forms.values(), key=lambda form: not form.head):
        reader.position = start
        try:
            if form.head and not reader.take(form.head):
                continue
            return _rest(reader, form)
        except RuleError as refusal:
            if furthest is None or reader.position > furthest[0]:
                furthest = reader.position, refusal
    raise furthest[1] if furthest else reader.fail("a condition")


def _rest(reader: Reader, form: Form) -> Condition:
    members = form.parse(reader)
    phrases = {operator.name: operator.phrase for operator in form.operators()}
    operator = BY_NAME[reader.choice(phrases)]
    value = parse_step(reader) if operator.operand is Operand.STEP else parse_operand(operator, reader)
    return Condition(form.on, operator.name, members, value)
