"""Turn the texts of a file into typed values; whatever could be read in two ways is refused, not guessed."""

import re
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from typing import Literal
from zoneinfo import available_timezones

DecimalMark = Literal[".", ","]
DATE_ORDERS = ("iso", "ymd", "dmy", "mdy")

MAX_WHOLE_DIGITS = 12
MAX_DECIMALS = 6
EARLIEST_YEAR = 1900

_YES = frozenset(["1", "yes", "y", "true", "t", "on", "x", "subscribed", "opted in", "ja", "oui", "si", "sí", "sim"])
_NO = frozenset(["0", "no", "n", "false", "f", "off", "unsubscribed", "opted out", "nein", "non", "não", "nao"])

_GROUPED = {
    ".": re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:[,' ][0-9]{3})+)(?:\.[0-9]+)?", re.ASCII),
    ",": re.compile(r"[+-]?(?:[0-9]+|[0-9]{1,3}(?:[.' ][0-9]{3})+)(?:,[0-9]+)?", re.ASCII),
}
_PLAIN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)
_SHORT = re.compile(rf"[+-]?[0-9]{{1,{MAX_WHOLE_DIGITS}}}(?:\.[0-9]{{1,{MAX_DECIMALS}}})?", re.ASCII)
_SHORTENED = re.compile(r"[0-9][.,]?[0-9]*[eE]\+[0-9]+", re.ASCII)
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?", re.ASCII | re.DOTALL)
_EMPTY_DATE = re.compile(r"0{1,4}([/.-])0{1,2}\1(?:0{1,4})")
_WRITTEN = re.compile(
    r"(?P<one>[0-9]{1,4})(?P<gap>[/.-])(?P<two>[0-9]{1,2})(?P=gap)(?P<three>[0-9]{1,4})"
    r"(?:[ T,]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?",
    re.ASCII,
)
_PARTS = {"iso": ("year", "month", "day"), "ymd": ("year", "month", "day")} | {
    "dmy": ("day", "month", "year"),
    "mdy": ("month", "day", "year"),
}


class BadValue(ValueError):
    """A text is not a value of the wanted type; the message never repeats it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def parse_number(text: str, mark: DecimalMark | None = None) -> Decimal:
    """An exact decimal: at most 12 digits before and 6 behind the mark.

    Without a stated `mark` only digits and a decimal point are read: "1,234" could be a thousand or one, so it is
    refused as `ambiguous_number`. With it, thousands may be grouped by the other mark, an apostrophe or a space.
    Other codes: bad_number, out_of_range, damaged_number (a spreadsheet wrote 7.2E+12 and lost the digits).
    """
    if mark != "," and _SHORT.fullmatch(text):
        return Decimal(text)
    compact = text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2019", "'").replace("\u2212", "-").strip()
    _refuse_unreadable(compact, mark)
    if mark == ",":
        compact = compact.replace(".", "").replace(",", ".")
    elif mark == ".":
        compact = compact.replace(",", "")
    whole, _, decimals = compact.replace("'", "").replace(" ", "").partition(".")
    if len(whole.lstrip("+-0")) > MAX_WHOLE_DIGITS or len(decimals.rstrip("0")) > MAX_DECIMALS:
        raise BadValue("out_of_range", "The number is too large or has too many decimals.")
    return Decimal(f"{whole}.{decimals}" if decimals else whole)


def _refuse_unreadable(text: str, mark: DecimalMark | None) -> None:
    if (_GROUPED[mark] if mark else _PLAIN).fullmatch(text):
        return
    refuse_shortened(text)
    if mark is None and any(pattern.fullmatch(text) for pattern in _GROUPED.values()):
        raise BadValue("ambiguous_number", "State whether the file writes decimals with a point or a comma.")
    raise BadValue("bad_number", f'This is not a number with "{mark or "."}" before the decimals.')


def parse_whole_number(text: str, mark: DecimalMark | None = None) -> int:
    """A number without decimals; code `not_a_whole_number` beside those of `parse_number`."""
    number = parse_number(text, mark)
    if number != number.to_integral_value():
        raise BadValue("not_a_whole_number", "Give a whole number.")
    return int(number)


def parse_boolean(text: str) -> bool:
    """Yes or no in the words of the usual exports; code `bad_boolean`."""
    word = text.strip().casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise BadValue("bad_boolean", "Give yes or no.")


def parse_datetime(text: str, order: str = "iso", zone: tzinfo = UTC) -> datetime | None:
    """An instant in UTC; a time without an offset is local time in `zone`, a date alone its midnight there.

    ISO 8601 dates (year first, hyphens) are always read. Every other spelling needs `order`: "dmy", "mdy" or "ymd"
    ("/", "." or "-" between, two-digit years after POSIX: 69 to 99 are 19xx, optional time with AM or PM), or a
    strptime format, told by its "%". Without it: `ambiguous_date`. Zeros only (0/0/00, as Outlook writes "never")
    are None. Other codes: bad_date, out_of_range.
    """
    stripped = text.strip()
    if _ISO.fullmatch(stripped):
        moment = _iso(stripped)
    elif _EMPTY_DATE.fullmatch(stripped):
        return None
    else:
        moment = _written(stripped, order)
    if moment.year < EARLIEST_YEAR:
        raise BadValue("out_of_range", f"The year must be {EARLIEST_YEAR} or later.")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    if moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError as wrong:
        raise BadValue("out_of_range", "The date is too far away.") from wrong


def parse_date(text: str, order: str = "iso") -> date | None:
    """A calendar day, read like the dates of `parse_datetime`; a time behind it is left out."""
    stripped = text.strip()
    moment = parse_datetime(stripped[:10] if _ISO.fullmatch(stripped) else stripped, order)
    return moment.date() if moment else None


@cache
def known_time_zones() -> frozenset[str]:
    """Names of the IANA time zones of this machine, looked up once."""
    return frozenset(available_timezones())


def refuse_shortened(text: str) -> str:
    """`text` unless it is an id that a spreadsheet turned into 7.21045E+12; then BadValue `damaged_number`."""
    if _SHORTENED.fullmatch(text):
        sentence = "A spreadsheet shortened this number and lost digits; format its column as text and export again."
        raise BadValue("damaged_number", sentence)
    return text


def _iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _written(text, "ymd")


def _written(text: str, order: str) -> datetime:
    if "%" in order:
        return _by_format(text, order)
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise BadValue("bad_date", "This is not a date.")
    if order == "iso" and not (len(match["one"]) == 4 and match["gap"] == "-"):
        raise BadValue("ambiguous_date", "State whether the file writes day or month first.")
    parts = dict(zip(_PARTS[order], (match["one"], match["two"], match["three"]), strict=True))
    year = int(parts["year"])
    if len(parts["year"]) == 2:
        year += 1900 if year >= 69 else 2000
    try:
        return datetime(year, int(parts["month"]), int(parts["day"]), *_time_of_day(match))  # noqa: DTZ001
    except ValueError as wrong:
        raise BadValue("bad_date", "There is no such day or time.") from wrong


def _time_of_day(match: re.Match[str]) -> tuple[int, int, int]:
    hour, half = int(match["hour"] or 0), (match["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    return hour, int(match["minute"] or 0), int(match["second"] or 0)


def _by_format(text: str, pattern: str) -> datetime:
    try:
        return datetime.strptime(text, pattern)  # noqa: DTZ007
    except ValueError as wrong:
        raise BadValue("bad_date", "The date does not follow the stated format.") from wrong
