"""Reading what people and partners say about a campaign: each value checked, each refusal beside its field."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from unicodedata import category
from zoneinfo import available_timezones

from customers.rules.money import CURRENCIES

_UNFIT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, halves of pairs, separators of lines; narrow spaces and joined emoji are writing."""
Reader = Callable[[Any], Any]


class Unreadable(ValueError):
    """A value that cannot be used; the text says what is wanted."""


def read(name: str, value: Any, readers: Mapping[str, Reader] | None = None) -> Any:
    """The value of a field as it is stored; Unreadable with a sentence, KeyError for an unknown field."""
    return (READERS if readers is None else readers)[name](value)


def text(longest: int, *, needed: bool = False, lines: bool = False) -> Reader:
    """A text of at most so many characters, trimmed; one line unless `lines`."""

    def reader(value: Any) -> str:
        if not isinstance(value, str) or len(value.strip()) > longest or (needed and not value.strip()):
            raise Unreadable(f"send a text of {'1' if needed else '0'} to {longest:,} characters.")
        kept = value.replace("\r\n", "\n").strip()
        allowed = "\n\t" if lines else "\t"
        if any(category(letter) in _UNFIT and letter not in allowed for letter in kept):
            raise Unreadable("the text holds control characters.")
        return kept

    return reader


def whole(low: int, high: int, *, optional: bool = True) -> Reader:
    """A whole number between two bounds; null when `optional`."""

    def reader(value: Any) -> int | None:
        if value is None and optional:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Unreadable(f"send a whole number from {low} to {high:,}.")
        return value

    return reader


def amount(places: int, *, optional: bool) -> Reader:
    """An exact amount, not negative; null when `optional`."""

    def reader(value: Any) -> Decimal | None:
        if value is None and optional:
            return None
        try:
            amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or not 0 <= amount < 10**6 or -int(amount.as_tuple().exponent) > places:
            raise Unreadable(f"send an amount from 0 to 999,999 with at most {places} decimals.")
        return amount

    return reader


def clock(value: Any) -> time | None:
    """A time of day; None for nothing."""
    if value is None or value == "":
        return None
    try:
        return value if isinstance(value, time) else time.fromisoformat(value).replace(tzinfo=None)
    except (TypeError, ValueError) as error:
        raise Unreadable("send a time of day such as 21:00.") from error


def instant(value: Any) -> datetime | None:
    """An instant with an offset, in UTC; None for nothing."""
    if value is None or value == "":
        return None
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise Unreadable("send an instant such as 2026-06-01T09:00:00Z.") from error
    if at.tzinfo is None:
        raise Unreadable("the instant needs an offset or Z.")
    return at.astimezone(UTC)


def zone(value: Any) -> str:
    """The name of a time zone."""
    if not isinstance(value, str) or value not in available_timezones():
        raise Unreadable("send an IANA time zone such as Europe/Berlin.")
    return value


def currency(value: Any) -> str:
    """Money that people pay with."""
    if not isinstance(value, str) or value not in CURRENCIES:
        raise Unreadable("send the ISO 4217 code of a currency that people pay with, such as EUR.")
    return value


def yes_or_no(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Unreadable("send true or false.")
    return value


def reference(value: Any) -> str:
    """The key of something that is there already; '' for nothing."""
    return "" if value is None else str(text(60)(value))


def choice(*allowed: str) -> Reader:
    """One of these words."""

    def reader(value: Any) -> str:
        if value not in allowed:
            raise Unreadable(f"choose {' or '.join(allowed)}.")
        return str(value)

    return reader


def slugs(value: Any) -> tuple[str, ...]:
    """At most 20 different slugs."""
    if not isinstance(value, list | tuple) or len(value) > 20 or not all(isinstance(one, str) for one in value):
        raise Unreadable("send a list of at most 20 segments.")
    return tuple(dict.fromkeys(value))


READERS: Final[Mapping[str, Reader]] = {
    "name": text(120, needed=True),
    "goal": text(300),
    "purpose": text(40, needed=True),
    "channel": choice("email", "in_app", "webhook"),
    "include": slugs,
    "exclude": slugs,
    "subject": text(200),
    "body": text(100_000, lines=True),
    "promotion": reference,
    "tracking": yes_or_no,
    "send_at": instant,
    "per_minute": whole(1, 1_000_000),
    "quiet_from": clock,
    "quiet_until": clock,
    "time_zone": zone,
    "cap_messages": whole(1, 1_000),
    "cap_days": whole(1, 90, optional=False),
    "cap_choice": choice("defer", "skip", "replace"),
    "canary_percent": whole(1, 50),
    "canary_choice": choice("automatic", "approve"),
    "canary_minutes": whole(0, 10_000, optional=False),
    "canary_bounces": amount(2, optional=False),
    "canary_complaints": amount(2, optional=False),
    "pilot_percent": whole(1, 90),
    "pilot_people": whole(1, 1_000_000),
    "holdout_percent": whole(0, 50, optional=False),
    "budget": amount(2, optional=True),
    "cost_per_message": amount(4, optional=False),
    "currency": currency,
}
