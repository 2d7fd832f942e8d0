"""What stands behind an operator: checked against the type of the subject, spelled in words and read back."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from customers.rules.segments.lexer import Reader, quoted
from customers.rules.segments.operators import Operand, Operator, Type
from customers.rules.segments.tree import MAX_TEXT, MAX_VALUES
from customers.rules.segments.windows import check_day, check_span, midnight, parse_span, refuse, span_words

MAX_NUMBER: Final = 2**53
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a condition is about: its type, its name for people, the values it may have (none: any).

    `personal` values are shown to readers with that right only; `tracked` subjects keep a history of changes;
    `check` says what is wrong with a text value, or ""; `step` checks the event that follows in a sequence. `only`
    names the operators that may be asked, where not all of the type may.
    """

    type: Type
    label: str
    options: tuple[str, ...] = ()
    personal: bool = False
    tracked: bool = False
    ranked: bool = True
    check: Callable[[str], str] | None = None
    step: Callable[[Any, str], dict[str, Any]] | None = None
    only: frozenset[str] = frozenset()


def check_operand(operator: Operator, subject: Subject, raw: Any, pointer: str) -> Any:
    """The clean operand; RuleError names the place of what is wrong with it."""
    at = f"{pointer}/value"
    if operator.operand is Operand.NONE:
        if raw is not None:
            raise refuse(at, f"The operator '{operator.name}' takes no value.")
        return None
    if raw is None:
        raise refuse(at, "Give a value; a condition without one is not counted.", "missing_value")
    if operator.operand is Operand.STEP and subject.step is not None:
        return subject.step(raw, at)
    return _CHECKS[operator.operand](operator, subject, raw, at)


def _one(operator: Operator, subject: Subject, raw: Any, at: str) -> Any:
    return _value(operator, subject, raw, at)


def _many(operator: Operator, subject: Subject, raw: Any, at: str) -> list[Any]:
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_VALUES:
        raise refuse(at, f"Give a list of 1 to {MAX_VALUES} values.")
    clean = [_value(operator, subject, item, f"{at}/{index}") for index, item in enumerate(raw)]
    return list(dict.fromkeys(clean))


def _range(operator: Operator, subject: Subject, raw: Any, at: str) -> list[Any]:
    if not isinstance(raw, list) or len(raw) != 2:
        raise refuse(at, "Give two values, the lower first.")
    low, high = (_value(operator, subject, item, f"{at}/{index}") for index, item in enumerate(raw))
    if _instant(low) > _instant(high):
        raise refuse(at, "Give two values, the lower first.")
    return [low, high]


def _span(operator: Operator, subject: Subject, raw: Any, at: str) -> dict[str, int]:
    span = check_span(raw, at)
    if subject.type is Type.DATE and "hours" in span:
        raise refuse(at, "A date has no hours: use days or weeks.")
    if operator.name == "anniversary_within" and span not in [{"days": n} for n in range(1, 367)]:
        raise refuse(at, "Use 1 to 366 days.")
    return span


def _percent(operator: Operator, subject: Subject, raw: Any, at: str) -> int | float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 < raw < 100:
        raise refuse(at, "Give a share between 0 and 100 percent.")
    return raw


def _change(operator: Operator, subject: Subject, raw: Any, at: str) -> dict[str, Any]:
    names = [name for name in _CHANGE_NAMES[operator.operand] if name != "within"]
    if not isinstance(raw, dict) or set(raw) != {*names, "within"}:
        raise refuse(at, f"Give {', '.join([*names, 'within'])}.")
    clean = {name: _value(operator, subject, raw[name], f"{at}/{name}") for name in names}
    return clean | {"within": check_span(raw["within"], f"{at}/within")}


_CHANGE_NAMES: Final[Mapping[Operand, tuple[str, ...]]] = {
    Operand.CHANGE: ("within",),
    Operand.CHANGE_TO: ("to", "within"),
    Operand.CHANGE_FROM_TO: ("from", "to", "within"),
}
_CHECKS: Final[dict[Operand, Callable[[Operator, Subject, Any, str], Any]]] = {
    Operand.ONE: _one,
    Operand.MANY: _many,
    Operand.RANGE: _range,
    Operand.SPAN: _span,
    Operand.PERCENT: _percent,
    Operand.CHANGE: _change,
    Operand.CHANGE_TO: _change,
    Operand.CHANGE_FROM_TO: _change,
}


def _value(operator: Operator, subject: Subject, raw: Any, at: str) -> Any:
    """One value of the type that the operator compares; an undescribed property takes the operator's own type."""
    value_type = subject.type
    if value_type is Type.ANY:
        value_type = Type.NUMBER if Type.NUMBER in operator.types else Type.TEXT
    if value_type is Type.NUMBER:
        return _number(raw, at)
    if value_type is Type.BOOLEAN:
        return _flag(raw, at)
    if value_type is Type.DATE:
        return check_day(raw, at)
    if value_type is Type.DATETIME:
        return _moment(raw, at)
    return _text(subject, raw, at)


def _number(raw: Any, at: str) -> int | float:
    fits = isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw) and abs(raw) <= MAX_NUMBER
    if not fits:
        raise refuse(at, "Enter a number.")
    return int(raw) if isinstance(raw, int) else float(raw)


def _flag(raw: Any, at: str) -> bool:
    if not isinstance(raw, bool):
        raise refuse(at, "Give true or false.")
    return raw


def _moment(raw: Any, at: str) -> str:
    if isinstance(raw, str) and "T" in raw:
        try:
            moment = datetime.fromisoformat(raw)
            if moment.tzinfo is None or not 1900 <= moment.year <= 2200:
                raise refuse(at, "Give a day, or an instant with its offset such as 2026-01-31T12:00:00Z.")
            return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        except ValueError as wrong:
            raise refuse(at, "Give a day, or an instant with its offset such as 2026-01-31T12:00:00Z.") from wrong
    return check_day(raw, at)


def _text(subject: Subject, raw: Any, at: str) -> str:
    if not isinstance(raw, str) or not raw.strip() or len(raw) > MAX_TEXT or _UNSTORABLE.search(raw):
        raise refuse(at, f"Give a text of 1 to {MAX_TEXT} characters.")
    if subject.options and raw not in subject.options:
        shown = ", ".join(subject.options[:12]) + (", ..." if len(subject.options) > 12 else "")
        raise refuse(at, f"Choose one of: {shown}.", "not_an_option")
    wrong = subject.check(raw) if subject.check else ""
    if wrong:
        raise refuse(at, wrong)
    return raw


def _instant(value: Any) -> Any:
    """Something that compares: days and instants mix."""
    if isinstance(value, str):
        return datetime.fromisoformat(value) if "T" in value else midnight(value)
    return value


def operand_words(operator: Operator, value: Any) -> str:
    """The operand behind its operator, such as `is one of "DE", "FR"`."""
    if operator.operand is Operand.NONE:
        return operator.phrase
    if operator.operand in _CHANGE_NAMES:
        ends = " to ".join(_literal_words(value[name]) for name in ("from", "to") if name in value)
        return " ".join(filter(None, [operator.phrase, ends, "within", span_words(value["within"])]))
    return f"{operator.phrase} {_SPELLED[operator.operand](operator, value)}"


def _literal_words(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else quoted(value)


_SPELLED: Final[dict[Operand, Callable[[Operator, Any], str]]] = {
    Operand.ONE: lambda operator, value: _literal_words(value),
    Operand.MANY: lambda operator, value: ", ".join(quoted(item) for item in value),
    Operand.RANGE: lambda operator, value: f"{quoted(value[0])} {operator.joint} {quoted(value[1])}",
    Operand.SPAN: lambda operator, value: span_words(value),
    Operand.PERCENT: lambda operator, value: f"{quoted(value)} percent",
}


def parse_operand(operator: Operator, reader: Reader) -> Any:
    """The operand that words spell next, not yet checked."""
    if operator.operand is Operand.NONE:
        return None
    if operator.operand is Operand.SPAN:
        return parse_span(reader)
    if operator.operand in _CHANGE_NAMES:
        return _parse_change(operator, reader)
    first = _literal(reader)
    if operator.operand is Operand.MANY:
        values = [first]
        while reader.take(","):
            values.append(_literal(reader))
        return values
    if operator.operand is Operand.RANGE:
        reader.expect(operator.joint)
        return [first, _literal(reader)]
    if operator.operand is Operand.PERCENT:
        reader.expect("percent")
    return first


def _literal(reader: Reader) -> Any:
    if reader.take("yes"):
        return True
    return False if reader.take("no") else reader.value("text", "number")


def _parse_change(operator: Operator, reader: Reader) -> dict[str, Any]:
    names = [name for name in _CHANGE_NAMES[operator.operand] if name != "within"]
    change: dict[str, Any] = {}
    for index, name in enumerate(names):
        if index:
            reader.expect("to")
        change[name] = _literal(reader)
    reader.expect("within")
    return change | {"within": parse_span(reader)}
