"""Storing what outside models say about customers, and letting go of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from consent.selectors.profiling import NO, profiling_purposes
from core import audit
from core.actors import Actor
from core.errors import Conflict, DomainError
from customers.services.erasing import Rows, delete_rows
from engagement.models import Prediction, PredictionModel
from engagement.rules.predictions import MAX_LABELS, MAX_MODELS, PLACES, Outcome, Sent
from engagement.selectors.predictions import Named, people_named, standing_between, unknown_customer

_COLUMNS: Final = (
    "score",
    "label",
    "model_version",
    "version_order",
    "scored_at",
    "expires_at",
    "written_at",
    "written_by",
)
# The customers stay locked so that nobody is erased or merged between the look-up and the row.
_WRITE: Final = f"""
WITH sent AS (
    SELECT * FROM unnest(%(models)s::smallint[], %(customers)s::bigint[], %(scores)s::numeric[], %(labels)s::text[],
        %(versions)s::text[], %(orders)s::text[], %(scored)s::timestamptz[], %(ends)s::timestamptz[])
        AS s (model_id, customer_id, score, label, model_version, version_order, scored_at, expires_at)
), person AS MATERIALIZED (
    SELECT c.id FROM customers_customer c WHERE c.id = ANY(%(customers)s::bigint[]) AND c.status <> 'deleted'
        AND c.merged_into_id IS NULL ORDER BY c.id FOR SHARE
)
INSERT INTO engagement_prediction AS p (model_id, customer_id, {", ".join(_COLUMNS)})
SELECT s.model_id, s.customer_id, s.score, s.label, s.model_version, s.version_order, s.scored_at, s.expires_at,
    %(now)s, %(by)s FROM sent s JOIN person ON person.id = s.customer_id ORDER BY s.model_id, s.customer_id
ON CONFLICT (model_id, customer_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}
WHERE (excluded.version_order, excluded.scored_at) >= (p.version_order, p.scored_at)
    AND (excluded.version_order, excluded.scored_at, excluded.model_version, excluded.score, excluded.label,
        excluded.expires_at)
        IS DISTINCT FROM (p.version_order, p.scored_at, p.model_version, p.score, p.label, p.expires_at)
RETURNING p.model_id, p.customer_id, p.xmax = 0
"""  # noqa: S608 - column names are constants of this module
_EXPIRED: Final = """
DELETE FROM engagement_prediction p USING (
    SELECT model_id, customer_id FROM engagement_prediction WHERE expires_at <= %(now)s
    ORDER BY expires_at LIMIT %(piece)s
) gone WHERE p.model_id = gone.model_id AND p.customer_id = gone.customer_id AND p.expires_at <= %(now)s
"""
_REFUSED: Final = """
DELETE FROM engagement_prediction p USING (
    SELECT DISTINCT q.customer_id FROM engagement_prediction q JOIN consent_consentstate s
        ON s.customer_id = q.customer_id AND s.purpose_id = ANY(%(purposes)s) AND s.state = ANY(%(no)s)
    LIMIT %(piece)s
) gone WHERE p.customer_id = gone.customer_id
"""
PIECE: Final = 20_000


@dataclass(slots=True)
class Row:
    """A row of a batch: what is to be stored, or why it is refused; after writing, what became of it."""

    sent: Sent | None
    refusal: DomainError | None = None
    outcome: Outcome = Outcome.REFUSED
    public_id: str = ""


@transaction.atomic
def write_predictions(*, rows: Sequence[Row], by: Actor, now: datetime, atomic: bool = False) -> None:
    """Every row is stored, or says why not; the newest of a model and a customer stands, whatever arrives when.

    Newer is a higher version of the model and, of one version, a later `scored_at`; an older row answers `kept`.
    Refused are unknown customers, suppressed ones, those whose data may only be kept and those who said no to
    profiling (GDPR Art. 18, 21(1), 22(1)), more than 50 models, more than 50 labels of one. With `atomic` one refusal
    leaves nothing stored. One statement for any number of rows; the segments that ask are looked at within seconds.
    """
    people = people_named({row.sent.user for row in rows if row.sent})
    for row in rows:
        if row.sent:
            _name(row, people.get(row.sent.user))
    if atomic and any(row.refusal for row in rows):
        return
    models = _models([row for row in rows if row.refusal is None], by, now)
    if atomic and any(row.refusal for row in rows):
        transaction.set_rollback(True)
        return
    ready = [(row, row.sent) for row in rows if row.sent and row.refusal is None]
    if ready:
        _store([_Place(row, sent, models[sent.model].pk, people[sent.user].pk) for row, sent in ready], by, now)
        audit.record_many(by=by, deeds=_deeds([row for row, _ in ready]))


def _name(row: Row, person: Named | None) -> None:
    row.refusal = unknown_customer() if person is None else person.refusal
    row.public_id = person.public_id if person and person.refusal is None else ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A row and the ids of its model and customer."""

    row: Row
    sent: Sent
    model_id: int
    customer_id: int

    @property
    def key(self) -> tuple[int, int]:
        return self.model_id, self.customer_id


def _models(rows: Sequence[Row], by: Actor, now: datetime) -> dict[str, PredictionModel]:
    """The models by name, new ones registered, with the labels of these rows; refuses rows beyond the limits."""
    named: dict[str, set[str]] = {}
    for row in rows:
        if row.sent:
            named.setdefault(row.sent.model, set()).update({row.sent.label} - {""})
    found = {model.slug: model for model in PredictionModel.objects.filter(slug__in=named)}
    changes = {
        slug: labels for slug, labels in named.items() if slug not in found or not labels <= {*found[slug].labels}
    }
    if changes:
        found |= _extended(changes, by, now)
    for row in rows:
        if row.sent and row.sent.model not in found:
            message = f"There are {MAX_MODELS} models already; no further one can be registered."
            row.refusal = Conflict(message, code="too_many_models", param="model")
        elif row.sent and row.sent.label and row.sent.label not in found[row.sent.model].labels:
            message = f"This model has {MAX_LABELS} labels already; use one of those."
            row.refusal = Conflict(message, code="too_many_labels", param="label")
    return found


def _extended(changes: dict[str, set[str]], by: Actor, now: datetime) -> dict[str, PredictionModel]:
    """These models with new labels, as far as the limits allow; writers of new names queue up behind each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('engagement.prediction_models'))")
    found = {model.slug: model for model in PredictionModel.objects.all()}
    for slug in sorted(changes):
        if slug not in found and len(found) < MAX_MODELS:
            found[slug] = PredictionModel.objects.create(slug=slug, registered_by=by.id, registered_at=now)
            audit.record(by=by, action="prediction_model.registered", target=f"prediction_model:{slug}")
        if slug in found:
            fresh = sorted(changes[slug] - {*found[slug].labels})
            found[slug].labels += fresh[: MAX_LABELS - len(found[slug].labels)]
            found[slug].save(update_fields=["labels"])
    return found


def _store(places: Sequence[_Place], by: Actor, now: datetime) -> None:
    """The newest row of each model and customer is written; the outcomes of all are known."""
    newest: dict[tuple[int, int], _Place] = {}
    for place in places:
        if place.key not in newest or place.sent.age >= newest[place.key].sent.age:
            newest[place.key] = place
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, _parameters(list(newest.values()), by, now))
        written = {(model, customer): created for model, customer, created in cursor.fetchall()}
    rest = [key for key in newest if key not in written]
    standing = standing_between(model_ids={key[0] for key in rest}, customer_ids={key[1] for key in rest})
    for place in places:
        row, key = place.row, place.key
        if newest[key] is not place:
            row.outcome = Outcome.KEPT
        elif key in written:
            row.outcome = Outcome.CREATED if written[key] else Outcome.UPDATED
        elif key in standing:
            row.outcome = Outcome.UNCHANGED if _says_the_same(standing[key], place.sent) else Outcome.KEPT
        else:
            row.refusal, row.public_id = unknown_customer(), ""


def _parameters(places: Sequence[_Place], by: Actor, now: datetime) -> dict[str, Any]:
    sent = [place.sent for place in places]
    return {
        "models": [place.model_id for place in places],
        "customers": [place.customer_id for place in places],
        "scores": [one.score for one in sent],
        "labels": [one.label for one in sent],
        "versions": [one.version for one in sent],
        "orders": [one.order for one in sent],
        "scored": [one.scored_at for one in sent],
        "ends": [one.expires_at for one in sent],
        "now": now,
        "by": by.id,
    }


def _says_the_same(row: Prediction, sent: Sent) -> bool:
    mine = (row.version_order, row.scored_at, row.score.quantize(PLACES), row.label, row.expires_at)
    return mine == (sent.order, sent.scored_at, sent.score, sent.label, sent.expires_at)


def _deeds(rows: Sequence[Row]) -> list[audit.Deed]:
    """One entry a model: how many rows had which outcome."""
    counted: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row.sent and row.outcome in (Outcome.CREATED, Outcome.UPDATED):
            found = counted.setdefault(row.sent.model, {})
            found[row.outcome.value] = [0, found.get(row.outcome.value, [0, 0])[1] + 1]
    return [
        audit.Deed(action="predictions.written", target=f"prediction_model:{slug}", changes=changes)
        for slug, changes in counted.items()
    ]


def forget_predictions(*, now: datetime) -> int:
    """Nothing is kept that has expired, and nothing about people who said no to profiling; how many rows went.

    PIECE of each a transaction; call it again while it answers PIECE or more.
    """
    parameters: dict[str, Any] = {"now": now, "purposes": profiling_purposes(), "no": list(NO), "piece": PIECE}
    gone = 0
    for sql in (_EXPIRED, _REFUSED):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            gone += cursor.rowcount
    return gone


def erase_predictions(customer_ids: Sequence[int], /) -> Rows:
    """No model says anything about these customers any more."""
    return delete_rows(Prediction.objects.filter(customer_id__in=customer_ids), customer_ids)
