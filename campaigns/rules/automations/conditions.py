"""Conditions on what happened, in words, one a line: `properties.total at least 50`."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from campaigns.rules.automations.schema import MAX_CONDITIONS, PATH

_OPS: Final = ("is", "is not", "contains", "at least", "at most", "is set")
_LINE: Final = re.compile(rf"(\S+)\s+({'|'.join(sorted(_OPS, key=len, reverse=True))})(?:\s+(.*))?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
_LONGEST: Final = 200


class ConditionFault(ValueError):
    """Why a line is no condition, in a sentence."""


def condition_words(condition: Mapping[str, Any]) -> str:
    """A condition as it is written; text stands in quotes, numbers do not."""
    op = str(condition["op"]).replace("_", " ")
    value = json.dumps(condition["value"], ensure_ascii=False) if "value" in condition else ""
    return f"{condition['field']} {op} {value if op != 'is set' else ''}".strip()


def write_conditions(conditions: Sequence[Mapping[str, Any]]) -> str:
    """Conditions one a line; `read_conditions` reads the same ones."""
    return "\n".join(condition_words(one) for one in conditions)


def read_conditions(text: str) -> list[dict[str, Any]]:
    """The conditions of a text, one a line; ConditionFault names the line and what is wrong with it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MAX_CONDITIONS:
        raise ConditionFault(f"Write at most {MAX_CONDITIONS} conditions.")
    return [_read(line) for line in lines]


def _read(line: str) -> dict[str, Any]:
    found = _LINE.fullmatch(line)
    if found is None:
        raise ConditionFault(
            f"“{line[:60]}” is no condition. Write a member, then {', '.join(_OPS[:-1])} or {_OPS[-1]}, then a value."
        )
    member, op, raw = found[1], found[2].lower(), (found[3] or "").strip()
    if not is_path(member):
        raise ConditionFault(f"“{member[:60]}” is no member: write its name, such as properties.total.")
    condition = {"field": member, "op": op.replace(" ", "_")}
    if op == "is set":
        if raw:
            raise ConditionFault(f'“{line[:60]}”: nothing follows “is set”. Write text in quotes: is "set".')
        return condition
    value = _value(raw, line)
    if op in ("at least", "at most") and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ConditionFault(f"“{line[:60]}”: “{op}” compares with a number, such as 50 or 12.5.")
    return {**condition, "value": value}


def is_path(text: str) -> bool:
    """Whether this names a member, such as properties.cartId."""
    return re.fullmatch(PATH, text) is not None and len(text) <= 80


def _value(raw: str, line: str) -> str | int | float | bool:
    if not raw:
        raise ConditionFault(f"“{line[:60]}” lacks its value.")
    if raw in ("true", "false"):
        return raw == "true"
    if _NUMBER.fullmatch(raw):
        return float(raw) if "." in raw else int(raw)
    text = _quoted(raw, line) if raw.startswith('"') else raw
    if len(text) > _LONGEST:
        raise ConditionFault(f"“{line[:60]}”: a text of at most {_LONGEST} letters.")
    return text


def _quoted(raw: str, line: str) -> str:
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if not isinstance(found, str):
        raise ConditionFault(f"“{line[:60]}”: a quote is not closed, or something follows it.")
    return found
