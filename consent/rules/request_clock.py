"""From the clock rows of a request to its due dates: always the same for the same rows under the same rule set."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from consent.rules.deadlines import Case, Clock, Due, Happening, due
from consent.rules.regimes import Regime, regime_of
from consent.rules.requests import Kind

_ANSWERS = {"identity": "identity_received", "clarification": "clarification_received", "fee": "fee_paid"}
_CLOCKS = {Kind.OPT_OUT: Clock.OPT_OUT, Kind.LIMIT_USE: Clock.OPT_OUT, Kind.COMPLAINT: Clock.ACKNOWLEDGE}
_SHORT_OPT_OUT = 15


class Entry(Protocol):
    """One row of the clock."""

    @property
    def kind(self) -> str: ...
    @property
    def question(self) -> str: ...
    @property
    def on(self) -> date: ...


@dataclass(frozen=True, slots=True)
class Dates:
    """What is due when: the answer, its acknowledgement, and the plain 30 or 45 days beside them."""

    answer: Due
    acknowledge: Due
    short_due: date


def dates_of(*, kind: str, regime: str, entries: Iterable[Entry], today: date) -> Dates:
    """Every due date of a request with these clock rows, the first of which starts it; KeyError without a start."""
    rows = list(entries)
    where = known_regime(regime)
    received = {row.kind: row.on for row in rows}["started"]
    clock = _CLOCKS.get(Kind(kind), Clock.RESPOND)
    happenings = tuple(found for row in rows if (found := _happening(row)))
    case = Case(regime=where, clock=clock, received=received, happenings=happenings, today=today)
    opting_out = clock is Clock.OPT_OUT and where.law.opt_out_working_days > 0
    short_days = _SHORT_OPT_OUT if opting_out else where.law.short_days
    acknowledge = Case(regime=where, clock=Clock.ACKNOWLEDGE, received=received)
    return Dates(due(case), due(acknowledge), received + timedelta(days=short_days))


def known_regime(code: str) -> Regime:
    """The regime with this code; ValueError for one that nobody wrote."""
    regime = regime_of(code)
    if regime is None:
        raise ValueError(f"{code} is no regime")
    return regime


def _happening(row: Entry) -> Happening | None:
    if row.kind == "extended":
        return Happening("extended", row.on)
    if row.kind == "paused":
        return Happening(f"{row.question}_requested", row.on)
    return Happening(_ANSWERS[row.question], row.on) if row.kind == "resumed" else None
