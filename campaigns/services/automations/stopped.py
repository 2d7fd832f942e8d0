"""Seeing to whoever stands at a failed step: she tries it again, or is taken out."""

from datetime import datetime
from typing import Final

from django.db import transaction

from campaigns.models import Automation, Run
from campaigns.rules.automations.states import AutomationState, RunState
from campaigns.services.automations.definitions import locked
from campaigns.services.automations.recording import Journal
from core import audit
from core.actors import Actor
from core.errors import InvalidState

MOST: Final = 5_000


@transaction.atomic
def restart_run(*, run: Run, by: Actor, now: datetime) -> Run:
    """Somebody who was stopped is due again at the step that failed; refused for everybody else."""
    automation = _in_use(run.automation)
    fresh = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if fresh.state != RunState.FAILED:
        raise InvalidState("Only somebody who was stopped at a failed step can try it again.")
    _again([fresh], by, now)
    changes = {"run": ["stopped", fresh.public_id], "step": ["", fresh.step]}
    audit.record(by=by, action="automation.run_restarted", target=automation.public_id, changes=changes)
    return fresh


@transaction.atomic
def remove_run(*, run: Run, reason: str = "", by: Actor, now: datetime) -> Run:
    """Her way is over at once, and messages of it that wait are not sent; refused when it is over already."""
    automation = locked(automation=run.automation)
    fresh = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if fresh.state == RunState.ENDED:
        raise InvalidState("This way is over already.")
    _out([fresh], by, now)
    changes = {"run": [str(run.state), fresh.public_id], "step": [fresh.step, ""]}
    audit.record(by=by, action="automation.run_removed", target=automation.public_id, changes=changes, reason=reason)
    return fresh


@transaction.atomic
def restart_stopped(*, automation: Automation, by: Actor, now: datetime) -> int:
    """Everybody who was stopped, at most 5,000, is due again at the step that failed; how many."""
    automation = _in_use(automation)
    runs = _stopped(automation)
    _again(runs, by, now)
    changes = {"people": [0, len(runs)]}
    audit.record(by=by, action="automation.stopped_restarted", target=automation.public_id, changes=changes)
    return len(runs)


@transaction.atomic
def remove_stopped(*, automation: Automation, reason: str = "", by: Actor, now: datetime) -> int:
    """Everybody who was stopped, at most 5,000, is out; how many."""
    automation = locked(automation=automation)
    runs = _stopped(automation)
    _out(runs, by, now)
    changes = {"people": [len(runs), 0]}
    target = automation.public_id
    audit.record(by=by, action="automation.stopped_removed", target=target, changes=changes, reason=reason)
    return len(runs)


def _in_use(automation: Automation) -> Automation:
    automation = locked(automation=automation)
    if automation.state == AutomationState.ARCHIVED:
        raise InvalidState("This automation was put away; nobody goes on in it.")
    return automation


def _stopped(automation: Automation) -> list[Run]:
    rows = Run.objects.filter(automation=automation, state=RunState.FAILED).order_by("pk")
    runs = list(rows.select_for_update(of=("self",))[:MOST])
    if not runs:
        raise InvalidState("Nobody stands at a failed step of this automation.")
    return runs


def _again(runs: list[Run], by: Actor, now: datetime) -> None:
    journal = Journal(now)
    for run in runs:
        journal.note(run, "again", {"by": str(by)})
        run.state, run.trouble, run.next_at = RunState.OPEN, "", now
    journal.close()


def _out(runs: list[Run], by: Actor, now: datetime) -> None:
    journal = Journal(now)
    for run in runs:
        journal.end(run, "removed", "taken_out", {"by": str(by)})
    journal.close()
