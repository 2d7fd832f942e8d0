"""Helpers for reading facts from short English phrases, as people write them in a table of cases."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from consent.rules.periods import add_months

Facts = dict[str, Any]
"""Names of `Case` fields with their values."""

Phrase = tuple[re.Pattern[str], Facts]


def phrase(pattern: str, **facts: Any) -> Phrase:
    """A pattern over normalised text and the facts it states."""
    return re.compile(pattern), facts


def normalise(text: str) -> str:
    """Lower case, hyphens and underscores as spaces, quotes dropped, single spaces; ISO dates keep their hyphens."""
    plain = re.sub(r"[\u2013\u2014]", "-", text.lower())
    plain = re.sub(r"['\"`\u2018\u2019\u201c\u201d]", " ", plain)
    plain = re.sub(r"(?<!\d)[-_]|[-_](?!\d)", " ", plain)
    return re.sub(r"\s+", " ", plain).strip()


def stated(text: str, phrases: tuple[Phrase, ...]) -> Facts:
    """All facts the text states; a later phrase of the table overrides an earlier one."""
    found: Facts = {}
    for pattern, facts in phrases:
        if pattern.search(text):
            found |= facts
    return found


_AGE = re.compile(
    r"(?P<how>more than|over|older than|after|within|less than|under|up to)? ?"
    r"\b(?P<count>\d+|a|an|one|last) (?P<unit>day|week|month|year)s?\b"
)
_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}
_MOST = 1_200
_BEYOND = {"more than", "over", "older than", "after"}
_SHORT_OF = {"within", "less than", "under"}


def moment(text: str, at: datetime) -> datetime | None:
    """The instant a phrase such as `5 months ago`, `last year` or `on 2026-03-01` means, seen from `at`."""
    on_date = re.search(r"(?<!valid until )\b(\d{4}-\d{2}-\d{2})\b", text)
    if on_date:
        return iso_moment(on_date[1])
    age = _AGE.search(text)
    return None if age is None else _ago(age, at)


def _ago(age: re.Match[str], at: datetime) -> datetime:
    count = int(age["count"]) if age["count"].isdigit() else 1
    if count > _MOST:
        raise ValueError(f"{count} {age['unit']}s is longer than any record.")
    if age["unit"] in _DAYS:
        ago = at - timedelta(days=count * _DAYS[age["unit"]])
    else:
        ago = add_months(at, -count * _MONTHS[age["unit"]])
    if age["how"] in _BEYOND:
        return ago - timedelta(days=1)
    return ago + timedelta(days=1) if age["how"] in _SHORT_OF else ago


def iso_moment(text: str) -> datetime:
    """An ISO 8601 date or instant of the years 1970 to 2199, UTC when no zone is given; ValueError otherwise."""
    value = datetime.fromisoformat(text)
    if not 1970 <= value.year < 2200:
        raise ValueError(f"{text} is outside the years 1970 to 2199.")
    return value if value.tzinfo else value.replace(tzinfo=UTC)
