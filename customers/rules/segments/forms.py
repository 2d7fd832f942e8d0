"""The shape of each criterion: its members, how words spell them, which types of value it can be about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from customers.rules.segments.lexer import Reader, quoted
from customers.rules.segments.mentions import Mentions
from customers.rules.segments.operators import CHANGES, Operator, Type, for_type
from customers.rules.segments.where import check_name, check_where, parse_where, where_words
from customers.rules.segments.windows import LONGEST, PERIODS, UNITS, check_window, parse_window, refuse, window_words

SPAN_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {unit: {"type": "integer", "minimum": 1, "maximum": LONGEST // size} for unit, size in UNITS.items()},
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}
_DAY: Final = {"type": "string", "format": "date"}


class Member(Protocol):
    """One member of a condition beside operator and operand."""

    @property
    def name(self) -> str: ...
    @property
    def required(self) -> bool: ...
    def check(self, raw: Any, pointer: str) -> Any:
        """The clean value; RuleError otherwise."""

    def words(self, value: Any) -> str:
        """How words spell it."""

    def parse(self, reader: Reader) -> Any:
        """What words spell next; None when it is not there."""

    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few names, each with its own words."""

    name: str
    labels: Mapping[str, str]
    required: bool = True

    def check(self, raw: Any, pointer: str) -> str:
        if not isinstance(raw, str) or raw not in self.labels:
            raise refuse(pointer, f"Choose one of: {', '.join(self.labels)}.", "not_an_option")
        return raw

    def words(self, value: Any) -> str:
        return self.labels[value]

    def parse(self, reader: Reader) -> Any:
        return reader.choice(dict(self.labels))

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.labels)}


@dataclass(frozen=True, slots=True)
class Name:
    """A name that people gave, in double quotes behind `lead`."""

    name: str
    lead: str = ""
    required: bool = True

    def check(self, raw: Any, pointer: str) -> str:
        return check_name(raw, pointer)

    def words(self, value: Any) -> str:
        return f"{self.lead} {quoted(value)}".strip()

    def parse(self, reader: Reader) -> Any:
        if not (reader.take(self.lead) if self.lead else self.required or reader.next_is("text")):
            return None
        return reader.value("text")

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": 255}


@dataclass(frozen=True, slots=True)
class Window:
    """The time in which facts count; without it all of them do."""

    name: str = "window"
    required: bool = False

    def check(self, raw: Any, pointer: str) -> dict[str, Any]:
        return check_window(raw, pointer)

    def words(self, value: Any) -> str:
        return window_words(value)

    def parse(self, reader: Reader) -> Any:
        return parse_window(reader)

    def schema(self) -> dict[str, Any]:
        period = {"type": "string", "enum": list(PERIODS)}
        alternatives = [{"last": SPAN_SCHEMA}, {"this": period}, {"previous": period}, {"from": _DAY, "until": _DAY}]
        return {
            "oneOf": [
                {"type": "object", "properties": shape, "minProperties": 1, "additionalProperties": False}
                for shape in alternatives
            ]
        }


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions on the properties of an event."""

    name: str = "where"
    required: bool = False

    def check(self, raw: Any, pointer: str) -> list[dict[str, Any]]:
        return check_where(raw, pointer)

    def words(self, value: Any) -> str:
        return where_words(value)

    def parse(self, reader: Reader) -> Any:
        return parse_where(reader)

    def schema(self) -> dict[str, Any]:
        return {"$ref": "#/$defs/where"}


@dataclass(frozen=True, slots=True)
class Form:
    """A criterion as people write it: `head` begins its words, unless a member does.

    `counts` says that its field `count` counts facts that each have an instant, so that scores may weigh them.
    `mentions` says what a condition depends on; without it segments that use it are calculated as a whole by the hour.
    `only` names the operators that may be asked, where not all of the types may.
    """

    on: str
    meaning: str
    types: tuple[Type, ...]
    members: tuple[Member, ...] = ()
    head: str = ""
    tracked: bool = False
    counts: bool = False
    example: Mapping[str, Any] = field(default_factory=dict)
    mentions: Mentions | None = None
    only: frozenset[str] = frozenset()

    def operators(self) -> list[Operator]:
        """Every operator that some subject of this criterion takes."""
        found = {operator.name: operator for kind in self.types for operator in for_type(kind)}
        found = {name: operator for name, operator in found.items() if not self.only or name in self.only}
        return [operator for operator in found.values() if self.tracked or operator.operand not in CHANGES]

    def check_members(self, raw: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        """The clean members in their order; RuleError for one that is missing, unknown or wrong."""
        known = {member.name for member in self.members}
        for name in raw:
            if name not in known and name not in ("on", "op", "value"):
                raise refuse(f"{pointer}/{name}", f"A condition on '{self.on}' has no '{name[:60]}'.", "unknown_member")
        clean: dict[str, Any] = {}
        for member in self.members:
            if raw.get(member.name) is not None:
                clean[member.name] = member.check(raw[member.name], f"{pointer}/{member.name}")
            elif member.required:
                message = f"Missing '{member.name}'; a condition without it is not counted."
                raise refuse(f"{pointer}/{member.name}", message, "missing_member")
        return clean

    def words(self, members: Mapping[str, Any]) -> str:
        """How words spell the subject."""
        parts = [member.words(members[member.name]) for member in self.members if member.name in members]
        return " ".join([self.head, *parts]).strip()

    def parse(self, reader: Reader) -> dict[str, Any]:
        """The members that words spell next, behind the head."""
        found = {member.name: member.parse(reader) for member in self.members}
        return {name: value for name, value in found.items() if value is not None}
