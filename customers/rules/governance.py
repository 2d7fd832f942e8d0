"""Who decides about a field: quality rules that values are measured by, and what stands when systems disagree."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from django.db.models.enums import TextChoices

from customers.rules.countries import COUNTRY_NAMES
from customers.rules.identity import BadIdentity, normalise
from customers.rules.sealed import is_sealed

ATTRIBUTE: Final = "attributes."
"""What the name of a custom attribute begins with among the fields."""
IMPORT: Final = "import"
SOURCES: Final = {
    "staff": "People in the console",
    "client": "Any API client",
    IMPORT: "Imported files",
    "system": "The system: automations, models",
}
"""Words for where a value comes from; `client:cli_...` names one API client."""
PERSON: Final = "person"
"""What people say about themselves always stands: GDPR Article 16 gives them the right to have data put right."""
ANYBODY: Final = ""
"""No system's claim: such a value takes its place now, and gives way to whatever comes next."""
_SOURCE: Final = re.compile(r"client:cli_[0-9A-Za-z]{1,40}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")
_NUMBER: Final = re.compile(r"[+-]?\d+([.,]\d+)?")


class ConflictRule(TextChoices):
    """What stands when a field has a value and another one arrives."""

    NEWEST = "newest", "The newest value"
    SOURCE = "source", "The value of the system that comes first in the list"
    NO_IMPORT = "no_import", "What is there: imports only fill empty fields"


class Format(TextChoices):
    """What values of a field must look like."""

    EMAIL = "email", "E-mail address"
    PHONE = "phone", "Phone number, E.164"
    COUNTRY = "country", "Country code, ISO 3166-1"
    LANGUAGE = "language", "Language code, BCP 47"
    DATE = "date", "Date, YYYY-MM-DD"
    URL = "url", "Web address"
    NUMBER = "number", "Number"
    NAME = "name", "Name: letters, not all small or all capitals"


@dataclass(frozen=True, slots=True)
class Policy:
    """What was decided about one field; attributes are called `attributes.<key>`.

    `sources` are words of SOURCES or single API clients, the one whose value stands against all others first.
    `required` says that every known customer should have a value; `format` and `allowed` say which are right.
    """

    field: str
    conflict: str = ConflictRule.NEWEST
    sources: tuple[str, ...] = ()
    required: bool = False
    format: str = ""
    allowed: tuple[str, ...] = ()


DEFAULTS: Final = {
    policy.field: policy
    for policy in (
        Policy("email", format=Format.EMAIL),
        Policy("phone", format=Format.PHONE),
        Policy("first_name", format=Format.NAME),
        Policy("last_name", format=Format.NAME),
        Policy("country", format=Format.COUNTRY, required=True),
        Policy("language", format=Format.LANGUAGE),
    )
}
"""Rules of profile fields that hold until somebody decides otherwise; the country decides which law applies."""


def default_policy(field: str) -> Policy:
    """What holds for a field about which nobody decided: the newest value stands."""
    return DEFAULTS.get(field) or Policy(field)


def is_source(text: str) -> bool:
    """Whether `text` may stand in `sources`."""
    return text in SOURCES or _SOURCE.fullmatch(text) is not None


def source_of(actor: str, *, imported: bool) -> str:
    """The source behind a write: of a file, an API client by its id, else the kind of actor.

    `actor` is `kind:id`. Which member of staff wrote does not matter here.
    """
    if imported:
        return IMPORT
    kind = actor.partition(":")[0]
    return actor if kind == "client" else kind


def may_replace(policy: Policy, *, held_by: str, source: str) -> bool:
    """Whether a value from `source` may take the place of another that came from `held_by`; either may be ANYBODY.

    Sources that the list does not name stand behind those it names; of two in the same place the newer value stands,
    and against an unknown origin every value does.
    """
    if source in (PERSON, ANYBODY) or policy.conflict == ConflictRule.NEWEST:
        return True
    if policy.conflict == ConflictRule.NO_IMPORT:
        return source != IMPORT
    return not held_by or _rank(policy.sources, source) <= _rank(policy.sources, held_by)


def _rank(sources: Sequence[str], source: str) -> int:
    if source == PERSON:
        return -1
    for word in (source, source.partition(":")[0]):
        if word in sources:
            return sources.index(word)
    return len(sources)


def is_blank(value: Any) -> bool:
    """Whether there is nothing to keep or to measure."""
    return value is None or value in ("", []) or (isinstance(value, str) and not value.strip())


def breaks(policy: Policy, value: Any) -> str:
    """`format` or `allowed` when a value is not as the rule of its field says, else empty; blank and sealed ones pass.

    Of a list every item must be right.
    """
    if is_blank(value) or is_sealed(value):
        return ""
    items = value if isinstance(value, list) else [value]
    if policy.format and not all(_FORMATS[policy.format](_text(item)) for item in items):
        return "format"
    return "allowed" if policy.allowed and not all(_text(item) in policy.allowed for item in items) else ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def _identifier(kind: str) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return normalise(kind, text) == text
        except BadIdentity:
            return False

    return check


def _is_date(text: str) -> bool:
    try:
        return len(text) == len("2024-12-31") and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in parts.netloc and " " not in text


def _is_name(text: str) -> bool:
    letters = "".join(character for character in text if character.isalpha())
    if not letters or any(character.isdigit() or character == "@" for character in text):
        return False
    cased = letters.lower() != letters.upper()
    return len(letters) == 1 or not cased or letters not in (letters.lower(), letters.upper())


_FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    "email": _identifier("email"),
    "phone": _identifier("phone"),
    "country": lambda text: text in COUNTRY_NAMES,
    "language": lambda text: _LANGUAGE.fullmatch(text) is not None,
    "date": _is_date,
    "url": _is_url,
    "number": lambda text: _NUMBER.fullmatch(text) is not None,
    "name": _is_name,
}
