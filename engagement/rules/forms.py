"""A form that says who sent it: the identifiers and consents in the properties of a `form-submit` event.

What identifies a person never stays in the event log, which is written once and never changed: it becomes the profile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.errors import InvalidInput, Problem

FORM_SUBMIT: Final = "form-submit"
CONTACT, CONSENTS = "contact", "consents"
MAX_CONSENTS: Final = 20
MEMBERS: Final[Mapping[str, str]] = {
    "email": "email",
    "phone": "phone",
    "externalId": "external_id",
    "firstName": "first_name",
    "lastName": "last_name",
    "country": "country",
    "region": "region",
    "language": "language",
    "timeZone": "time_zone",
    "birthDate": "birth_date",
    "attributes": "attributes",
}
"""Members of `contact`, and the fields of the profile that they are."""
_CHOICE: Final = {"purpose": str, "event": str, "notice": str, "noticeVersion": int, "locale": str, "evidence": dict}
BY_ITSELF: Final = Problem(
    "properties.contact", "invalid_parameter", "Send a form with contact or consents by itself: POST .../form-submit."
)
EVENTS: Final = ("granted", "refused", "withdrawn")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person ticked, or left alone: a purpose, and under which words."""

    purpose: str
    event: str
    notice: str
    notice_version: int | None
    locale: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Submission:
    """Fields of the profile, choices about consent, and what the event keeps of its properties."""

    profile: dict[str, Any]
    choices: tuple[Choice, ...]
    kept: dict[str, Any]


def names_sender(type_name: str, properties: Mapping[str, Any] | None) -> bool:
    """Whether the event is a form that says who sent it: a transaction of its own, which must come by itself."""
    return type_name == FORM_SUBMIT and bool((properties or {}).keys() & {CONTACT, CONSENTS})


def read_submission(type_name: str, properties: Mapping[str, Any] | None) -> Submission | None:
    """What the event says about its sender; None for any other event and for a form without `contact`.

    InvalidInput for an unknown member, and for consents without a contact: nobody would have given them.
    """
    if properties is None or not names_sender(type_name, properties):
        return None
    contact, consents = properties.get(CONTACT), properties.get(CONSENTS, [])
    if not isinstance(contact, dict) or not contact:
        raise _invalid(CONTACT, "give the fields that the form asked for, such as email")
    for name in contact:
        if name not in MEMBERS:
            raise _invalid(f"{CONTACT}.{name[:60]}", f"choose from {', '.join(MEMBERS)}")
    if not isinstance(consents, list) or len(consents) > MAX_CONSENTS:
        raise _invalid(CONSENTS, f"give a list of at most {MAX_CONSENTS} choices")
    kept = {name: value for name, value in properties.items() if name not in (CONTACT, CONSENTS)}
    form = {"form_id": kept["formId"]} if isinstance(kept.get("formId"), str) else {}
    return Submission(
        profile={MEMBERS[name]: value for name, value in contact.items()},
        choices=tuple(_choice(one, f"{CONSENTS}[{index}]", form) for index, one in enumerate(consents)),
        kept=kept,
    )


def _choice(raw: Any, at: str, form: Mapping[str, Any]) -> Choice:
    if not isinstance(raw, dict):
        raise _invalid(at, "give purpose and event")
    for name, value in raw.items():
        if name not in _CHOICE or isinstance(value, bool) or not isinstance(value, _CHOICE[name]):
            raise _invalid(f"{at}.{str(name)[:60]}", f"choose from {', '.join(_CHOICE)}")
    if not raw.get("purpose") or raw.get("event") not in EVENTS:
        raise _invalid(at, f"give a purpose, and as event one of {', '.join(EVENTS)}")
    return Choice(
        purpose=raw["purpose"],
        event=raw["event"],
        notice=raw.get("notice", ""),
        notice_version=raw.get("noticeVersion"),
        locale=raw.get("locale", ""),
        evidence={**form, **raw.get("evidence", {})},
    )


def _invalid(place: str, says: str) -> InvalidInput:
    return InvalidInput(f"Invalid 'properties.{place}': {says}.", param=f"properties.{place}")
