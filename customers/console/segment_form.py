"""The builder's form: a rule as fields whose names are places, and back; what is wrong stays beside its field."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from customers.console.segment_where import WhereRow, known_properties, number_of, rows_of, rows_posted, where_of
from customers.console.segment_where import dress as dress_where
from customers.rules.segments.grammar import Grammar, operators_of
from customers.rules.segments.operands import Subject
from customers.rules.segments.operators import BY_NAME, Operand, Type
from customers.rules.segments.tree import VERSION, Condition, Group, Node, Not, RuleError
from customers.rules.segments.windows import UNITS, window_words
from customers.selectors.segments.registry import segment_criteria

MODES: Final = {"all": "all", "any": "any", "none": "none", "not_all": "not all"}
WINDOWS: Final = tuple(
    json.dumps(window)
    for window in (
        *({"last": {"days": days}} for days in (7, 30, 90, 365)),
        {"this": "month"},
        {"previous": "month"},
        {"this": "year"},
    )
)
THEN: Final = "~then"  # behind the place of a line: the place of the event that follows
_FREE: Final = ("window", "currency", "where")
_INPUTS: Final = {Type.NUMBER: "number", Type.DATE: "date", Type.DATETIME: "date"}
_FIELDS: Final = ("op", "value", "second", "count", "unit", "kind", "window", "currency")


@dataclass(slots=True)
class Line:
    """One condition as fields: `subject` is JSON of criterion and members; all others are what was typed."""

    path: str
    subject: str
    op: str = ""
    value: str = ""
    second: str = ""
    count: str = ""
    unit: str = "days"
    kind: str = ""
    window: str = ""
    currency: str = ""
    where: list[WhereRow] = field(default_factory=list)
    step_where: list[WhereRow] = field(default_factory=list)
    moved: str = ""
    pointer: str = ""
    error: str = ""
    drawn: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Box:
    """A group as fields."""

    path: str
    mode: str
    items: list["Box | Line"] = field(default_factory=list)
    moved: str = ""
    pointer: str = ""
    error: str = ""

    def lines(self) -> Iterator[Line]:
        """Every condition below."""
        for item in self.items:
            if isinstance(item, Line):
                yield item
            else:
                yield from item.lines()


def key_of(on: str, members: Mapping[str, Any]) -> str:
    """A subject as the value of an option: equal subjects have equal keys."""
    kept = {name: value for name, value in members.items() if name not in _FREE}
    return json.dumps({"on": on, **kept}, sort_keys=True)


def box_of(node: Node) -> Box:
    """The fields of a rule; a single condition stands in a group of one."""
    root = _box(node, "r")
    return (
        root if isinstance(root, Box) else Box("r", "all", [_line(node, "r.0")] if isinstance(node, Condition) else [])
    )


def _box(node: Node, path: str) -> Box | Line:
    if isinstance(node, Condition):
        return _line(node, path)
    inner = node.node if isinstance(node, Not) else node
    mode = inner.mode if isinstance(inner, Group) else "any"
    if isinstance(node, Not):
        mode = {"any": "none", "all": "not_all"}[mode]
    nodes = inner.nodes if isinstance(inner, Group) else (inner,)
    return Box(path, mode, [_box(child, f"{path}.{number}") for number, child in enumerate(nodes)])


def _line(condition: Condition, path: str) -> Line:
    line = Line(path, key_of(condition.on, condition.members), condition.op)
    line.window = json.dumps(condition.members["window"]) if "window" in condition.members else ""
    line.currency = condition.members.get("currency", "")
    line.where = rows_of(condition.members.get("where", ()))
    operand, value = BY_NAME[condition.op].operand, condition.value
    if operand is Operand.MANY:
        line.value = ", ".join(str(item) for item in value)
    elif operand is Operand.RANGE:
        line.value, line.second = str(value[0]), str(value[1])
    elif operand is Operand.SPAN:
        _put_span(line, value)
    elif isinstance(value, dict):
        line.value, line.second = str(value.get("from", "")), str(value.get("to", ""))
        line.kind = value.get("type", "")
        line.step_where = rows_of(value.get("where", ()))
        _put_span(line, value["within"])
    elif value is not None:
        line.value = str(value)
    return line


def _put_span(line: Line, span: Mapping[str, int]) -> None:
    for unit, count in span.items():
        line.unit, line.count = unit, str(count)


def box_posted(data: Mapping[str, Any]) -> Box:
    """The fields as they were sent; places that nobody drew are left out."""
    root = Box("r", data.get("mode:r", "all") if data.get("mode:r") in MODES else "all")
    boxes = {"r": root}
    paths = [name.partition(":")[2] for name in data if name.startswith(("mode:r.", "subject:r."))]
    for path in sorted(set(paths), key=_order):
        parent = boxes.get(path.rpartition(".")[0])
        if parent is None or len(path) > 60:
            continue
        if f"mode:{path}" in data:
            mode = str(data[f"mode:{path}"])
            boxes[path] = Box(path, mode if mode in MODES else "all")
            parent.items.append(boxes[path])
        else:
            given: dict[str, Any] = {name: str(data.get(f"{name}:{path}", "")) for name in _FIELDS}
            given |= {"where": rows_posted(data, path), "step_where": rows_posted(data, f"{path}{THEN}")}
            parent.items.append(Line(path, str(data[f"subject:{path}"]), **given))
    return root


def _order(path: str) -> tuple[int, ...]:
    return tuple(int(step) for step in path.split(".")[1:] if step.isdigit())


def first_line(path: str) -> Line:
    """The condition that a new line begins with."""
    return Line(path, key_of("profile", {"field": "country"}), "is_one_of")


def boxes(box: Box) -> Iterator[Box]:
    """The group and every group below."""
    yield box
    for item in list(box.items):
        if isinstance(item, Box):
            yield from boxes(item)


def rule_of(box: Box, using: Grammar) -> dict[str, Any]:
    """The rule that the fields spell, not yet checked; notes at every field where it stands in the rule."""
    return {"version": VERSION, "rule": _node(box, "/rule", using)}


def _node(item: Box | Line, pointer: str, using: Grammar) -> dict[str, Any]:
    if isinstance(item, Line):
        item.pointer = pointer
        return _condition(item, using)
    negated = item.mode in ("none", "not_all")
    mode = {"none": "any", "not_all": "all"}.get(item.mode, item.mode)
    item.pointer = at = f"{pointer}/not/{mode}" if negated else f"{pointer}/{mode}"
    group = {mode: [_node(child, f"{at}/{number}", using) for number, child in enumerate(item.items)]}
    return {"not": group} if negated else group


def _condition(line: Line, using: Grammar) -> dict[str, Any]:
    asked = members_of(line)
    subject = subject_of(line, using)
    allowed = {operator.name: operator for operator in operators_of(subject)} if subject else {}
    if line.op not in allowed:
        asking = [name for name, operator in allowed.items() if operator.operand is not Operand.NONE]
        line.op, line.value, line.second, line.count = next(iter([*asking, *allowed, ""])), "", "", ""
    operator = BY_NAME.get(line.op)
    value = _value(line, operator.operand, subject) if operator and subject else None
    return asked | {"op": line.op or None} | ({} if value is None else {"value": value})


def members_of(line: Line) -> dict[str, Any]:
    """Criterion and members of a line; {} when its subject is nothing of ours."""
    try:
        asked = json.loads(line.subject)
        window = json.loads(line.window) if line.window else None
    except ValueError:
        return {}
    if not isinstance(asked, dict):
        return {}
    where = where_of(line.where, known_properties(asked)) or None
    extra = {"window": window, "currency": line.currency.strip().upper() or None, "where": where}
    return asked | {name: value for name, value in extra.items() if value is not None}


def _step_of(line: Line) -> dict[str, Any]:
    """Criterion and members of the event that follows."""
    return members_of(line) | {"type": line.kind}


def subject_of(line: Line, using: Grammar) -> Subject | None:
    """What a line is about; None when its members are not complete or wrong.

    Conditions on properties, finished or not, do not change that.
    """
    asked = {name: value for name, value in members_of(line).items() if name != "where"}
    form = using.forms.get(asked.pop("on", ""))
    if form is None:
        return None
    try:
        return using.subject_of(form.on, form.check_members(asked, ""), "")
    except RuleError:
        return None


def _value(line: Line, operand: Operand, subject: Subject) -> Any:
    if operand is Operand.NONE:
        return None
    if operand is Operand.MANY:
        return [item.strip() for item in line.value.split(",") if item.strip()] or None
    if operand is Operand.RANGE:
        return [_typed(line.value, subject), _typed(line.second, subject)] if line.value else None
    if operand is Operand.SPAN:
        return {line.unit: _whole(line.count)} if line.count else None
    if operand is Operand.PERCENT:
        return number_of(line.value) if line.value else None
    if operand is Operand.ONE:
        return _typed(line.value, subject) if line.value else None
    within = {"within": {line.unit: _whole(line.count)}} if line.count else {}
    if operand is Operand.STEP:
        where = where_of(line.step_where, known_properties(_step_of(line)))
        return {"type": line.kind} | ({"where": where} if where else {}) | within
    ends = {"from": line.value, "to": line.second}
    wanted = {Operand.CHANGE: (), Operand.CHANGE_TO: ("to",), Operand.CHANGE_FROM_TO: ("from", "to")}[operand]
    return {name: _typed(ends[name], subject) for name in wanted} | within


def _typed(text: str, subject: Subject) -> Any:
    if subject.type is Type.BOOLEAN:
        return {"True": True, "False": False}.get(text, text)
    return number_of(text) if subject.type is Type.NUMBER else text


def _whole(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() else text


def point_out(box: Box, refusal: RuleError) -> list[str]:
    """Put each problem beside the field it is about; those that have none are answered."""
    homeless = []
    fields: list[Box | Line] = [*boxes(box), *box.lines()]
    for problem in refusal.problems:
        fits = [item for item in fields if item.pointer and problem.pointer.startswith(item.pointer)]
        best = max(fits, key=lambda item: len(item.pointer), default=None)
        if best is None:
            homeless.append(problem.message)
        else:
            best.error = best.error or problem.message
    return homeless


def dress(box: Box, using: Grammar, offered: frozenset[str]) -> None:
    """Give every line what its template draws; `offered` are the subjects that every line lists."""
    for line in box.lines():
        subject = subject_of(line, using)
        operator = BY_NAME.get(line.op)
        asked = members_of(line)
        form = using.forms.get(str(asked.get("on")))
        names = {member.name for member in form.members} if form else set()
        known = known_properties(asked) if "where" in names else {}
        dress_where(line.where, known)
        follows = known_properties(_step_of(line)) if line.kind else {}
        dress_where(line.step_where, follows)
        further = _further(asked)
        line.drawn = {
            "operators": [(one.name, one.phrase) for one in operators_of(subject)] if subject else [],
            "operand": operator.operand.value if operator else "none",
            "input": _INPUTS.get(subject.type, "text") if subject else "text",
            "options": subject.options if subject and len(subject.options) <= 60 else (),
            "units": [(unit, unit) for unit in UNITS],
            "windows": _windows(line) if "window" in names else [],
            "has_currency": "currency" in names,
            "has_where": "where" in names,
            "properties": sorted(known),
            "then": f"{line.path}{THEN}",
            "then_properties": sorted(follows),
            "further": further,
            "offered": line.subject in offered or any(line.subject == key for _, keys in further for key, _ in keys),
            "custom": form.words({n: v for n, v in asked.items() if n not in ("on", *_FREE)}) if form else "",
        }


def _further(asked: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What else a condition like this could be about, under its heading, as options."""
    on = str(asked.get("on"))
    criterion = segment_criteria().get(on)
    groups: dict[str, list[tuple[str, str]]] = {}
    for offer in criterion.further(asked) if criterion and criterion.further else ():
        groups.setdefault(offer.group, []).append((key_of(on, offer.members), offer.label))
    return list(groups.items())


def _windows(line: Line) -> list[tuple[str, str]]:
    known = [*WINDOWS, *([line.window] if line.window and line.window not in WINDOWS else [])]
    return [("", "at any time"), *((text, window_words(json.loads(text))) for text in known if _is_window(text))]


def _is_window(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def subject_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """Everything a condition can be about, under headings, as options."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for on, criterion in segment_criteria().items():
        for offer in criterion.offers():
            groups.setdefault(offer.group, []).append((key_of(on, offer.members), offer.label))
    return list(groups.items())
