"""Questions about experiments: lists, the sums of their groups, and the report that follows from them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F, Q, QuerySet

from campaigns.models import Experiment, Shown
from campaigns.rules.experiments import ExperimentState, Looks, shares_of
from campaigns.rules.statistics.report import Arm, Plan, Report, Sums, report
from campaigns.selectors.measures import Counted, find_measure
from consent.selectors.decisions import use_of
from core.errors import NotFound
from core.models import Job
from core.models.jobs import OPEN_STATES

MEASURING: Final = "analytics"
"""The purpose under which what people do is counted."""
_SHOWN: Final = (
    "SELECT id, variant, customer_id, shown_at AS at FROM campaigns_shown WHERE experiment_id = %(experiment)s"
)
COUNTING: Final = "experiments.count"
COUNTED_EVERY: Final = timedelta(minutes=15)
DAY: Final = timedelta(days=1)
MANY: Final = 5_000
"""From so many people on, whoever looks at each of them beside each of the others takes minutes."""
_SUMS: Final = """
WITH known AS (
    SELECT s.id, s.variant, s.customer_id, s.at,
        coalesce(c.status <> 'deleted' AND c.consent_mask & %(bit)s <> 0
            AND (c.consent_until IS NULL OR c.consent_until > %(now)s), false) AS measured
    FROM ({people}) s LEFT JOIN customers_customer c ON c.id = s.customer_id
), did AS (
    SELECT k.id, bool_or(m.{at} >= k.at) AS did,
        sum({amount}) FILTER (WHERE m.{at} >= k.at) AS after, sum({amount}) FILTER (WHERE m.{at} < k.at) AS before
    FROM known k JOIN {table} m ON m.customer_id = k.customer_id
        AND m.{at} >= k.at - %(window)s AND m.{at} < k.at + %(window)s
    WHERE k.measured AND m.{at} >= %(first)s AND m.{at} <= %(now)s AND {condition} GROUP BY k.id
)
SELECT k.variant, count(*), count(*) FILTER (WHERE k.measured), count(*) FILTER (WHERE d.did),
    coalesce(sum(d.after), 0)::text, coalesce(sum((d.after * d.after)::float8), 0),
    coalesce(sum(d.before)::float8, 0), coalesce(sum((d.before * d.before)::float8), 0),
    coalesce(sum((d.after * d.before)::float8), 0)
FROM known k LEFT JOIN did d ON d.id = k.id GROUP BY k.variant
"""


def list_experiments() -> QuerySet[Experiment]:
    """Every experiment with its segment."""
    return Experiment.objects.select_related("segment")


def find_experiment(reference: str) -> Experiment:
    """The experiment with this public id or key; NotFound otherwise."""
    named = {"public_id": reference} if reference.startswith("xpr_") else {"key": reference}
    found = list_experiments().filter(**named).first()
    if found is None:
        raise NotFound("There is no experiment with this id or key.")
    return found


def count_experiments_running() -> int:
    """How many are running."""
    return Experiment.objects.filter(state=ExperimentState.RUNNING).count()


def list_due(now: datetime) -> list[Experiment]:
    """At most 50 whose figures are older than a quarter of an hour and can still change, the oldest first."""
    still = Q(state=ExperimentState.RUNNING) | Q(stopped_at__gt=now - timedelta(days=366), figures_at__lt=now - DAY)
    stale = Q(figures_at=None) | Q(figures_at__lt=now - COUNTED_EVERY)
    rows = Experiment.objects.exclude(state=ExperimentState.DRAFT).filter(still, stale)
    return list(rows.order_by(F("figures_at").asc(nulls_first=True), "pk")[:50])


def shown_now(experiment: Experiment) -> dict[str, int]:
    """People by variant at this moment; the variants nobody was shown are missing."""
    rows = Shown.objects.filter(experiment=experiment).values_list("variant")
    return dict(rows.annotate(people=Count("pk")).order_by("variant"))


def is_crowded(experiment: Experiment) -> bool:
    """Whether so many people are in it that a task counts its figures."""
    most = settings.CAMPAIGN_LIVE_PEOPLE
    return Shown.objects.filter(experiment=experiment)[:most].count() >= most


def find_counting(experiment: Experiment) -> Job | None:
    """The count of it that is on its way."""
    jobs = Job.objects.filter(kind=COUNTING, state__in=OPEN_STATES, parameters__experiment=experiment.public_id)
    return jobs.order_by("-created_at").first()


def measures_of(experiment: Experiment) -> list[Counted]:
    """What it counts, the measure that decides first."""
    return [find_measure(key, experiment.currency) for key in experiment.measures]


def sums_of(experiment: Experiment, now: datetime) -> dict[str, Any]:
    """The sums of every group as they are kept: {variant: {people, measured, sums: {measure: {...}}}}."""
    crowd = Crowd(
        people=_SHOWN,
        parameters={"experiment": experiment.pk},
        variants=[one["key"] for one in experiment.variants],
        first=experiment.started_at or now,
        window=timedelta(days=experiment.window_days),
    )
    return group_sums(crowd, measures_of(experiment), now)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Whose doings are counted: `people` selects id, variant, customer_id, at; none of them before `first`."""

    people: str
    parameters: Mapping[str, Any]
    variants: Sequence[str]
    first: datetime
    window: timedelta


def group_sums(crowd: Crowd, measures: Sequence[Counted], now: datetime) -> dict[str, Any]:
    """The sums of every group, measure by measure; one statement for each."""
    kept: dict[str, Any] = {key: {"people": 0, "measured": 0, "sums": {}} for key in crowd.variants}
    with _joined_for(crowd):
        rows = [(counted, _rows(crowd, counted, now)) for counted in measures]
    for counted, of_groups in rows:
        found = {row[0]: row[1:] for row in of_groups}
        for key, group in kept.items():
            people, measured, doers, total, *rest = found.get(key, (0, 0, 0, "0", 0.0, 0.0, 0.0, 0.0))
            group["people"], group["measured"] = people, measured
            group["sums"][counted.measure.key] = {"doers": doers, "total": total, "rest": rest}
    return kept


@contextmanager
def _joined_for(crowd: Crowd) -> Iterator[None]:
    """Many people are joined by hash. Few are looked up one by one, so that no small crowd reads everybody's row."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({crowd.people} LIMIT {MANY}) s", crowd.parameters)  # noqa: S608
        many = cursor.fetchone()[0] >= MANY
    with joined_by_hash() if many else nullcontext():
        yield


@contextmanager
def joined_by_hash() -> Iterator[None]:
    """People are joined by hash, whatever the planner expects.

    Of a crowd that came all at once its statistics know nobody yet: it looks for each person among all the others,
    and 64,000 people took twenty minutes.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('enable_nestloop', 'off', true)")
        yield
        cursor.execute("SELECT set_config('enable_nestloop', 'on', true)")


def _rows(crowd: Crowd, counted: Counted, now: datetime) -> list[tuple[Any, ...]]:
    statement = _SUMS.format(
        people=crowd.people,
        table=counted.table,
        at=counted.at,
        amount=counted.amount,
        condition=counted.condition,
    )
    parameters = {
        "bit": use_of(MEASURING).mask,
        "now": now,
        "window": crowd.window,
        "first": crowd.first - crowd.window,
        **crowd.parameters,
        **counted.parameters,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def arms_of(experiment: Experiment) -> list[Arm]:
    """The groups from the sums that were kept, in the order of the variants."""
    shares = shares_of(experiment.variants)
    return [
        arm_of(one["key"], share, experiment.figures.get(one["key"], {}), experiment.measures)
        for one, share in zip(experiment.variants, shares, strict=True)
    ]


def arm_of(key: str, weight: float, kept: Mapping[str, Any], measures: Sequence[str]) -> Arm:
    """One group from its kept sums."""
    sums = {}
    for name in measures:
        found = kept.get("sums", {}).get(name)
        sums[name] = Sums(found["doers"], Decimal(found["total"]), *found["rest"]) if found else Sums()
    return Arm(key, weight, kept.get("people", 0), kept.get("measured", 0), sums)


def report_of(experiment: Experiment) -> Report:
    """Everything that may be said of it from the sums kept at `figures_at`; no query about people."""
    plan = Plan(people=experiment.planned_people, every_look=experiment.looks == Looks.ALWAYS)
    return report(arms_of(experiment), [counted.measure for counted in measures_of(experiment)], plan)


def value_of(experiment: Experiment, variant: str) -> Any:
    """What a variant shows."""
    return next(one["value"] for one in experiment.variants if one["key"] == variant)


def as_json(value: Any) -> str:
    """A variant's value as one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
