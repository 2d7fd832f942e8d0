"""Questions about lead scores: which there are, what one customer has and why, how they are spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from core.errors import NotFound
from core.ids import is_public_id
from core.models import Job
from customers.models import (
    Customer,
    CustomerScore,
    ScoreChange,
    ScoreModel,
    ScoreVersion,
    ScoreVersionState,
    Segment,
    SegmentKind,
    SegmentState,
)
from customers.rules.scores import terms
from customers.selectors.segments.answers import rule_words
from customers.selectors.segments.scoring import BARS, Distribution, distribution

JOB_KIND: Final = "score-calculation"
MAX_SHOWN: Final = 50
_SPREAD: Final = """
SELECT count(*), json_object_agg(bar, people) FROM (
    SELECT width_bucket(score, %s, %s, %s) AS bar, count(*) AS people
    FROM customers_customerscore WHERE version_id = %s GROUP BY 1
) b
"""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one rule gave."""

    rule: str
    points: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's score in one model since when, and the rules that gave points; 0 without any."""

    model: ScoreModel
    version: int
    score: int
    maximum: int
    since: datetime | None
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a score, and the rules that gave points from then on."""

    model: ScoreModel
    version: int
    at: datetime
    before: int
    after: int
    cause: str
    contributions: tuple[Contribution, ...]


def list_models(*, include_retired: bool = False) -> QuerySet[ScoreModel]:
    """Every model with its active version, retired ones on demand."""
    rows = ScoreModel.objects.select_related("current")
    return rows if include_retired else rows.filter(retired_at__isnull=True)


def find_model(reference: str) -> ScoreModel:
    """The model with this public id or slug, retired or not; NotFound otherwise."""
    named = {"public_id": reference} if is_public_id(reference, "scm") else {"slug": reference}
    model = list_models(include_retired=True).filter(**named).first()
    if model is None:
        raise NotFound("There is no score with this id.")
    return model


def versions_of(model: ScoreModel) -> QuerySet[ScoreVersion]:
    """Every version, newest first."""
    return ScoreVersion.objects.filter(model=model).order_by("-number")


def latest_version(model: ScoreModel) -> ScoreVersion | None:
    """The newest version: the draft, if there is one."""
    return versions_of(model).first()


def newest_versions(models: Sequence[ScoreModel]) -> dict[int, ScoreVersion]:
    """The newest version of each model, by the model's database id; one query."""
    rows = ScoreVersion.objects.filter(model__in=models).order_by("model_id", "-number").distinct("model_id")
    return {row.model_id: row for row in rows}


def last_job(model: ScoreModel) -> Job | None:
    """The calculation that was started last."""
    rows = Job.objects.filter(kind=JOB_KIND, parameters__score=model.public_id)
    return rows.order_by("-created_at", "-id").first()


def rules_shown(version: ScoreVersion) -> list[dict[str, Any]]:
    """Each rule of a version with its condition in words and how it gives points."""
    return [rule | {"words": rule_words(rule["when"]), "terms": terms(rule)} for rule in version.definition["rules"]]


def standings_of(customer: Customer) -> list[Standing]:
    """What the customer has in every model with an active version, by name; two queries."""
    models = list(list_models().filter(current__isnull=False).order_by("name"))
    rows = CustomerScore.objects.filter(customer_id=customer.pk, version__in=[model.current_id for model in models])
    found = {row.version_id: row for row in rows.order_by("version_id")}
    standings = []
    for model in models:
        version, row = model.current, found.get(model.current_id or 0)
        if version is not None:
            points = row.points if row else []
            standings.append(
                Standing(
                    model=model,
                    version=version.number,
                    score=row.score if row else 0,
                    maximum=version.definition["maximum"],
                    since=row.since if row else None,
                    contributions=contributions(version.definition, points),
                )
            )
    return standings


def history_of(customer: Customer, *, limit: int = MAX_SHOWN, model: ScoreModel | None = None) -> list[Step]:
    """The last changes of the customer's scores, newest first, at most `limit`; one query by the customer's index."""
    rows = ScoreChange.objects.filter(customer_id=customer.pk).select_related("version__model")
    if model is not None:
        rows = rows.filter(version__model=model)
    return [
        Step(
            model=row.version.model,
            version=row.version.number,
            at=row.at,
            before=row.before,
            after=row.after,
            cause=row.get_cause_display(),
            contributions=contributions(row.version.definition, row.points),
        )
        for row in rows.order_by("-at", "-id")[:limit]
    ]


def contributions(definition: dict[str, Any], points: Sequence[int]) -> tuple[Contribution, ...]:
    """Which rules gave the points, in the order of the definition; those that gave none are left out."""
    rules = definition["rules"]
    return tuple(Contribution(rule["name"], given) for rule, given in zip(rules, points, strict=False) if given)


def spread_of(model: ScoreModel) -> Distribution | None:
    """How the stored scores are spread; None before the first calculation."""
    version = model.current
    if version is None:
        return None
    low, high = version.definition["minimum"], version.definition["maximum"]
    with connection.cursor() as cursor:
        cursor.execute(_SPREAD, [low, high + 1, BARS, version.pk])
        _, counts = cursor.fetchone()
    by_bar = {int(bar): int(people) for bar, people in (counts or {}).items()}
    scored = sum(by_bar.values())
    return distribution(everybody=scored, scored=scored, counts=by_bar, by_rule=(), low=low, high=high)


def asked_scores(rule: Any) -> set[str]:
    """Slugs of the scores that a stored segment rule asks about."""
    if isinstance(rule, list):
        return {slug for item in rule for slug in asked_scores(item)}
    if not isinstance(rule, dict):
        return set()
    if rule.get("on") == "score":
        return {str(rule.get("field"))}
    return {slug for value in rule.values() for slug in asked_scores(value)}


def segments_asking(model: ScoreModel) -> list[Segment]:
    """Active segments whose rule asks about this score."""
    rows = Segment.objects.filter(state=SegmentState.ACTIVE, kind=SegmentKind.DYNAMIC).order_by("name")
    return [segment for segment in rows if model.slug in asked_scores(segment.rule)]


def live_versions() -> list[ScoreVersion]:
    """The versions whose scores follow their customers: those in force and those about to be."""
    states = (ScoreVersionState.ACTIVE, ScoreVersionState.COMPUTING)
    return list(ScoreVersion.objects.filter(state__in=states).select_related("model").order_by("pk"))
