"""The members that every event may have: meaning, JSON Schema, what to write instead of a wrong value."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

MAX_TEXT: Final = 255
MAX_TOKEN: Final = 4_000
MAX_EVENT_BYTES: Final = 32_768


class Device(StrEnum):
    """What the person used."""

    MOBILE = "mobile"
    DESKTOP = "desktop"
    TABLET = "tablet"
    TV = "tv"
    WATCH = "watch"
    CONSOLE = "console"
    SPEAKER = "speaker"
    VEHICLE = "vehicle"
    KIOSK = "kiosk"
    SERVER = "server"
    OTHER = "other"


DEVICE_CODES: Final[Mapping[str, int]] = {device.value: code for code, device in enumerate(Device, start=1)}
DEVICE_NAMES: Final[Mapping[int, str]] = {code: name for name, code in DEVICE_CODES.items()}
NO_DEVICE: Final = 0


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an event: its schema, what it must be in words, a value that would do."""

    schema: Mapping[str, Any]
    must_be: str
    example: Any
    meaning: str


def _text(meaning: str, example: str, most: int = MAX_TEXT) -> Member:
    schema = {"type": "string", "minLength": 1, "maxLength": most}
    return Member(schema, f"a text of 1 to {most} characters", example, meaning)


MEMBERS: Final[Mapping[str, Member]] = {
    "type": _text("Name of the event type; in a batch only.", "click", 60),
    "schemaVersion": Member(
        {"type": "integer", "minimum": 1, "maximum": 32_767},
        "a version that this event type has",
        1,
        "Version of the type's schema; the current one when left out.",
    ),
    "eventId": _text(
        "Your id of the event. The same id sent again within 30 days is stored once and answered `duplicate`.",
        "5d1ae4a5-7d0f-7e2c-8a51-0d2c9ce1a001",
    ),
    "userId": _text("Your id of the person (external id) or our `cus_...`.", "12345"),
    "anonymousId": _text("Id of a visitor whom you do not know by name.", "3f1c9a70-device"),
    "timestamp": Member(
        {"type": "string", "format": "date-time"},
        "an RFC 3339 date and time with its offset",
        "2024-06-10T13:45:00Z",
        "When it happened.",
    ),
    "campaignId": _text("Your key of the campaign it belongs to.", "promo_2024_q2"),
    "elementId": _text("The button, link or area.", "signup-button"),
    "deviceType": Member(
        {"type": "string", "enum": [device.value for device in Device]},
        f"one of {', '.join(Device)}",
        "mobile",
        "What the person used.",
    ),
    "sessionId": _text("Your id of the visit.", "s-20240610-1"),
    "variant": _text("The variant of an experiment that was shown.", "B"),
    "exposureId": _text("The `exp_...` id that a decision of ours returned.", "exp_0KxTz3bSgk2mVd0aQ1wB7c"),
    "value": Member({"type": "number"}, "a number", 49.99, "What it was worth, in `currency`."),
    "currency": Member(
        {"type": "string", "pattern": "^[A-Z]{3}$"},
        "three capital letters (ISO 4217)",
        "USD",
        "Currency of `value`.",
    ),
    "consentToken": _text("A consent token that we issued; or the header X-Consent-Token.", "eyJhbGciOi...", MAX_TOKEN),
    "context": Member({"type": "object"}, "a JSON object", {"page": "/spring"}, "Where it happened, as you like."),
    "properties": Member({"type": "object"}, "a JSON object", {"colour": "blue"}, "What else there is to say."),
}


def must_be(name: str) -> str:
    """The sentence that follows `Invalid '<name>'`, with an example; empty for a member that nobody knows."""
    member = MEMBERS.get(name)
    return f"it must be {member.must_be}, for example {_shown(member.example)}." if member else ""


def _shown(example: Any) -> str:
    return f'"{example}"' if isinstance(example, str) else str(example).replace("'", '"')
