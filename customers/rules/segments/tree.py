"""The tree of a segment rule: groups, negations and conditions, as people send it and as it is stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

VERSION: Final = 1
"""Version of this grammar; it stands in every rule, so that a later grammar can still read it."""
MAX_DEPTH: Final = 6
MAX_CONDITIONS: Final = 100
MAX_VALUES: Final = 500
MAX_TEXT: Final = 255

GROUPS: Final = ("all", "any")


class RuleProblem(NamedTuple):
    """One thing wrong with a rule: where (JSON Pointer, RFC 6901), a machine code, a sentence."""

    pointer: str
    code: str
    message: str


class RuleError(ValueError):
    """A rule that cannot be used; nothing was counted. Its problems say where and why."""

    def __init__(self, problems: list[RuleProblem]) -> None:
        super().__init__(problems[0].message)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing asked of a customer: `on` names the criterion, `members` what it is about, then operator and operand.

    `pointer` is where it stands in the rule; two conditions that ask the same are equal wherever they stand.
    """

    on: str
    op: str
    members: Mapping[str, Any] = field(default_factory=dict)
    value: Any = None
    pointer: str = field(default="", compare=False)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Group:
    """True when `all` or `any` of its nodes are."""

    mode: str
    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True when its node is not."""

    node: "Node"


Node = Condition | Group | Not


def conditions(node: Node) -> Iterator[Condition]:
    """Every condition of a tree, in reading order."""
    if isinstance(node, Condition):
        yield node
    elif isinstance(node, Not):
        yield from conditions(node.node)
    else:
        for inner in node.nodes:
            yield from conditions(inner)


def depth(node: Node) -> int:
    """How many groups and negations stand above the deepest condition."""
    if isinstance(node, Condition):
        return 0
    if isinstance(node, Not):
        return 1 + depth(node.node)
    return 1 + max((depth(inner) for inner in node.nodes), default=0)


def simplified(node: Node) -> Node:
    """The same rule without groups of one: what words can say."""
    if isinstance(node, Not):
        return Not(simplified(node.node))
    if isinstance(node, Group):
        nodes = tuple(simplified(inner) for inner in node.nodes)
        return nodes[0] if len(nodes) == 1 else Group(node.mode, nodes)
    return node


def to_json(node: Node) -> dict[str, Any]:
    """The rule as it is stored and answered."""
    return {"version": VERSION, "rule": _node_json(node)}


def from_json(stored: Mapping[str, Any]) -> Node:
    """The tree of a rule that was stored by `to_json`: read without asking whether its conditions still hold."""
    return _stored(stored["rule"], "/rule")


def _stored(raw: Mapping[str, Any], pointer: str) -> Node:
    for mode in GROUPS:
        if mode in raw:
            inner = (_stored(node, f"{pointer}/{mode}/{index}") for index, node in enumerate(raw[mode]))
            return Group(mode, tuple(inner))
    if "not" in raw:
        return Not(_stored(raw["not"], f"{pointer}/not"))
    members = {name: value for name, value in raw.items() if name not in ("on", "op", "value")}
    return Condition(raw["on"], raw["op"], members, raw.get("value"), pointer)


def _node_json(node: Node) -> dict[str, Any]:
    if isinstance(node, Group):
        return {node.mode: [_node_json(inner) for inner in node.nodes]}
    if isinstance(node, Not):
        return {"not": _node_json(node.node)}
    operand = {} if node.value is None else {"value": node.value}
    return {"on": node.on, **node.members, "op": node.op, **operand}
