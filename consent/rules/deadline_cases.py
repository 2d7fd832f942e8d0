"""From a plain object, as scripts and tables of cases write it, to a deadline case; nonsense is refused in words."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from consent.rules.cases import CaseError
from consent.rules.deadlines import Case, Clock, Happening
from consent.rules.regimes import Regime, regime_of, zone_of

_WORDS: Final = (
    (r"keep|retain|record", Clock.KEEP),
    (r"publish|metrics|7102", Clock.PUBLISH),
    (r"unsub", Clock.UNSUBSCRIBE),
    (r"re-?ask|ask-again|not-before|no-ask|wait|12-?m", Clock.ASK_AGAIN),
    (r"appeal", Clock.APPEAL),
    (r"^ack", Clock.ACKNOWLEDGE),
    (r"opt-?out|15-?bd|limit", Clock.OPT_OUT),
    (r"respond|exten|pause|start|^due|clarif|decide|answer|45|90", Clock.RESPOND),
)
_EXTENDED: Final = re.compile(r"^(extend(ed)?(-?\d+)?|respond-90)$")
_ROLES: Final = ("identity", "clarification", "fee")
_KINDS: Final = frozenset(
    {"received_at", "extended", "closed", "fee_paid"}
    | {f"{role}_{word}" for role in _ROLES for word in ("requested", "received", "answered")}
)
_YEARS: Final = range(1990, 2091)
_YEAR: Final = re.compile(r"(?:CY ?)?(\d{4})")


def parse_deadline_case(raw: Mapping[str, Any], *, today: date | None = None) -> Case:
    """The case of `{regime, type, received, clock, events}`; CaseError names the member that cannot be read.

    An instant of receipt keeps the date of its own offset; one in UTC is read in the zone of the place.
    """
    regime = regime_of(_text(raw, "regime"))
    if regime is None:
        raise CaseError("unknown_regime", "regime", "Write a regime such as EU/DE, UK/UK, US-CA, US-VA, CA-QC or BR.")
    clock = _clock(_text(raw, "clock"), str(raw.get("type") or ""), regime)
    happenings = [_happening(event, regime) for event in _events(raw) if event.get("kind") in _KINDS]
    return Case(
        regime=regime,
        clock=clock,
        received=_received(_text(raw, "received"), regime, clock),
        happenings=[one for one in happenings if one.kind != "received_at"],
        extended=bool(_EXTENDED.match(_text(raw, "clock"))),
        today=today,
    )


def unread_kinds(raw: Mapping[str, Any]) -> list[str]:
    """Kinds of events that have no bearing on any clock we know."""
    return sorted({str(event.get("kind")) for event in _events(raw)} - _KINDS)


def local_date(at: datetime, regime: Regime) -> date:
    """The day on which an instant falls at the place of the regime."""
    return at.astimezone(ZoneInfo(zone_of(regime))).date()


def _clock(text: str, kind: str, regime: Regime) -> Clock:
    word = text.strip().lower().replace("_", "-")
    for pattern, clock in _WORDS:
        if re.search(pattern, word):
            asks_out = re.search(r"opt[- ]?out|limit|admt", kind.lower())
            if clock is Clock.RESPOND and asks_out and regime.law.opt_out_working_days:
                return Clock.OPT_OUT
            return clock
    raise CaseError("unknown_clock", "clock", f"{text} is no clock we know, such as respond, ack or opt-out-15bd.")


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str) or not value.strip():
        raise CaseError("missing_field", name, f"A case needs '{name}' as text.")
    return value


def _events(raw: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    events = raw.get("events") or []
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise CaseError("invalid_events", "events", "Events are a list of objects with 'kind' and 'on' or 'at'.")
    return events


def _happening(event: Mapping[str, Any], regime: Regime) -> Happening:
    return Happening(str(event["kind"]), _date(str(event.get("on") or event.get("at") or ""), regime, "events"))


def _received(text: str, regime: Regime, clock: Clock) -> date:
    year = _YEAR.fullmatch(text.strip().upper())
    if year and clock is Clock.PUBLISH:
        return _date(f"{year[1]}-12-31", regime, "received")
    return _date(text, regime, "received")


def _date(text: str, regime: Regime, member: str) -> date:
    try:
        if len(text) == len("2026-11-21"):
            return _plausible(date.fromisoformat(text), member)
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CaseError("invalid_date", member, f"'{text[:40]}' is no date such as 2026-11-21.") from None
    return _plausible(local_date(at, regime) if at.utcoffset() == timedelta(0) else at.date(), member)


def _plausible(day: date, member: str) -> date:
    if day.year not in _YEARS:
        raise CaseError("invalid_date", member, f"{day} is too far away: dates from 1990 to 2090 can be computed.")
    return day
