"""Where we are open to a fine now, and what answering requests costs, beside the figures staff compare with."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db.models import Count, DateField, Q, Sum, Value
from django.db.models.functions import Greatest, Least

from consent.models import DataRequest, Processor, RiskReference
from consent.rules.effort import cost_of
from consent.rules.papers import why_not_covered, why_not_live
from consent.rules.requests import Kind
from consent.rules.risk import REFERENCES, ccpa_ceiling, gdpr_ceiling
from consent.selectors.papers import papers_of
from consent.selectors.registers import open_breaches
from consent.selectors.requests import days_on_earth, local_day

YEAR: Final = timedelta(days=365)
SOON: Final = timedelta(days=7)
MOST: Final = 500
_LAWS: Final = {"europe": ("EU", "UK"), "california": ("US-CA",)}


@dataclass(frozen=True, slots=True)
class Exposure:
    """One kind of fault: how many stand open, by which law, whether it is a fault already, and the screen of them.

    `finable` ones count towards the ceiling of their law (`gdpr` or `ccpa`); the others are warnings.
    """

    what: str
    article: str
    law: str
    number: int
    finable: bool
    screen: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class Effort:
    """Requests of one kind that were closed within a year; `cost` of one, in the currency of the settings."""

    kind: str
    closed: int
    minutes: int
    cost: Decimal

    @property
    def mean(self) -> int:
        """Minutes of one request."""
        return round(self.minutes / self.closed) if self.closed else 0


@dataclass(frozen=True, slots=True)
class Risk:
    """The panel: exposures, ceilings of fines (0 where nothing stands open), effort by kind and in all."""

    exposures: list[Exposure]
    gdpr: Decimal
    ccpa: Decimal
    efforts: list[Effort]
    total: Effort
    figures: dict[str, Decimal]


def references() -> dict[str, Decimal]:
    """The figures in the order of the rules, each as staff set it or its first value."""
    stored = dict(RiskReference.objects.values_list("key", "amount"))
    return {key: stored.get(key, reference.first) for key, reference in REFERENCES.items()}


def risk_panel(*, now: datetime) -> Risk:
    """Everything on the panel, in five queries."""
    figures, exposures = references(), [*_of_requests(now), *_of_companies(now.date()), *_of_breaches(now)]
    faults = {law: sum(e.number for e in exposures if e.finable and e.law == law) for law in ("gdpr", "ccpa")}
    efforts = efforts_since(since=now - YEAR)
    return Risk(
        exposures=exposures,
        gdpr=gdpr_ceiling(figures) if faults["gdpr"] else Decimal(0),
        ccpa=ccpa_ceiling(figures, violations=faults["ccpa"]),
        efforts=efforts,
        total=_effort("All requests", sum(e.closed for e in efforts), sum(e.minutes for e in efforts)),
        figures=figures,
    )


def efforts_since(*, since: datetime) -> list[Effort]:
    """What answering cost, by kind of request, of those closed since then; kinds without one are absent."""
    closed = DataRequest.objects.filter(closed_at__gte=since, duplicate_of=None).order_by()
    rows = closed.values_list("kind").annotate(number=Count("pk"), minutes=Sum("minutes_spent")).order_by("kind")
    words = dict(Kind.choices)
    return [_effort(str(words.get(kind, kind)), number, int(minutes or 0)) for kind, number, minutes in rows]


def _effort(kind: str, closed: int, minutes: int) -> Effort:
    cost = cost_of(minutes=minutes, hour=settings.PRIVACY_HOUR_COST)
    return Effort(kind, closed, minutes, (cost / closed).quantize(Decimal("0.01")) if closed else Decimal(0))


def _of_requests(now: datetime) -> list[Exposure]:
    """Requests past the last lawful day, and about to be: each by the day it is at the place of its law."""
    found: Counter[str] = Counter()
    for regime, law_due, safe_due, number in _pressing(now):
        today = local_day(regime, now)
        if law_due < today:
            found[next((word for word, codes in _LAWS.items() if regime.startswith(codes)), "other")] += number
        elif safe_due <= today + SOON:
            found["soon"] += number
    overdue = "view=overdue"
    return [
        Exposure("Requests past the lawful day", "GDPR Art. 12(3)", "gdpr", found["europe"], True, "requests", overdue),
        Exposure(
            "Requests past the lawful day",
            "Cal. Civ. Code 1798.130(a)(2)",
            "ccpa",
            found["california"],
            True,
            "requests",
            overdue,
        ),
        Exposure("Requests past the lawful day", "Other laws", "other", found["other"], False, "requests", overdue),
        Exposure("Requests due within 7 days, or past our own day", "", "", found["soon"], False, "requests"),
    ]


def _pressing(now: datetime) -> list[tuple[str, date, date, int]]:
    """How many open requests have which law and days, as far as that may decide; one query, some rows a law.

    Days long past count as the day before the earliest it is anywhere, those far ahead as the last that may count.
    `safe_due`, which has the index, is never after `law_due` by much.
    """
    earliest, latest = days_on_earth(now)
    past, ahead = Value(earliest - timedelta(days=1)), Value(latest + SOON + timedelta(days=1))
    law, safe = (Least(Greatest(name, past), ahead, output_field=DateField()) for name in ("law_due", "safe_due"))
    rows = DataRequest.objects.open().filter(Q(safe_due__lte=latest + SOON) | Q(law_due__lt=latest)).order_by()
    return list(rows.annotate(law=law, safe=safe).values_list("regime", "law", "safe").annotate(number=Count("pk")))


def _of_companies(today: date) -> list[Exposure]:
    rows = [papers_of(row) for row in Processor.objects.filter(ended_on=None).order_by("pk")[:MOST]]
    ended = [papers for papers in rows if why_not_covered(papers, today)]
    unproven = [papers for papers in rows if papers not in ended and why_not_live(papers, today)]
    sort = "sort=agreement_ends_on"
    return [
        Exposure(
            "Companies without an agreement that holds",
            "GDPR Art. 28(3)",
            "gdpr",
            len(ended),
            True,
            "processor-list",
            sort,
        ),
        Exposure("Companies without proof of security", "GDPR Art. 28(1)", "", len(unproven), False, "processor-list"),
    ]


def _of_breaches(now: datetime) -> list[Exposure]:
    rows = list(open_breaches(now=now).values_list("law_due", flat=True)[:MOST])
    late = sum(due < now for due in rows)
    return [
        Exposure("Breaches not told after 72 hours", "GDPR Art. 33(1)", "gdpr", late, True, "breach-list"),
        Exposure("Breaches whose 72 hours run", "GDPR Art. 33(1)", "", len(rows) - late, False, "breach-list"),
    ]
