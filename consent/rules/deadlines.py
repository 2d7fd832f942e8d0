"""When an answer is due: the last lawful day, the day we work towards, and why, as a pure function of the case.

`law_due` is the last lawful day by the rule, with everything that may stop, extend or roll the period. `safe_due` is
the earliest defensible reading: nothing stops it and nothing rolls it; reminders and escalation go by it. Where the
rule says "not before" or "keep until", the safe day is the later one instead.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from consent.rules.calendars import add_months, add_working_days, roll_forward
from consent.rules.holidays import HOLIDAY_SET
from consent.rules.regimes import RULE_SET, Law, Pause, Regime

_DAY: Final = timedelta(days=1)
_QUESTIONS: Final = ("identity", "clarification", "fee")


class Clock(StrEnum):
    """What is being timed."""

    RESPOND = "respond"
    ACKNOWLEDGE = "acknowledge"
    OPT_OUT = "opt_out"
    APPEAL = "appeal"
    KEEP = "keep_until"
    ASK_AGAIN = "ask_again"
    UNSUBSCRIBE = "unsubscribe"
    PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that bears on the clock, on a local date: `extended`, `identity_requested`, `fee_paid`, ..."""

    kind: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One clock of one request. `received` is the local date of receipt; `today` closes questions still open."""

    regime: Regime
    clock: Clock
    received: date
    happenings: Sequence[Happening] = ()
    extended: bool = False
    today: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Both dates with their reasons. `notice_by`: the last day to announce an extension, None where there is none.

    `extension` is `none`, `accepted` or `refused`; `days_stopped` counts the days that the law leaves out.
    """

    law_due: date
    safe_due: date
    why: tuple[str, ...]
    extension: str = "none"
    notice_by: date | None = None
    days_stopped: int = 0
    rule_set: str = RULE_SET
    holiday_set: str = HOLIDAY_SET


@dataclass(slots=True)
class _Trace:
    why: list[str] = field(default_factory=list)

    def say(self, sentence: str, article: str = "") -> None:
        self.why.append(f"{sentence} ({article})." if article else f"{sentence}.")


def due(case: Case) -> Due:
    """Both due dates of a clock; the same case under the same rule set gives the same answer for ever."""
    trace = _Trace()
    trace.say(f"Received on {_day(case.received)}, local date of the place; {case.regime.law.name}")
    return _CLOCKS[case.clock](case, trace)


def may_pause(law: Law, question: str) -> bool:
    """Whether an open question (`identity`, `clarification`, `fee`) stops or delays this law's clock at all."""
    return getattr(law, question) is not Pause.NOTHING


def _respond(case: Case, trace: _Trace) -> Due:
    law = case.regime.law
    start = _start(case, trace)
    once = _period(law, start, extended=False)
    raw, stopped = _stopped(case, start, once, trace)
    if not stopped:
        trace.say(f"{_length(law)} after {_day(start)}: {_day(raw)}", f"{law.article}; {law.counting}")
    asked = [one.on for one in case.happenings if one.kind == "extended"]
    extension = _extension(case, asked, raw, trace)
    notice_by = raw if law.more_months or law.more_days else None
    if extension == "accepted":
        raw = _period(law, start, extended=True) + timedelta(days=stopped)
        trace.say(f"Extended by {_more(law)}, to {_day(raw)}", law.extension_article)
    return Due(
        law_due=_rolled(case, raw, trace),
        safe_due=_safe(case, extension == "accepted", trace),
        why=_said(trace),
        extension=extension,
        notice_by=notice_by,
        days_stopped=stopped,
    )


def _start(case: Case, trace: _Trace) -> date:
    """The day after which the period counts: receipt, or where the law says so the day of the identity or the fee."""
    law, start = case.regime.law, case.received
    for question in _QUESTIONS:
        if getattr(law, question) is Pause.STARTS_LATER:
            for asked, answered in _questions(case, question):
                if answered > start:
                    start = answered
                    article = getattr(law, f"{question}_article")
                    trace.say(
                        f"The {question} asked for on {_day(asked)} came on {_day(answered)}: it starts then", article
                    )
    return start


def _stopped(case: Case, start: date, raw: date, trace: _Trace) -> tuple[date, int]:
    """The end moved by the days on which the clock stood, and how many they are; none is counted twice."""
    law, out = case.regime.law, set[date]()
    stops = [
        (asked, answered, question)
        for question in _QUESTIONS
        if getattr(law, question) in (Pause.SUSPENDS, Pause.EXCLUDES_DAYS)
        for asked, answered in _questions(case, question)
    ]
    for asked, answered, question in sorted(stops):
        if asked > raw + timedelta(days=len(out)):
            continue
        first = asked if getattr(law, question) is Pause.EXCLUDES_DAYS else asked + _DAY
        days = {first + n * _DAY for n in range((answered - first).days + 1)}
        out |= {day for day in days if day >= start}
        trace.say(
            f"The {question} asked for on {_day(asked)} came on {_day(answered)}: the days between do not count",
            getattr(law, f"{question}_article"),
        )
    end = raw + timedelta(days=len(out))
    if out:
        trace.say(
            f"{_length(law)} after {_day(start)} and {len(out)} days: {_day(end)}", f"{law.article}; {law.counting}"
        )
    return end, len(out)


def _questions(case: Case, question: str) -> list[tuple[date, date]]:
    """(asked, answered) of every question of a kind; one still open is taken as answered today, if today is known."""
    answers = ("paid", "received", "answered")
    found, open_since = [], None
    for one in sorted(case.happenings, key=lambda happening: happening.on):
        if one.kind == f"{question}_requested":
            open_since = open_since or one.on
        elif open_since and one.kind in {f"{question}_{word}" for word in answers}:
            found.append((open_since, one.on))
            open_since = None
    if open_since and case.today and case.today >= open_since:
        found.append((open_since, case.today))
    return found


def _extension(case: Case, asked: Sequence[date], raw: date, trace: _Trace) -> str:
    law = case.regime.law
    if not asked:
        return "accepted" if case.extended and (law.more_months or law.more_days) else "none"
    if not (law.more_months or law.more_days):
        trace.say("This law knows no extension; the date stays", law.article)
        return "refused"
    if min(asked) > raw:
        trace.say(
            f"The notice of extension of {_day(min(asked))} came after {_day(raw)}: refused, the date stays",
            law.extension_article,
        )
        return "refused"
    return "accepted"


def _period(law: Law, start: date, *, extended: bool) -> date:
    months, days = law.months + law.more_months * extended, law.days + law.more_days * extended
    return add_months(start, months) + timedelta(days=days)


def _rolled(case: Case, raw: date, trace: _Trace) -> date:
    law = case.regime.law
    end = roll_forward(raw, case.regime.calendar) if law.rolls else raw
    if end != raw:
        trace.say(f"{_day(raw)} is no working day: the period ends on {_day(end)}", law.roll_article)
    return end


def _safe(case: Case, extended: bool, trace: _Trace) -> date:
    """Nothing stops or rolls it; the shortest of the readings."""
    law, received = case.regime.law, case.received
    if law.months:
        month = add_months(received, law.months)
        safe = min(month, received + timedelta(days=law.short_days))
        if extended:
            safe = min(add_months(received, law.months + law.more_months), add_months(month, law.more_months))
    else:
        safe = _period(law, received, extended=extended) - law.begins_on_receipt * _DAY
    trace.say(f"We work towards {_day(safe)}: the earliest defensible reading, nothing stops or rolls it")
    return safe


def _acknowledge(case: Case, trace: _Trace) -> Due:
    law, received = case.regime.law, case.received
    if law.ack_days:
        raw = received + timedelta(days=law.ack_days)
        trace.say(f"Acknowledge within {law.ack_days} days: {_day(raw)}", law.ack_article)
        return Due(law_due=_rolled(case, raw, trace), safe_due=raw - _DAY, why=_said(trace))
    return _working_days(case, trace, law.ack_working_days or 10, law.ack_article or "policy: as in California")


def _opt_out(case: Case, trace: _Trace) -> Due:
    law = case.regime.law
    if not law.opt_out_working_days:
        return _respond(case, trace)
    return _working_days(case, trace, law.opt_out_working_days, law.opt_out_article)


def _working_days(case: Case, trace: _Trace, count: int, article: str) -> Due:
    end = add_working_days(case.received, count, case.regime.calendar)
    safe = add_working_days(case.received, count, None)
    trace.say(f"{count} working days, without weekends and holidays: {_day(end)}", article)
    trace.say(f"We work towards {_day(safe)}: without weekends only")
    return Due(law_due=end, safe_due=safe, why=_said(trace))


def _unsubscribe(case: Case, trace: _Trace) -> Due:
    found = _working_days(case, trace, 10, "CAN-SPAM 15 U.S.C. 7704(a)(4); CASL s.11(3)")
    safe = case.received + 2 * _DAY
    trace.why[-1] = f"We work towards {_day(safe)}: large mailbox providers ask for two days."
    return Due(law_due=found.law_due, safe_due=safe, why=_said(trace))


def _appeal(case: Case, trace: _Trace) -> Due:
    days = case.regime.law.appeal_days or 60
    end = case.received + timedelta(days=days)
    trace.say(f"Answer an appeal within {days} days: {_day(end)}", case.regime.law.article)
    return Due(law_due=end, safe_due=end - case.regime.law.begins_on_receipt * _DAY, why=_said(trace))


def _keep(case: Case, trace: _Trace) -> Due:
    closed = max((one.on for one in case.happenings if one.kind == "closed"), default=case.received)
    end, safe = add_months(case.received, 24), add_months(closed, 24)
    trace.say(f"Keep the record at least 24 months: until {_day(end)}", "11 CCR 7101(a)")
    trace.say(f"We keep it until {_day(safe)}, 24 months after it was closed")
    return Due(law_due=end, safe_due=safe, why=_said(trace))


def _ask_again(case: Case, trace: _Trace) -> Due:
    end = add_months(case.received, 12)
    trace.say(f"Do not ask to opt in again before {_day(end)}", "Cal. Civ. Code 1798.135(c)(4)")
    trace.say(f"We wait until {_day(end + _DAY)}: twelve full months have then passed")
    return Due(law_due=end, safe_due=end + _DAY, why=_said(trace))


def _publish(case: Case, trace: _Trace) -> Due:
    end = date(case.received.year + 1, 7, 1)
    trace.say(f"Publish the figures of {case.received.year} by {_day(end)}", "11 CCR 7102(a)")
    return Due(law_due=end, safe_due=end, why=_said(trace))


_CLOCKS: Final[Mapping[Clock, Callable[[Case, _Trace], Due]]] = {
    Clock.RESPOND: _respond,
    Clock.ACKNOWLEDGE: _acknowledge,
    Clock.OPT_OUT: _opt_out,
    Clock.APPEAL: _appeal,
    Clock.KEEP: _keep,
    Clock.ASK_AGAIN: _ask_again,
    Clock.UNSUBSCRIBE: _unsubscribe,
    Clock.PUBLISH: _publish,
}


def _said(trace: _Trace) -> tuple[str, ...]:
    return (*trace.why, f"Rule set {RULE_SET}, {HOLIDAY_SET}.")


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"


def _length(law: Law) -> str:
    return f"{law.days} days" if law.days else "One month" if law.months == 1 else f"{law.months} months"


def _more(law: Law) -> str:
    return f"{law.more_days} days" if law.more_days else f"{law.more_months} months"
