"""Experiments: writing them down, starting and stopping them, counting, and deciding."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.text import slugify

from campaigns.models import Experiment, Shown
from campaigns.rules.experiments import (
    FIXED,
    MOVES,
    READERS,
    Drawn,
    ExperimentState,
    Kind,
    holdout_variants,
)
from campaigns.rules.values import Unreadable, read
from campaigns.selectors.experiments import (
    COUNTING,
    find_counting,
    find_experiment,
    is_crowded,
    measures_of,
    report_of,
    sums_of,
)
from campaigns.services.offers import find_audience
from core import audit, jobs, outbox
from core.actors import Actor
from core.errors import Conflict, InvalidInput, InvalidState
from core.models import Job
from customers.services.answering import answering

MOST_OPEN: Final = 500
_RESERVED: Final = frozenset({"new", "plan", "holdout"})
"""Words that addresses of the console and of the API mean otherwise."""
_TASK: Final = "campaigns.tasks.count_experiment"
_HOLDS_FOR: Final = timedelta(hours=1)
HOLDOUT_KEY: Final = "global-holdout"


@transaction.atomic
def define_experiment(*, values: Mapping[str, Any], by: Actor, now: datetime) -> Experiment:
    """A new draft; needs key, name and variants. Without measures it counts who bought and the revenue."""
    for name in ("key", "name", "variants"):
        if not values.get(name):
            raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
    if Experiment.objects.exclude(state=ExperimentState.STOPPED).count() >= MOST_OPEN:
        raise InvalidInput(f"There may be at most {MOST_OPEN} experiments under way.", code="business_rule")
    experiment = Experiment(public_id=Experiment.new_public_id(), created_at=now, updated_at=now)
    experiment.measures = ["purchase", "revenue"]
    _apply(experiment, values)
    _store(experiment)
    audit.record(by=by, action="experiment.created", target=experiment.public_id)
    return experiment


@transaction.atomic
def change_experiment(*, experiment: Experiment, values: Mapping[str, Any], by: Actor, now: datetime) -> Experiment:
    """The experiment with other values; once it was started only its name and hypothesis change."""
    experiment = locked(experiment=experiment)
    if experiment.state != ExperimentState.DRAFT and (fixed := sorted(FIXED & set(values))):
        raise InvalidState(f"The experiment was started: {', '.join(fixed)} cannot change any more.")
    _apply(experiment, values)
    experiment.updated_at = now
    try:
        with transaction.atomic():
            experiment.save()
    except IntegrityError as taken:
        raise _taken() from taken
    changes = {name: ["", ""] for name in sorted(values)}
    audit.record(by=by, action="experiment.changed", target=experiment.public_id, changes=changes)
    return experiment


@transaction.atomic
def start_experiment(*, experiment: Experiment, by: Actor, now: datetime) -> Experiment:
    """People are drawn and counted from now on; InvalidState unless it is a draft."""
    return _move(locked(experiment=experiment), ExperimentState.RUNNING, by, now, started_at=now)


@transaction.atomic
def stop_experiment(*, experiment: Experiment, by: Actor, now: datetime) -> Experiment:
    """Nobody is drawn any more and everybody is shown the control; its figures are counted a last time."""
    experiment = locked(experiment=experiment)
    if experiment.state == ExperimentState.RUNNING and ask_figures(experiment=experiment, by=by, now=now) is None:
        experiment.refresh_from_db(fields=["figures", "figures_at"])
    return _move(experiment, ExperimentState.STOPPED, by, now, stopped_at=now)


@transaction.atomic
def start_holdout(*, percent: int, by: Actor, now: datetime) -> Experiment:
    """This share of all customers gets no campaign and no promotion from now on; refused while another one runs."""
    if not 1 <= percent <= 20:
        raise InvalidInput("Invalid 'percent': hold out 1 to 20 of 100 people.", param="percent")
    if Experiment.objects.filter(kind=Kind.HOLDOUT, state=ExperimentState.RUNNING).exists():
        raise Conflict("A global holdout is running; stop it first.", code="state_conflict")
    number = Experiment.objects.filter(kind=Kind.HOLDOUT).count() + 1
    experiment = Experiment(public_id=Experiment.new_public_id(), created_at=now, updated_at=now)
    experiment.key, experiment.name = f"{HOLDOUT_KEY}-{number}", f"Global holdout {number}"
    experiment.hypothesis = "Marketing as a whole earns more than it costs."
    experiment.kind, experiment.variants = Kind.HOLDOUT, holdout_variants(percent)
    experiment.measures, experiment.window_days = ["purchase", "revenue"], 90
    _store(experiment)
    return start_experiment(experiment=experiment, by=by, now=now)


@transaction.atomic
def count_experiment(*, experiment: Experiment, now: datetime) -> Experiment:
    """The sums of all groups as they are now are kept; those of a stopped experiment too, while its window is open."""
    experiment = locked(experiment=experiment)
    if experiment.state == ExperimentState.DRAFT:
        raise InvalidState("The experiment has not been started.")
    _count(experiment, now)
    experiment.save(update_fields=["figures", "figures_at"])
    return experiment


@transaction.atomic
def ask_figures(*, experiment: Experiment, by: Actor, now: datetime) -> Job | None:
    """Its sums are counted: at once and None; with 50,000 people and more by a job, the one on its way if there is."""
    if not is_crowded(experiment):
        count_experiment(experiment=experiment, now=now)
        return None
    locked(experiment=experiment)
    found = find_counting(experiment)
    title = f"Figures of {experiment.name}"
    asked = {"experiment": experiment.public_id}
    return found or jobs.start_job(kind=COUNTING, title=title, task=_TASK, parameters=asked, by=by, now=now)


def count_asked(*, job_id: str, clock: Callable[[], datetime]) -> None:
    """Work on the job: the sums are those of this moment. A refusal ends it."""
    job = jobs.claim_job(job_id=job_id, now=clock())
    if job is None:
        return
    with answering(job=job, clock=clock):
        found = count_experiment(experiment=find_experiment(job.parameters["experiment"]), now=clock())
        jobs.finish_job(job=job, result={"experiment": found.public_id}, now=clock())


@transaction.atomic
def declare_winner(*, experiment: Experiment, variant: str, reason: str = "", by: Actor, now: datetime) -> Experiment:
    """The experiment is over and everybody is shown this variant.

    Refused when the groups do not have the sizes they were planned with, whatever the reason; a variant that the
    figures do not bear out needs a reason, which stands in the audit trail.
    """
    experiment = locked(experiment=experiment)
    if experiment.state == ExperimentState.DRAFT or experiment.winner or experiment.kind == Kind.HOLDOUT:
        raise InvalidState("A winner can be declared once, of an experiment that was started.")
    if variant not in {one["key"] for one in experiment.variants}:
        raise InvalidInput("Invalid 'variant': there is no such variant.", param="variant")
    _fresh(experiment, now)
    _refuse_winner(experiment, variant, reason)
    stopped = {"stopped_at": experiment.stopped_at or now, "state": ExperimentState.STOPPED}
    decided = {"winner": variant, "decided_by": str(by), "decided_at": now, "reason": reason, "updated_at": now}
    for name, value in {**stopped, **decided}.items():
        setattr(experiment, name, value)
    experiment.save(update_fields=[*stopped, *decided, "figures", "figures_at"])
    changes = {"winner": ["", variant]}
    audit.record(by=by, action="experiment.decided", target=experiment.public_id, changes=changes, reason=reason)
    payload = {"experiment": experiment.key, "winner": variant}
    outbox.publish(topic="experiment.decided", subject=experiment.public_id, payload=payload)
    return experiment


def locked(*, experiment: Experiment) -> Experiment:
    """The row, locked until the transaction ends."""
    return Experiment.objects.select_for_update().get(pk=experiment.pk)


def _refuse_winner(experiment: Experiment, variant: str, reason: str) -> None:
    found = report_of(experiment)
    if found.winner_blocked:
        says = next((one.text for one in found.decisions.values()), "Nobody was shown the experiment yet.")
        raise Conflict(says, code="sample_ratio_mismatch")
    decision = found.decisions.get(variant)
    if not reason and (decision is None or not decision.may_declare):
        message = f"{decision.text} " if decision else ""
        message += "Say why you choose this variant although the figures do not show that it is better."
        raise InvalidInput(message, code="reason_needed", param="reason")


def _count(experiment: Experiment, now: datetime) -> None:
    """Figures stay as they are when the log they came from was removed for its age."""
    if experiment.figures and not Shown.objects.filter(experiment=experiment).exists():
        return
    experiment.figures, experiment.figures_at = sums_of(experiment, now), now


def _fresh(experiment: Experiment, now: datetime) -> None:
    """Figures to decide on: counted now; with 50,000 people and more those of the last hour, else Conflict."""
    if not is_crowded(experiment):
        _count(experiment, now)
    elif experiment.figures_at is None or experiment.figures_at < now - _HOLDS_FOR:
        raise Conflict("Its figures are more than an hour old: count them, then decide.", code="state_conflict")


def _move(experiment: Experiment, to: str, by: Actor, now: datetime, **fields: Any) -> Experiment:
    if to not in MOVES[experiment.state]:
        raise InvalidState(f"An experiment that is {experiment.state} cannot become {to}.")
    before, experiment.state, experiment.updated_at = experiment.state, to, now
    for name, value in fields.items():
        setattr(experiment, name, value)
    experiment.save(update_fields=["state", "updated_at", "figures", "figures_at", *fields])
    changes = {"state": [str(before), str(to)]}
    audit.record(by=by, action=f"experiment.{to}", target=experiment.public_id, changes=changes)
    outbox.publish(topic=f"experiment.{to}", subject=experiment.public_id, payload={"experiment": experiment.key})
    return experiment


def _apply(experiment: Experiment, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name not in READERS:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:120])
        try:
            kept = read(name, value, READERS)
        except Unreadable as refusal:
            raise InvalidInput(f"Invalid '{name}': {refusal}", param=name) from refusal
        setattr(experiment, name, find_audience(slug=kept) if name == "segment" else kept)
    if slugify(experiment.key) != experiment.key or "_" in experiment.key or experiment.key in _RESERVED:
        raise InvalidInput("Invalid 'key': use lower-case words, digits and hyphens.", param="key")
    if experiment.drawn == Drawn.ELSEWHERE and (experiment.segment or experiment.coverage != 100):
        message = "Invalid 'drawn': who draws the variants also chooses the people; leave segment and coverage out."
        raise InvalidInput(message, param="drawn")
    measures_of(experiment)


def _store(experiment: Experiment) -> None:
    try:
        with transaction.atomic():
            experiment.save(force_insert=True)
    except IntegrityError as taken:
        raise _taken() from taken


def _taken() -> Conflict:
    return Conflict("There is an experiment with this key.", code="state_conflict", param="key")
