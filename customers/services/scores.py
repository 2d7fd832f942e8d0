"""Lead scores: defining models, writing versions of their rules, putting a version to work, retiring a model."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from core import audit, jobs, outbox
from core.actors import Actor
from core.errors import Conflict, InvalidInput, InvalidState, Problem
from core.models import Job
from core.models.jobs import OPEN_STATES
from customers.models import ScoreModel, ScoreVersion, ScoreVersionState
from customers.rules.scores import ScoreDefinition, definition_json, read_definition
from customers.rules.segments.tree import RuleError
from customers.selectors.scores import JOB_KIND, segments_asking
from customers.selectors.segments.registry import grammar
from customers.services.definitions import TEXT_LIMITS, one_at_a_time, text_of

MAX_MODELS: Final = 50
TASK: Final = "customers.tasks.compute_scores"
RESERVED: Final = frozenset({"new"})


def checked_definition(*, raw: Any) -> ScoreDefinition:
    """The checked rules of a score; InvalidInput names every problem by a JSON Pointer (RFC 6901)."""
    try:
        return read_definition(raw, grammar())
    except RuleError as refusal:
        details = [Problem(problem.pointer, problem.code, problem.message) for problem in refusal.problems]
        message = details[0].message
        raise InvalidInput(message, code="invalid_rule", param=details[0].param, details=details) from refusal


@transaction.atomic
def define_score(*, name: str, definition: Any, description: str = "", by: Actor, now: datetime) -> ScoreModel:
    """A new model whose first version is a draft: nobody has a score before it is activated.

    Refuses rules that cannot be used (400), a name that makes a slug that is taken (409), more than MAX_MODELS.
    """
    checked = checked_definition(raw=definition)
    if ScoreModel.objects.filter(retired_at__isnull=True).count() >= MAX_MODELS:
        raise InvalidInput(f"There may be at most {MAX_MODELS} scores; retire one first.", code="business_rule")
    model = ScoreModel(public_id=ScoreModel.new_public_id(), owner=str(by), created_at=now, updated_at=now)
    model.name, model.description = text_of(name="name", value=name), text_of(name="description", value=description)
    model.slug = slugify(model.name).replace("_", "-")[:60].strip("-")
    if not model.slug or model.slug in RESERVED:
        raise InvalidInput("Invalid 'name': use a word of letters or digits that names nothing else.", param="name")
    try:
        with transaction.atomic():
            model.save(force_insert=True)
    except IntegrityError as taken:
        raise Conflict("There is a score with such a name.", code="state_conflict", param="name") from taken
    _write(model, checked, by, now)
    audit.record(by=by, action="score.created", target=model.public_id)
    return model


@transaction.atomic
def change_score(*, model: ScoreModel, values: Mapping[str, Any], by: Actor, now: datetime) -> ScoreModel:
    """The model with another name or description; another `definition` is a new draft in place of the last one.

    What customers have stays until the draft is activated. Refuses rules that cannot be used and retired models.
    """
    model = _locked(model)
    changes: dict[str, list[Any]] = {}
    for name in TEXT_LIMITS:
        if name in values and text_of(name=name, value=values[name]) != getattr(model, name):
            changes[name] = [getattr(model, name), text_of(name=name, value=values[name])]
            setattr(model, name, changes[name][1])
    if "definition" in values:
        checked = checked_definition(raw=values["definition"])
        last = model.versions.order_by("-number").first()
        if last is None or last.definition != definition_json(checked) or last.state == ScoreVersionState.RETIRED:
            version = _write(model, checked, by, now)
            changes["version"] = [version.number - 1, version.number]
    if changes:
        model.updated_at = now
        model.save(update_fields=["name", "description", "updated_at"])
        audit.record(by=by, action="score.changed", target=model.public_id, changes=changes)
    return model


def _write(model: ScoreModel, definition: ScoreDefinition, by: Actor, now: datetime) -> ScoreVersion:
    """The next version as the one draft of the model."""
    drafts = ScoreVersion.objects.filter(model=model, state=ScoreVersionState.DRAFT)
    drafts.update(state=ScoreVersionState.RETIRED, retired_at=now)
    last = model.versions.order_by("-number").values_list("number", flat=True).first()
    return ScoreVersion.objects.create(
        model=model,
        number=(last or 0) + 1,
        definition=definition_json(definition),
        created_by=str(by),
        created_at=now,
    )


@transaction.atomic
def activate_score(*, model: ScoreModel, by: Actor, now: datetime) -> Job:
    """The draft is calculated for everybody and then takes the place of the active version.

    Until then scores are those of the active version. Refuses (409) a model without a draft, and one that is being
    calculated.
    """
    model = _locked(model)
    draft = model.versions.filter(state=ScoreVersionState.DRAFT).first()
    if draft is None:
        raise InvalidState("This score has no draft to activate; change its rules first.")
    _refuse_open(model)
    checked_definition(raw=draft.definition)
    left_over = model.versions.filter(state=ScoreVersionState.COMPUTING)
    left_over.update(state=ScoreVersionState.RETIRED, retired_at=now)
    draft.state = ScoreVersionState.COMPUTING
    draft.save(update_fields=["state"])
    audit.record(by=by, action="score.activated", target=model.public_id, changes={"version": [None, draft.number]})
    return _start(model, draft, by, now)


@transaction.atomic
def recompute_score(*, model: ScoreModel, by: Actor, now: datetime) -> Job:
    """Everybody's score is worked out anew by the version that is in force or about to be; 409 while that happens."""
    model = _locked(model)
    version = model.versions.filter(state=ScoreVersionState.COMPUTING).first() or model.current
    if version is None:
        raise InvalidState("This score has no active version; activate its draft first.")
    _refuse_open(model)
    audit.record(by=by, action="score.recomputed", target=model.public_id)
    return _start(model, version, by, now)


@transaction.atomic
def retire_score(*, model: ScoreModel, by: Actor, now: datetime) -> ScoreModel:
    """Nobody has this score any more and no rule may ask about it; its history stays. 409 while a segment does."""
    model = _locked(model)
    users = segments_asking(model)
    if users:
        names = ", ".join(f"'{segment.slug}'" for segment in users)
        raise Conflict(f"The rules of {names} ask about this score; change them first.", code="score_in_use")
    model.current, model.retired_at, model.updated_at = None, now, now
    model.save(update_fields=["current", "retired_at", "updated_at"])
    versions = ScoreVersion.objects.filter(model=model).exclude(state=ScoreVersionState.RETIRED)
    ids = list(versions.values_list("pk", flat=True))
    versions.update(state=ScoreVersionState.RETIRED, retired_at=now)
    audit.record(by=by, action="score.retired", target=model.public_id)
    outbox.publish(topic="score.retired", subject=model.public_id, payload={"score": model.slug})
    for pk in ids:
        jobs.defer("customers.tasks.clear_scores", version_id=pk)
    return model


def _start(model: ScoreModel, version: ScoreVersion, by: Actor, now: datetime) -> Job:
    return jobs.start_job(
        kind=JOB_KIND,
        title=f"Calculate the score {model.name}"[:200],
        task=TASK,
        parameters={"score": model.public_id, "version": version.pk},
        by=by,
        now=now,
    )


def _refuse_open(model: ScoreModel) -> None:
    if Job.objects.filter(kind=JOB_KIND, state__in=OPEN_STATES, parameters__score=model.public_id).exists():
        raise Conflict("This score is being calculated; wait for the job or stop it.")


def _locked(model: ScoreModel) -> ScoreModel:
    one_at_a_time()
    locked = ScoreModel.objects.select_for_update(of=("self",)).select_related("current").get(pk=model.pk)
    if locked.retired_at is not None:
        raise InvalidState("This score is retired.")
    return locked
