"""From a plain object, as scripts and tables of cases write it, to a `Case`; nonsense is refused with a sentence."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, time
from typing import Any

from consent.rules.case import Case
from consent.rules.ledger_phrases import read_ledger
from consent.rules.policy import RULE_SET_DATE, RULES
from consent.rules.purpose_phrases import read_channel, read_purpose, use_facts, usual_channel
from consent.rules.signals import gpc_signal
from consent.rules.vocabulary import Basis, Channel, Purpose, State
from consent.rules.wording import Facts, iso_moment, normalise


class CaseError(ValueError):
    """This cannot be read as a case. `code` for machines, `field` names the culprit, the text is for people."""

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


_ANYWHERE = {"", "-", "*", "any", "anywhere", "unknown", "none", "other"}
_CODE_OF_NAME = {rule.name.lower(): rule.code for rule in RULES.values()} | {
    "uk": "GB", "great britain": "GB", "usa": "US", "us other": "US", "european union": "EU", "québec": "CA-QC",
    "czech republic": "CZ",
}  # fmt: skip
_ISO_PLACE = re.compile(r"[A-Z]{2}(-([A-Z0-9]{1,3}|OTHER))?")

_BASES = {
    Basis.CONSENT: r"^consent|^tcpa|opt in$|express",
    Basis.CONTRACT: r"contract|6 ?\( ?1 ?\) ?\( ?b",
    Basis.LEGITIMATE_INTEREST: r"^li$|legitimate interest",
    Basis.SOFT_OPT_IN: r"soft opt in",
    Basis.NOTICE_OPT_OUT: r"opt out|can spam",
    Basis.IMPLIED: r"casl|implied",
    Basis.EXEMPTION: r"exempt|\bs\.? ?112",
    Basis.LEGAL_OBLIGATION: r"legal obligation",
    Basis.VITAL_INTEREST: r"vital interest",
    Basis.PUBLIC_TASK: r"public (task|interest)",
    Basis.NONE: r"^(-|none|any|n ?/ ?a)?$",
}
_BASIS_ORDER = (Basis.SOFT_OPT_IN, *(basis for basis in _BASES if basis is not Basis.SOFT_OPT_IN))

_AGE_WORDS: dict[str, Facts] = {
    "adult": {"age": 18},
    "known": {},
    "unknown": {"identified": False},
    "child": {"age": 12},
    "minor": {"age": 15},
    "teen": {"age": 15},
    **{word: {} for word in ("", "-", "any", "none", "n/a")},
}
_AGE_PHRASE = re.compile(r"(?P<below>under |below |< ?)?(?P<years>\d{1,3})(\+| ?years?( old)?)?")
_OLDEST = 130

_ALIASES = {
    "erased": "suppressed", "known": "identified", "doi": "doi_done", "parent": "parent_consent",
    "dpa_valid": "processor_valid", "seq": "ledger_seq", "gpc_first_seen": "gpc_first_seen_at",
    "merged": "merged_states", "own_use": "own_use_only", "soft_opt_out_offered": "opt_out_offered",
}  # fmt: skip
_READ_APART = {"place", "purpose", "channel", "ledger_state", "gpc", "age", "basis", "at"}
_KIND = {field.name: field.type for field in fields(Case) if field.name not in {*_READ_APART, "state"}}


def parse_case(raw: Mapping[str, Any], *, now: datetime | None = None) -> Case:
    """The case a plain object describes; CaseError when a part of it cannot be read.

    `place`, `purpose` and `ledger_state` are required; words are read as tables write them, and any field of `Case`
    may be given by its name and overrides what the words say. Without `at` the case is judged at `now`, without
    that on the day of the rule set. Other names are left unread: `unread_fields` lists them.
    """
    if not isinstance(raw, Mapping):
        raise CaseError("not_an_object", "", "A case must be a JSON object.")
    place = _place(raw)
    at = _instant(raw["at"], "at") if raw.get("at") else now or datetime.combine(RULE_SET_DATE, time(), UTC)
    purpose_text = normalise(_text(raw, "purpose"))
    purpose = _purpose(raw, purpose_text)
    basis = _basis(raw.get("basis"))
    facts: Facts = {"contract": basis is Basis.CONTRACT} | _ledger(raw, purpose_text, at)
    facts |= use_facts(f"{purpose_text}; {normalise(_text(raw, 'ledger_state'))}")
    facts |= _age(raw.get("age")) | _given(raw)
    return Case(
        place=place,
        purpose=purpose,
        channel=_channel(raw.get("channel"), purpose, purpose_text),
        at=at,
        basis=basis,
        gpc=_gpc(raw.get("gpc")),
        **facts,
    )


def unread_fields(raw: Mapping[str, Any]) -> list[str]:
    """Names in the object that `parse_case` does not look at, in order."""
    return sorted(set(raw) - _READ_APART - set(_KIND) - set(_ALIASES))


def _text(raw: Mapping[str, Any], field: str) -> str:
    if field not in raw:
        raise CaseError("missing_field", field, f"A case needs '{field}'.")
    value = raw[field]
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    raise CaseError(f"invalid_{field}", field, f"'{field}' must be a text.")


def _place(raw: Mapping[str, Any]) -> str:
    """A code that `resolve` understands, `*` for anywhere or unknown."""
    text = _text(raw, "place").strip().replace("_", "-")
    plain = re.sub(r"\s*\(.*\)$", "", text).strip()
    if plain.lower() in _ANYWHERE:
        return "*"
    code = _CODE_OF_NAME.get(plain.lower()) or _CODE_OF_NAME.get(plain.lower().removeprefix("us-")) or plain.upper()
    if code in RULES or _ISO_PLACE.fullmatch(code):
        return code
    sentence = f"'{text[:60]}' is not a place: use an ISO 3166 code such as DE or US-CA, EU, UK, any or unknown."
    raise CaseError("invalid_place", "place", sentence)


def _purpose(raw: Mapping[str, Any], text: str) -> Purpose:
    purpose = read_purpose(text)
    if purpose is None:
        names = ", ".join(Purpose)
        raise CaseError("invalid_purpose", "purpose", f"'{raw['purpose']!s:.60}' is not a purpose we know: {names}.")
    return purpose


def _channel(value: object, purpose: Purpose, purpose_text: str) -> Channel:
    named = read_channel(purpose_text) or usual_channel(purpose)
    text = normalise(value) if isinstance(value, str) else None
    if value is None or text in {"", "-"}:
        return named
    channel = read_channel(text) if text else None
    if channel is None:
        names = ", ".join(Channel)
        raise CaseError("invalid_channel", "channel", f"'{value!s:.60}' is not a channel we know: {names}.")
    return named if channel is Channel.ANY else channel


def _ledger(raw: Mapping[str, Any], purpose_text: str, at: datetime) -> Facts:
    text = _text(raw, "ledger_state")
    try:
        facts = read_ledger(normalise(text), purpose_text, at)
    except ValueError as error:
        raise CaseError("invalid_time", "ledger_state", f"A date in '{text[:60]}' does not exist.") from error
    if facts is None:
        sentence = f"'{text[:60]}' is not a ledger state we know: {', '.join(State)}."
        raise CaseError("invalid_ledger_state", "ledger_state", sentence)
    return facts


def _gpc(value: object) -> bool:
    """The number 1 and true count beside the header value `1`; any other text is no signal, as with the header."""
    if value is None or isinstance(value, bool):
        return value is True
    if isinstance(value, int):
        return value == 1
    if isinstance(value, str):
        return gpc_signal([value])
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return gpc_signal(value)
    raise CaseError("invalid_gpc", "gpc", "'gpc' must be 0, 1, or the value of the Sec-GPC header.")


def _age(value: object) -> Facts:
    sentence = f"'{value!s:.60}' is not an age: use full years from 0 to {_OLDEST}, adult, known or unknown."
    if value is None:
        return {}
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _OLDEST:
        return {"age": value}
    if not isinstance(value, str):
        raise CaseError("invalid_age", "age", sentence)
    text = value.strip().lower()
    if text in _AGE_WORDS:
        return _AGE_WORDS[text]
    match = _AGE_PHRASE.fullmatch(text)
    years = int(match["years"]) - bool(match["below"]) if match else -1
    if not 0 <= years <= _OLDEST:
        raise CaseError("invalid_age", "age", sentence)
    return {"age": years}


def _basis(value: object) -> Basis:
    text = normalise(value) if isinstance(value, str) else ""
    basis = next((basis for basis in _BASIS_ORDER if re.search(_BASES[basis], text)), None)
    try:
        basis = basis or Basis(text.replace(" ", "_"))
    except ValueError:
        basis = None
    if basis is None or not (value is None or isinstance(value, str)):
        raise CaseError("invalid_basis", "basis", f"'{value!s:.60}' is not a legal basis we know: {', '.join(Basis)}.")
    return basis


def _given(raw: Mapping[str, Any]) -> Facts:
    """Facts given by the name of a `Case` field."""
    named = {_ALIASES.get(name, name): (name, value) for name, value in raw.items()}
    return {
        field: _READ[_KIND[field]](value, name)
        for field, (name, value) in named.items()
        if field in _KIND and value is not None
    }


def _instant(value: object, field: str) -> datetime:
    try:
        return iso_moment(value if isinstance(value, str) else "")
    except ValueError as error:
        raise CaseError("invalid_time", field, f"'{field}' must be a date or instant in ISO 8601.") from error


def _flag(value: object, field: str) -> bool:
    if isinstance(value, bool):
        return value
    raise CaseError("invalid_fact", field, f"'{field}' must be true or false.")


def _number(value: object, field: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise CaseError("invalid_fact", field, f"'{field}' must be a whole number.")


def _states(value: object, field: str) -> tuple[State, ...]:
    if isinstance(value, list) and all(isinstance(item, str) and item in set(State) for item in value):
        return tuple(State(item) for item in value)
    raise CaseError("invalid_fact", field, f"'{field}' must list states: {', '.join(State)}.")


_READ: dict[Any, Callable[[object, str], Any]] = {
    bool: _flag,
    bool | None: _flag,
    int | None: _number,
    datetime | None: _instant,
    tuple[State, ...]: _states,
}
