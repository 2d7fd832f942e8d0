"""Moving on whoever's time has come: claimed in batches that no two workers share, each batch one transaction.

When a batch fails, its people are moved one by one: who cannot be moved is parked with the reason, the others go on.
"""

import traceback
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction

from campaigns.models import Automation, Run
from campaigns.rules.automations.graph import StepType, links
from campaigns.rules.automations.states import AutomationState
from campaigns.selectors.automations.listening import Listening, listening, second_look
from campaigns.services.automations.following import happened, leave
from campaigns.services.automations.recording import Journal
from campaigns.services.automations.steps import HANDLERS, Place, Went
from core.errors import DomainError, Unavailable
from customers.models import Customer
from customers.rules.segments.tree import RuleError

log = structlog.get_logger("automations")
BATCH: Final = 200
PASSES: Final = (OperationalError, InterfaceError)
"""A database that is away, a deadlock, a time that ran out: nobody's fault, and tried again."""
BROKEN: Final = (ArithmeticError, AttributeError, DatabaseError, DomainError, LookupError, RuleError, RuntimeError)
BREAKS: Final = (*BROKEN, TypeError, ValueError)
"""What one person's data or step can break with: tried again it would break again."""
MOST_STEPS: Final = 1_000
# Run and person are locked together or not at all, so that nobody waits in a circle with a merge or an erasure.
_DUE: Final = """
SELECT r.id FROM campaigns_run r JOIN campaigns_automation a ON a.id = r.automation_id AND a.state = 'active'
JOIN customers_customer c ON c.id = r.customer_id
WHERE r.automation_id = %s AND r.state = 'open' AND r.next_at <= %s ORDER BY r.next_at, r.id LIMIT %s
FOR NO KEY UPDATE OF r, c SKIP LOCKED
"""


def run_timers(*, now: datetime, batches: int = 50) -> int:
    """Whoever was due in an active automation has moved on as far as it goes without waiting; how many runs.

    Automations take turns, so that a large one does not hold up the others.
    """
    moved = 0
    waiting = list(Automation.objects.filter(state=AutomationState.ACTIVE).order_by("pk").values_list("pk", flat=True))
    for _ in range(batches):
        done = {pk: _moved(pk, now) for pk in waiting}
        moved += sum(done.values())
        waiting = [pk for pk in waiting if done[pk] == BATCH]
        if not waiting:
            break
    return moved


def _moved(automation_id: int, now: datetime) -> int:
    """How many of one automation were moved or parked: BATCH of them, unless fewer are due."""
    try:
        return _one_batch(automation_id, now)
    except PASSES:
        raise
    except BREAKS as trouble:
        log.warning("automation_batch_broken", automation=automation_id, error=type(trouble).__name__)
    number = 0
    while number < BATCH and _one_alone(automation_id, now):
        number += 1
    return number


@transaction.atomic
def _one_batch(automation_id: int, now: datetime) -> int:
    runs = _claimed(automation_id, now, BATCH)
    if runs:
        advance(runs=runs, now=now)
    return len(runs)


@transaction.atomic
def _one_alone(automation_id: int, now: datetime) -> bool:
    """The next one who is due has moved on, or is parked; False when nobody is due."""
    runs = _claimed(automation_id, now, 1)
    if not runs:
        return False
    try:
        with transaction.atomic():
            advance(runs=runs, now=now)
    except PASSES:
        raise
    except BREAKS as trouble:
        _park(Run.objects.get(pk=runs[0].pk), trouble, now)
    return True


def _park(run: Run, trouble: Exception, now: datetime) -> None:
    """The run stays where it was when this began, and says what broke: its kind and place, never the data."""
    where = traceback.extract_tb(trouble.__traceback__)[-1].name
    log.error("automation_run_parked", run=run.public_id, step=run.step, error=type(trouble).__name__, where=where)
    journal = Journal(now)
    journal.fail(run, f"Something unexpected broke here ({type(trouble).__name__} in {where}).")
    journal.close()


def _claimed(automation_id: int, now: datetime, limit: int) -> list[Run]:
    """At most so many who are due, with the automation; locked, so that nobody else moves them."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [automation_id, now, limit])
        ids = [pk for (pk,) in cursor.fetchall()]
    return list(Run.objects.filter(pk__in=ids).select_related("automation").order_by("pk")) if ids else []


def advance(*, runs: Sequence[Run], now: datetime) -> None:
    """These runs, locked and due, go on until each waits, stops or is over."""
    heard, journal = listening(), Journal(now)
    people = Customer.objects.in_bulk([run.customer_id for run in runs if run.customer_id])
    said = second_look(list(runs), heard)
    moving = [run for run in runs if _goes_on(run, people, heard, journal, said)]
    while moving:
        moving = [run for group in _groups(moving) for run in _step(group, people, heard, journal)]
        newly = second_look([run for run in moving if run.awaits], heard)
        moving = [run for run in moving if not run.awaits or _goes_on(run, people, heard, journal, newly)]
    journal.close()


def _goes_on(run: Run, people: dict[int, Customer], heard: Listening, journal: Journal, said: dict) -> bool:  # type: ignore[type-arg]
    """Whether the run is to be moved at its step: not when its end is told, and not while it waits in vain."""
    person = people.get(run.customer_id or 0)
    if person is None or person.status == "deleted" or person.merged_into_id is not None:
        journal.end(run, "deleted" if person is None or person.status == "deleted" else "merged")
        return False
    told, signal = said.get(run.pk, ("", None))
    if told == "goal" and signal:
        journal.end(run, "goal", "goal", {"because": signal.kind, "ref": signal.ref})
        return False
    if told == "happened" and signal:
        happened(journal=journal, run=run, signal=signal, heard=heard)
        return run.next_at is not None
    if run.number >= MOST_STEPS:
        journal.end(run, "too_many_steps")
        return False
    return run.next_at is not None and run.next_at <= journal.now


def _groups(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs by version and step."""
    found: dict[tuple[int, str], list[Run]] = {}
    for run in runs:
        found.setdefault((run.version_id, run.step), []).append(run)
    return list(found.values())


def _step(runs: list[Run], people: dict[int, Customer], heard: Listening, journal: Journal) -> list[Run]:
    """One step for runs that stand at the same; those that are to go on at once, or have just begun to listen."""
    version, key = heard.versions[runs[0].version_id], runs[0].step
    step = version.graph["steps"][key]
    over = [run for run in runs if run.waiting]
    for run in over:
        way = links(step)[1 if step["type"] == StepType.WAIT_FOR else 0]
        journal.note(run, "timeout" if run.awaits else "waited")
        leave(journal=journal, run=run, to=way.to, at=run.next_at or journal.now)
    arrived = [run for run in runs if run not in over]
    place = Place(version, key, step, people, journal.now)
    answers = _answers(place, arrived, journal)
    for run in arrived:
        if run.pk in answers:
            _went(run, answers[run.pk], journal)
    return [run for run in runs if run.next_at is not None and (run.next_at <= journal.now or run.awaits)]


def _answers(place: Place, runs: Sequence[Run], journal: Journal) -> Mapping[int, Went]:
    """What the step does to these people; whom it cannot be done for is parked with the sentence, the others go on.

    A rule that cannot be asked, or takes too long, would do so for each of them: they are parked together.
    """
    if not runs:
        return {}
    try:
        with transaction.atomic():
            return HANDLERS[place.step["type"]](place, runs)
    except DomainError as refusal:
        if len(runs) == 1 or isinstance(refusal, Unavailable):
            _stop(runs, refusal, journal)
            return {}
    except RuleError as refusal:
        _stop(runs, refusal, journal)
        return {}
    found: dict[int, Went] = {}
    for run in runs:
        found.update(_answers(place, [run], journal))
    return found


def _stop(runs: Sequence[Run], refusal: Exception, journal: Journal) -> None:
    for run in runs:
        journal.fail(run, str(refusal))


def _went(run: Run, went: Went, journal: Journal) -> None:
    journal.note(run, went.outcome, went.details, delivery_id=went.delivery_id)
    if went.until is None:
        leave(journal=journal, run=run, to=went.to, at=run.clock_at)
    else:
        run.waiting, run.next_at, run.awaits = True, went.until, went.awaits
