"""Predictions as criteria of segment rules: read as they stand, unknown where nothing may be concluded."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from consent.selectors.catalogue import SERVICE_BIT
from consent.selectors.profiling import NO, profiling_purposes
from customers.rules.segments.mentions import Clock
from customers.rules.segments.operands import Subject
from customers.rules.segments.operators import Type
from customers.rules.segments.tree import Condition
from customers.rules.segments.windows import refuse
from customers.selectors.segments.builder import Builder, Filter, Source, Test
from customers.selectors.segments.comparing import Value, compare
from customers.selectors.segments.registry import Offer, SegmentCriterion, SubjectFinder
from engagement.models import PredictionModel
from engagement.rules.prediction_segments import ASKED, ENDS, FIELD_WORDS, MADE, PREDICTION

SOURCE: Final = Source("predictions", "engagement_prediction", at="expires_at")
_TYPES: Final = {"score": Type.NUMBER, "label": Type.ENUM, "scored_at": Type.DATETIME}
_PASSED: Final = """
SELECT p.customer_id FROM engagement_prediction p JOIN engagement_predictionmodel m ON m.id = p.model_id
WHERE m.slug = ANY(%(models)s) AND p.{column} BETWEEN %(since)s AND %(until)s
"""


def _finder() -> SubjectFinder:
    labels = cache(lambda: dict(PredictionModel.objects.values_list("slug", "labels")))

    def subject(members: Mapping[str, Any], pointer: str) -> Subject:
        slug, name = members["model"], members["field"]
        if slug not in labels():
            message = "No model of this name has written a prediction; is it spelled so?"
            raise refuse(f"{pointer}/model", message, "unknown_model")
        options = tuple(sorted(labels()[slug])) if name == "label" else ()
        if name == "label" and not options:
            raise refuse(f"{pointer}/field", f"The model '{slug}' has written no labels.", "unknown_label")
        words = f"prediction {slug}: {FIELD_WORDS[name]}"
        return Subject(_TYPES[name], words, options, personal=True, ranked=False, only=ASKED[name])

    return subject


def _test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    """Unknown for whoever has no running prediction, said no to profiling, or to whom nothing may be done."""
    slug, name = condition.members["model"], condition.members["field"]
    model = PredictionModel.objects.filter(slug=slug).first()
    if model is None:
        raise refuse(f"{condition.pointer}/model", f"There is no model '{slug[:60]}' any more.", "unknown_model")
    purposes, no = builder.bind(profiling_purposes(), "bigint[]"), builder.bind(list(NO), "text[]")
    chosen = (
        f"f.model_id = {builder.bind(model.pk, 'smallint')}"
        f" AND f.expires_at > {builder.bind(builder.now, 'timestamptz')}"
        " AND NOT EXISTS (SELECT FROM consent_consentstate s WHERE s.customer_id = f.customer_id"
        f" AND s.purpose_id = ANY({purposes}) AND s.state = ANY({no}))"
    )
    said = "nullif(f.label, '')" if name == "label" else f"f.{name}"
    column = builder.measure(SOURCE, f"max({said})", Filter(chosen))
    may = f"c.consent_mask & {builder.bind(1 << SERVICE_BIT, 'bigint')} <> 0"
    found = compare(condition, Value(column, subject.type), builder)
    return Test(f"(CASE WHEN {may} THEN {found.sql} END)", seen=f"({column})::text", strict=True)


def passed(clock: Clock, since: datetime, until: datetime) -> tuple[str, Mapping[str, Any]]:
    """The customers whose predictions of these models ended, or became so old, in that time."""
    column = {ENDS: "expires_at", MADE: "scored_at"}[clock.source]
    return _PASSED.format(column=column), {"models": list(clock.kinds), "since": since, "until": until}


def _offers() -> Sequence[Offer]:
    models = PredictionModel.objects.order_by("slug").values_list("slug", "labels")
    return [
        Offer(f"{slug}: {words}", "Predictions", {"model": slug, "field": name})
        for slug, labels in models
        for name, words in FIELD_WORDS.items()
        if name != "label" or labels
    ]


PREDICTIONS: Final = SegmentCriterion(PREDICTION, _finder, _test, _offers)
