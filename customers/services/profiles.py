"""From what a caller sent to a draft: names, types, identifiers, attributes and sensitive numbers checked."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from core.errors import DomainError, InvalidInput, Problem
from customers.models import IdentityKind, Status
from customers.rules.conversions import known_time_zones
from customers.rules.countries import COUNTRY_NAMES, region_code
from customers.rules.identity import BadIdentity
from customers.rules.sensitive import SensitiveKind, find_sensitive
from customers.services.drafts import BLANK, Draft, Mode
from customers.services.guards import Identifier
from customers.services.identity_rules import clean_identifier

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")
_NAMES: Final = {
    SensitiveKind.PAYMENT_CARD: "payment-card number",
    SensitiveKind.US_SSN: "social-security number",
}
AttributeCheck = Callable[[Mapping[str, Any]], tuple[dict[str, Any], list[Problem]]]


class _Refused(ValueError):
    """A value that a field cannot take; the text says what it can."""


def make_draft(
    *,
    mode: Mode,
    properties: Mapping[str, Any],
    check_attributes: AttributeCheck,
    key: Identifier | None = None,
    **more: Any,
) -> Draft:
    """A draft of clean values, already refused when any value is wrong: every problem is named with its field.

    `more` is what else a Draft takes.
    """
    values, problems = clean(properties=properties, check_attributes=check_attributes)
    draft = Draft(mode=mode, values=values, key=key, **more)
    if problems:
        draft.refuse(refusal_of(problems=problems))
    return draft


def refusal_of(*, problems: list[Problem]) -> DomainError:
    """One 400 that names the first problem and lists all."""
    first = problems[0]
    message = first.message if first.code == "sensitive_number" else f"Invalid '{first.param}'"
    message = f"Unknown parameter '{first.param}'" if first.code == "unknown_parameter" else message
    return InvalidInput(message, code=first.code, param=first.param, details=problems)


def clean(*, properties: Mapping[str, Any], check_attributes: AttributeCheck) -> tuple[dict[str, Any], list[Problem]]:
    """(columns, problems) of one profile; a field with a problem has no column."""
    values: dict[str, Any] = {}
    problems = sensitive_problems(value=properties)
    country = str(properties.get("country") or "").upper() or None
    for name, raw in properties.items():
        if name == "attributes":
            values[name], found = check_attributes(raw if isinstance(raw, Mapping) else {"": raw})
            problems += found
        elif name not in _FIELDS:
            problems.append(Problem(name, "unknown_parameter", "A customer has no field of this name."))
        else:
            try:
                values[name] = BLANK[name] if raw is None or raw == "" else _FIELDS[name](raw, country)
            except BadIdentity as refusal:
                problems.append(Problem(name, refusal.code, refusal.message))
            except _Refused as refusal:
                problems.append(Problem(name, "invalid_parameter", str(refusal)))
    return values, problems


def sensitive_problems(*, value: object, path: str = "") -> list[Problem]:
    """One problem for each payment-card or social-security number, naming where it stands and never the number."""
    return [
        Problem(
            finding.path,
            "sensitive_number",
            f"'{finding.path}' seems to hold a {_NAMES[finding.kind]}, which is not stored here.",
        )
        for finding in find_sensitive(value, path)
    ]


def _text(limit: int) -> Callable[[Any, str | None], str]:
    def parse(raw: Any, _: str | None) -> str:
        if not isinstance(raw, str):
            raise _Refused("Send a text.")
        text = raw.strip()
        if len(text) > limit:
            raise _Refused(f"Send at most {limit} characters.")
        if _CONTROL.search(text):
            raise _Refused("Control characters and broken text cannot be stored.")
        return text

    return parse


def _identity(kind: str) -> Callable[[Any, str | None], str]:
    def parse(raw: Any, country: str | None) -> str:
        if isinstance(raw, bool) or not isinstance(raw, str | int):
            raise _Refused("Send a text.")
        return clean_identifier(kind=kind, raw=str(raw), region=country if country in COUNTRY_NAMES else None)

    return parse


def _country(raw: Any, _: str | None) -> str:
    text = raw.strip().upper() if isinstance(raw, str) else ""
    if text not in COUNTRY_NAMES:
        raise _Refused("Send a two-letter country code of ISO 3166-1, such as DE.")
    return text


def _region(raw: Any, country: str | None) -> str:
    code = region_code(raw) if isinstance(raw, str) and "-" in raw else None
    if code is None:
        raise _Refused("Send a code of ISO 3166-2, such as US-CA.")
    if country in COUNTRY_NAMES and not code.startswith(f"{country}-"):
        raise _Refused("The region does not lie in the country.")
    return code


def _language(raw: Any, _: str | None) -> str:
    text = raw.strip() if isinstance(raw, str) else ""
    if not _LANGUAGE.fullmatch(text) or len(text) > 12:
        raise _Refused("Send a language code such as en or pt-BR.")
    return text


def _time_zone(raw: Any, _: str | None) -> str:
    if not isinstance(raw, str) or raw not in known_time_zones():
        raise _Refused("Send a time zone of the IANA database, such as Europe/Berlin.")
    return raw


def _birth_date(raw: Any, _: str | None) -> date:
    try:
        day = date.fromisoformat(raw) if isinstance(raw, str) and len(raw) == 10 else None
    except ValueError:
        day = None
    if day is None or day.year < 1900:
        raise _Refused("Send a date such as 1984-05-23.")
    return day


def _status(raw: Any, _: str | None) -> str:
    if raw not in (Status.ACTIVE, Status.INACTIVE):
        raise _Refused("Send active or inactive.")
    return str(raw)


_FIELDS: Final[dict[str, Callable[[Any, str | None], Any]]] = {
    "external_id": _identity(IdentityKind.EXTERNAL_ID),
    "email": _identity(IdentityKind.EMAIL),
    "phone": _identity(IdentityKind.PHONE),
    "first_name": _text(120),
    "last_name": _text(120),
    "country": _country,
    "region": _region,
    "language": _language,
    "time_zone": _time_zone,
    "birth_date": _birth_date,
    "status": _status,
}
