"""Figures about requests by law: what 11 CCR 7102 asks for, what authorities ask for, what it costs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.models import F

from consent.models import (
    Breach,
    ConsentEvent,
    Covers,
    DataRequest,
    Disclosure,
    LegalHold,
    Processor,
    Restriction,
)
from consent.rules.effort import cost_of
from consent.rules.requests import Kind, Refusal
from consent.selectors.ledger import last_verification
from consent.selectors.registers import endings

_OTHER_KINDS: Final = {
    "To know": (Kind.ACCESS,),
    "To have a copy to take along": (Kind.PORTABILITY,),
    "To correct": (Kind.RECTIFICATION,),
    "To delete": (Kind.ERASURE,),
    "To object or opt out": (Kind.OBJECTION, Kind.OPT_OUT, Kind.RESTRICTION),
    "To limit use of sensitive data": (Kind.LIMIT_USE,),
    "Automated decisions": (Kind.AUTOMATED,),
    "Complaint": (Kind.COMPLAINT,),
}
CCPA_KINDS: Final = {
    "To delete (1798.105)": (Kind.ERASURE,),
    "To correct (1798.106)": (Kind.RECTIFICATION,),
    "To know (1798.110, 1798.115)": (Kind.ACCESS, Kind.PORTABILITY),
    "To opt out of sale or sharing (1798.120)": (Kind.OPT_OUT,),
    "To limit use of sensitive data (1798.121)": (Kind.LIMIT_USE,),
}
GDPR_KINDS: Final = {
    "Access (Art. 15)": (Kind.ACCESS,),
    "Rectification (Art. 16)": (Kind.RECTIFICATION,),
    "Erasure (Art. 17)": (Kind.ERASURE,),
    "Restriction (Art. 18)": (Kind.RESTRICTION,),
    "Portability (Art. 20)": (Kind.PORTABILITY,),
    "Objection (Art. 21)": (Kind.OBJECTION,),
    "Automated decisions (Art. 22)": (Kind.AUTOMATED,),
    "Complaint": (Kind.COMPLAINT,),
}


@dataclass(frozen=True, slots=True)
class Covered:
    """A law that reports are made for: its name, its rights, and the codes of regimes it covers but `without` these."""

    name: str
    rights: Mapping[str, tuple[Kind, ...]]
    regimes: tuple[str, ...]
    without: tuple[str, ...] = ()


LAWS: Final = {
    "gdpr": Covered("GDPR and UK GDPR: audit report", GDPR_KINDS, ("EU", "EEA", "UK", "GB")),
    "ccpa": Covered("California: metrics of 11 CCR 7102 and audit report", CCPA_KINDS, ("US-CA",)),
    "us": Covered("Other US states: audit report", _OTHER_KINDS, ("US",), ("US-CA",)),
    "canada": Covered("Canada and Quebec: audit report", _OTHER_KINDS, ("CA",)),
    "lgpd": Covered("Brazil, LGPD: audit report", _OTHER_KINDS, ("BR",)),
    "elsewhere": Covered("Elsewhere: audit report", _OTHER_KINDS, ("*", "OTHER")),
}
ALWAYS: Final = ("gdpr", "ccpa")
"""Laws with a report whether anybody asked or not; the others join with their first request."""
_COUNT: Final = """
SELECT kind, count(*), count(*) FILTER (WHERE state = 'delivered' AND refused_parts = '[]'::jsonb),
    count(*) FILTER (WHERE state = 'delivered' AND refused_parts <> '[]'::jsonb),
    count(*) FILTER (WHERE state = 'refused'), count(*) FILTER (WHERE state = 'withdrawn'),
    count(*) FILTER (WHERE closed_at IS NULL), count(*) FILTER (WHERE extended_at IS NOT NULL),
    count(*) FILTER (WHERE state IN ('delivered', 'refused')
        AND coalesce((outcome ->> 'in_time')::boolean, closed_at::date <= law_due)),
    count(*) FILTER (WHERE state IN ('delivered', 'refused')), coalesce(sum(minutes_spent), 0),
    array_agg(coalesce((outcome ->> 'days')::int, closed_at::date - received_on))
        FILTER (WHERE state IN ('delivered', 'refused'))
FROM consent_datarequest
WHERE received_on BETWEEN %(first)s AND %(last)s AND duplicate_of_id IS NULL AND regime LIKE ANY(%(regimes)s)
    AND NOT regime LIKE ANY(%(without)s)
GROUP BY kind
"""

_DENIALS: Final = """
SELECT refusal_code, count(*) FROM consent_datarequest
WHERE received_on BETWEEN %(first)s AND %(last)s AND refusal_code <> '' AND regime LIKE ANY(%(regimes)s)
    AND NOT regime LIKE ANY(%(without)s)
GROUP BY refusal_code
"""

_SUMS: Final = (
    "received",
    "complied",
    "complied_in_part",
    "denied",
    "withdrawn",
    "pending",
    "extended",
    "in_time",
    "answered",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One right: how many requests, what became of them, how fast; `cost` in the currency of the settings."""

    right: str
    received: int
    complied: int
    complied_in_part: int
    denied: int
    withdrawn: int
    pending: int
    extended: int
    in_time: int
    answered: int
    median_days: float | None
    mean_days: float | None
    minutes: int
    cost: Decimal

    @property
    def hours(self) -> str:
        """The effort in hours."""
        return f"{self.minutes / 60:.1f}"


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one law for a stretch of days of receipt, and facts around them."""

    law: str
    title: str
    first: date
    last: date
    lines: list[Line]
    denials: list[tuple[str, int]]
    facts: list[tuple[str, str]]

    def rows(self) -> list[dict[str, Any]]:
        """The lines as plain values."""
        return [asdict(line) for line in self.lines]


def law_report(*, law: str, first: date, last: date, now: datetime) -> Report:
    """The report of one law of LAWS for requests received in these days: requests by right, and facts around them.

    11 CCR 7102(a) asks for what California's lines say; GDPR Art. 5(2) for what shows accountability.
    """
    covered = LAWS[law]
    lines, denials = _figures(covered, first, last)
    days = ("Days", "From receipt to the answer; duplicates are counted once.")
    return Report(law, covered.name, first, last, lines, denials, [days, *_facts(first, last, now)])


def year_report(*, law: str, year: int, now: datetime) -> Report:
    """The report of one law for the requests of a calendar year."""
    return law_report(law=law, first=date(year, 1, 1), last=date(year, 12, 31), now=now)


def laws_in_use(*, last: date) -> list[str]:
    """GDPR and CCPA, and every other law under which a request was received by this day."""
    codes = DataRequest.objects.filter(received_on__lte=last).order_by().values_list("regime", flat=True).distinct()
    found = {law for code in codes for law, covered in LAWS.items() if _covers(covered, code)}
    return [law for law in LAWS if law in ALWAYS or law in found]


def _covers(covered: Covered, code: str) -> bool:
    def under(regimes: Sequence[str]) -> bool:
        return any(code == one or code.startswith((f"{one}/", f"{one}-", f"{one}(")) for one in regimes)

    return under(covered.regimes) and not under(covered.without)


def _patterns(regimes: Sequence[str]) -> list[str]:
    return [pattern for one in regimes for pattern in (one, f"{one}/%", f"{one}-%", f"{one}(%")]


def _figures(covered: Covered, first: date, last: date) -> tuple[list[Line], list[tuple[str, int]]]:
    parameters: dict[str, Any] = {"regimes": _patterns(covered.regimes), "without": _patterns(covered.without)}
    parameters |= {"first": first, "last": last}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, parameters)
        by_kind = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(_DENIALS, parameters)
        counted = cursor.fetchall()
    rights = covered.rights.items()
    lines = [_line(right, [by_kind[kind] for kind in kinds if kind in by_kind]) for right, kinds in rights]
    words = dict(Refusal.choices)
    return lines, sorted((str(words.get(code, code)), number) for code, number in counted)


def _line(right: str, rows: Sequence[tuple[Any, ...]]) -> Line:
    sums = {name: sum(row[place] for row in rows) for place, name in enumerate(_SUMS)}
    minutes = int(sum(row[9] for row in rows))
    days = sorted(day for row in rows for day in row[10] or ())
    middle = len(days) // 2
    median = None if not days else float(days[middle]) if len(days) % 2 else (days[middle - 1] + days[middle]) / 2
    mean = round(sum(days) / len(days), 1) if days else None
    cost = cost_of(minutes=minutes, hour=settings.PRIVACY_HOUR_COST)
    return Line(right=right, **sums, median_days=median, mean_days=mean, minutes=minutes, cost=cost)


def _facts(first: date, last: date, now: datetime) -> list[tuple[str, str]]:
    verified = last_verification()
    ledger = "never verified"
    if verified and verified.finished_at:
        broken = int(verified.result.get("broken", 0))
        ledger = (
            f"{verified.finished_at:%Y-%m-%d %H:%M} UTC: {'every hash matches' if not broken else f'{broken} faults'}"
        )
    breaches = Breach.objects.filter(aware_at__date__range=(first, last))
    late = breaches.filter(authority_told_at__gt=F("law_due")).count()
    said = ConsentEvent.objects.filter(recorded_at__date__range=(first, last))
    withdrawn = said.filter(event__in=["withdrawn", "objected", "opted_out", "unsubscribed"]).count()
    limited = Restriction.objects.filter(covers=Covers.SENSITIVE, lifted_at=None).count()
    return [
        ("Consent ledger verified (Art. 7(1))", ledger),
        ("Withdrawals and objections recorded (Art. 7(3), 21)", f"{withdrawn:,}"),
        ("Breaches recorded (Art. 33(5))", f"{breaches.count()}, authority told late: {late}"),
        ("Processors with an agreement (Art. 28)", str(Processor.objects.filter(ended_on=None).count())),
        ("Their papers that end within 60 days or have ended", str(len(endings(today=now.date())))),
        ("Legal holds that stand (Art. 17(3)(e))", str(LegalHold.objects.filter(lifted_at=None).count())),
        ("Limits of sensitive use that stand (1798.121)", f"{limited:,}"),
        ("Disclosures are on record (Art. 15(1)(c))", "yes" if Disclosure.objects.exists() else "none yet"),
    ]
