"""Orders of a period divided among the campaigns before them, by every model side by side."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db.models import Sum

from campaigns.models import Campaign
from consent.selectors.decisions import use_of
from core.errors import InvalidInput
from customers.models import Purchase
from customers.selectors.segments.running import run
from engagement.models import HourlyMetric
from engagement.rules.attribution import (
    DIRECT,
    Model,
    Silence,
    Touch,
    divide,
    removal_effects,
    silences,
)
from engagement.rules.catalogue import TRACKING

LONGEST: Final = timedelta(days=92)
LOOKBACK: Final = timedelta(days=30)
MOST_ORDERS: Final = 100_000
MOST_PATHS: Final = 10_000
MOST_TOUCHES: Final = 50
MOST_CHANNELS: Final = 50
OTHERS: Final = "others"
"""The channel of everything beyond the 50 that were touched by most orders."""
SECONDS: Final = 50.0
"""For one statement; a job that gives no sign of life for longer than a minute is begun anew."""
STEPS: Final = 4
"""How often `attribute` says that it has come further."""
TOUCHING: Final = [1, 2, 3, 8]
"""Clicks, views, page views and forms. Opens are left out, because machines open; so is what only came of a touch."""
_MEASURED: Final = """c.status <> 'deleted' AND c.consent_mask & %(bit)s <> 0
    AND (c.consent_until IS NULL OR c.consent_until > %(now)s)"""
_ORDERS: Final = f"""
WITH bought AS (
    SELECT p.id, p.customer_id, p.purchased_at AS at, p.amount, c.country FROM customers_purchase p
    JOIN customers_customer c ON c.id = p.customer_id
    WHERE p.purchased_at >= %(begins)s AND p.purchased_at < %(ends)s AND p.amount > 0 AND p.currency = %(currency)s
        AND {_MEASURED} ORDER BY p.purchased_at, p.id LIMIT {MOST_ORDERS}
), touched AS (
    SELECT b.id, b.at, b.amount, b.country, e.campaign_id, min(e.occurred_at) AS seen
    FROM bought b LEFT JOIN engagement_event e ON e.customer_id = b.customer_id AND e.type_id = ANY(%(types)s)
        AND e.occurred_at < b.at AND e.occurred_at >= b.at - %(lookback)s
        AND e.occurred_at >= %(first)s AND e.occurred_at < %(ends)s
    GROUP BY b.id, b.at, b.amount, b.country, e.campaign_id, date_trunc('hour', e.occurred_at)
)
SELECT t.at, t.amount, t.country,
    array_agg(coalesce(l.value, '{DIRECT}') ORDER BY t.seen) FILTER (WHERE t.seen IS NOT NULL),
    array_agg(t.seen ORDER BY t.seen) FILTER (WHERE t.seen IS NOT NULL)
FROM touched t LEFT JOIN engagement_label l ON l.id = t.campaign_id GROUP BY t.id, t.at, t.amount, t.country
"""  # noqa: S608
_LOST: Final = f"""
SELECT way, count(*) FROM (
    SELECT array_agg(coalesce(l.value, '{DIRECT}') ORDER BY t.seen) AS way FROM (
        SELECT e.customer_id, e.campaign_id, min(e.occurred_at) AS seen FROM engagement_event e
        JOIN customers_customer c ON c.id = e.customer_id
        WHERE e.type_id = ANY(%(types)s) AND e.occurred_at >= %(begins)s AND e.occurred_at < %(ends)s AND {_MEASURED}
            AND NOT EXISTS (SELECT FROM customers_purchase p WHERE p.customer_id = e.customer_id
                AND p.purchased_at >= %(begins)s AND p.purchased_at < %(ends)s AND p.amount > 0)
        GROUP BY e.customer_id, e.campaign_id, date_trunc('hour', e.occurred_at)
    ) t LEFT JOIN engagement_label l ON l.id = t.campaign_id GROUP BY t.customer_id
) ways GROUP BY way ORDER BY count(*) DESC LIMIT {MOST_PATHS}
"""  # noqa: S608
_COVERAGE: Final = f"""
SELECT count(*), count(*) FILTER (WHERE {_MEASURED}), coalesce(sum(p.amount), 0)
FROM customers_purchase p JOIN customers_customer c ON c.id = p.customer_id
WHERE p.purchased_at >= %(begins)s AND p.purchased_at < %(ends)s AND p.amount > 0 AND p.currency = %(currency)s
"""  # noqa: S608
Parts = Mapping[tuple[str, str], Mapping[Model, Decimal]]
"""Channel and day, or channel and country, to model to amount."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """What each model gives to each channel, in the currency asked for.

    `orders` is everything bought, `measured` how many of those people allow it to be looked at, `touched` how many of
    these had a touch in the 30 days before. `given` maps channel to model to amount; the amounts of a model add up to
    `revenue`, that of the touched orders, to the cent. `parts` divides each amount of `given` by the day of the order
    (UTC) and by the country of the customer, to the cent too. `names` are those of our own campaigns.
    """

    currency: str
    orders: int
    measured: int
    touched: int
    total: Decimal
    revenue: Decimal
    conversion: float
    given: Mapping[str, Mapping[Model, Decimal]]
    parts: Mapping[str, Parts]
    names: Mapping[str, str]
    silent: list[Silence]

    @property
    def coverage(self) -> float | None:
        """The share of orders that may be looked at; None without orders."""
        return self.measured / self.orders if self.orders else None


def check_period(*, begins: datetime, ends: datetime) -> None:
    """InvalidInput for a period that is empty or longer than 92 days."""
    if not begins < ends or ends - begins > LONGEST:
        raise InvalidInput(f"Invalid 'ends': a period of at most {LONGEST.days} days after 'begins'.", param="ends")


def attribute(
    *, begins: datetime, ends: datetime, currency: str, now: datetime, further: Callable[[], None] = lambda: None
) -> Attribution:
    """Divide the orders of a period by every model; `further` is called STEPS times on the way.

    Takes seconds at a million customers: people wait for `services.attribution`. InvalidInput for what `check_period`
    refuses, and for more orders than are divided at once: a part of them would look like all.
    """
    check_period(begins=begins, ends=ends)
    values = {
        "begins": begins,
        "ends": ends,
        "now": now,
        "currency": currency,
        "bit": use_of(TRACKING).mask,
        "types": TOUCHING,
        "lookback": LOOKBACK,
        "first": begins - LOOKBACK,
    }
    (bought, measured, total) = run(_COVERAGE, values, seconds=SECONDS)[0]
    if measured > MOST_ORDERS:
        message = f"Invalid 'ends': {measured:,} orders; choose a period with at most {MOST_ORDERS:,}."
        raise InvalidInput(message, param="ends")
    further()
    orders, ways = _read(values, further)
    given, parts, chain = _divided(orders, ways)
    further()
    return Attribution(
        currency=currency,
        orders=bought,
        measured=measured,
        touched=len(orders),
        total=total,
        revenue=sum((order.amount for order in orders), Decimal(0)),
        conversion=chain,
        given=given,
        parts=parts,
        names=_names(given),
        silent=silent_hours(begins=begins, ends=min(ends, now)),
    )


def usual_currency() -> str:
    """The currency of the newest order; EUR without one."""
    newest = Purchase.objects.order_by("-purchased_at", "-id").values_list("currency", flat=True)
    return newest.first() or "EUR"


def silent_hours(*, begins: datetime, ends: datetime) -> list[Silence]:
    """The stretches in which no event arrived although the log is busy otherwise."""
    start = begins.replace(minute=0, second=0, microsecond=0)
    rows = HourlyMetric.objects.filter(hour__gte=start, hour__lt=ends).values_list("hour").annotate(all=Sum("events"))
    return silences(dict(rows), start, ends)


class _Order(NamedTuple):
    amount: Decimal
    at: datetime
    country: str
    path: list[Touch]

    def kinds(self) -> tuple[tuple[str, str], ...]:
        """What it is divided by besides channels."""
        return ("day", self.at.astimezone(UTC).date().isoformat()), ("country", self.country)


_Ways = dict[tuple[str, ...], tuple[int, int]]
_Shares = dict[tuple[str, Model, str], dict[str, float]]
"""Kind, model and channel to amount by day or country."""


def _read(values: Mapping[str, Any], further: Callable[[], None]) -> tuple[list[_Order], _Ways]:
    """The touched orders, and all ways with how often each ended in an order and in none."""
    orders: list[_Order] = []
    ways: _Ways = {}
    for at, amount, country, channels, seen in run(_ORDERS, values, seconds=SECONDS):
        if channels is None:
            continue
        path = [Touch(channel, when) for channel, when in zip(channels, seen, strict=True)][-MOST_TOUCHES:]
        orders.append(_Order(amount, at, country, path))
        way = tuple(touch.channel for touch in path)
        ways[way] = (ways.get(way, (0, 0))[0] + 1, 0)
    further()
    for channels, people in run(_LOST, values, seconds=SECONDS):
        way = tuple(channels[-MOST_TOUCHES:])
        converted, lost = ways.get(way, (0, 0))
        ways[way] = (converted, lost + people)
    further()
    return _bounded(orders, ways)


def _bounded(orders: list[_Order], ways: _Ways) -> tuple[list[_Order], _Ways]:
    """The same with at most MOST_CHANNELS channels."""
    often = Counter(channel for order in orders for channel in {touch.channel for touch in order.path})
    known = {channel for channel, _ in often.most_common(MOST_CHANNELS - 1)}
    if len(known | {channel for way in ways for channel in way}) <= MOST_CHANNELS:
        return orders, ways

    def named(channel: str) -> str:
        return channel if channel in known else OTHERS

    kept: _Ways = {}
    for way, (converted, lost) in ways.items():
        short = tuple(map(named, way))
        before = kept.get(short, (0, 0))
        kept[short] = (before[0] + converted, before[1] + lost)
    shown = [order._replace(path=[Touch(named(one.channel), one.at) for one in order.path]) for order in orders]
    return shown, kept


def _divided(
    orders: list[_Order], ways: _Ways
) -> tuple[dict[str, dict[Model, Decimal]], dict[str, dict[tuple[str, str], dict[Model, Decimal]]], float]:
    """Amounts by channel, largest first, the same by day and by country, and the chance of an order."""
    sums: dict[Model, dict[str, float]] = {model: {} for model in Model}
    shares: _Shares = defaultdict(lambda: defaultdict(float))
    chain = removal_effects(ways)
    for order in orders:
        kinds, amount = order.kinds(), float(order.amount)
        for model in Model:
            parts = chain.shares if model is Model.MARKOV else divide(order.path, order.at, model)
            for channel, share in parts.items():
                sums[model][channel] = sums[model].get(channel, 0.0) + share * amount
                for kind, key in kinds:
                    shares[kind, model, channel][key] += share * amount
    revenue = sum((order.amount for order in orders), Decimal(0))
    given: dict[str, dict[Model, Decimal]] = {}
    for model, found in sums.items():
        for channel, amount_given in _to_the_cent(found, revenue).items():
            given.setdefault(channel, dict.fromkeys(Model, Decimal(0)))[model] = amount_given
    first = dict(sorted(given.items(), key=lambda item: (-item[1][Model.LINEAR], item[0])))
    return first, _parts(shares, given), chain.conversion


def _parts(
    shares: _Shares, given: Mapping[str, Mapping[Model, Decimal]]
) -> dict[str, dict[tuple[str, str], dict[Model, Decimal]]]:
    """Those of a channel and a model add up to what it is given, to the cent."""
    found: dict[str, dict[tuple[str, str], dict[Model, Decimal]]] = {"day": {}, "country": {}}
    for (kind, model, channel), by_key in shares.items():
        for key, amount in _to_the_cent(by_key, given[channel][model]).items():
            row = found[kind].setdefault((channel, key), dict.fromkeys(Model, Decimal(0)))
            row[model] = amount
    return found


def _to_the_cent(found: Mapping[str, float], revenue: Decimal) -> dict[str, Decimal]:
    """Rounded so that the amounts still add up to the revenue: the largest takes what rounding leaves."""
    cents = {channel: Decimal(repr(value)).quantize(Decimal("0.01")) for channel, value in found.items()}
    if cents:
        largest = max(cents, key=lambda channel: cents[channel])
        cents[largest] += revenue.quantize(Decimal("0.01")) - sum(cents.values())
    return cents


def _names(given: Mapping[str, Any]) -> dict[str, str]:
    own = [channel for channel in given if channel.startswith("cmp_")]
    return dict(Campaign.objects.filter(public_id__in=own).values_list("public_id", "name"))
