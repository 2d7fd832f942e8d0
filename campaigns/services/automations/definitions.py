"""Writing automations down: new ones, another draft, pausing, and putting them away."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from campaigns.models import Automation, AutomationVersion, Run
from campaigns.rules.automations.schema import shape_problems
from campaigns.rules.automations.states import AutomationState, RunState, VersionState, may_become
from campaigns.rules.lifecycle import State
from campaigns.rules.values import Unreadable, text
from campaigns.selectors.campaigns import email_purposes
from campaigns.services.automations.recording import Journal
from campaigns.services.campaigns import locked as locked_campaign
from campaigns.services.campaigns import move as move_campaign
from campaigns.services.links import ask_for_links_of_graph
from campaigns.services.template_uses import keep_uses_of_graph, with_templates
from core import audit, outbox
from core.actors import Actor
from core.errors import InvalidInput, InvalidState, Problem

MAX_OPEN: Final = 200
_TEXTS: Final = {"name": text(120, needed=True), "goal": text(300)}
_KNOWN: Final = (*_TEXTS, "purpose", "graph")
_ENDED_AT_ONCE: Final = 5_000


@transaction.atomic
def define_automation(*, values: Mapping[str, Any], by: Actor, now: datetime) -> Automation:
    """A new automation with a first draft; needs a name and a graph of the right shape, which may still have gaps."""
    for needed in ("name", "graph"):
        if not values.get(needed):
            raise InvalidInput(f"Missing required field '{needed}'", code="missing_field", param=needed)
    if Automation.objects.exclude(state=AutomationState.ARCHIVED).count() >= MAX_OPEN:
        raise InvalidInput(f"There may be at most {MAX_OPEN} automations; archive one first.", code="business_rule")
    automation = Automation(public_id=Automation.new_public_id(), owner=str(by), created_at=now, updated_at=now)
    _apply(automation, values)
    automation.save(force_insert=True)
    _draft(automation, 1, values["graph"], by, now)
    audit.record(by=by, action="automation.created", target=automation.public_id)
    return automation


@transaction.atomic
def change_automation(*, automation: Automation, values: Mapping[str, Any], by: Actor, now: datetime) -> Automation:
    """Name and goal at once; another graph or purpose goes into the draft, which is made when there is none.

    The purpose of an automation that was published stays: people came in on it.
    """
    automation = locked(automation=automation)
    if automation.state == AutomationState.ARCHIVED:
        raise InvalidState("This automation was put away and does not change any more.")
    if "purpose" in values and automation.started_at and values["purpose"] != (automation.purpose_id or ""):
        raise InvalidState("The purpose stays as it was published; write a new automation for another one.")
    _apply(automation, values)
    automation.updated_at = now
    automation.save()
    if "graph" in values:
        _write_draft(automation, values["graph"], by, now)
    changes = {name: ["", ""] for name in sorted(values)}
    audit.record(by=by, action="automation.changed", target=automation.public_id, changes=changes)
    return automation


@transaction.atomic
def drop_draft(*, automation: Automation, by: Actor, now: datetime) -> None:
    """The draft of an automation that has a live version is gone; InvalidState when there is none, or nothing else."""
    automation = locked(automation=automation)
    if automation.state == AutomationState.DRAFT:
        raise InvalidState("This automation has nothing but its draft; archive it instead.")
    if not AutomationVersion.objects.filter(automation=automation, state=VersionState.DRAFT).delete()[0]:
        raise InvalidState("There is no draft to drop: what is live is what is written.")
    audit.record(by=by, action="automation.draft_dropped", target=automation.public_id)


@transaction.atomic
def pause_automation(*, automation: Automation, reason: str = "", by: Actor, now: datetime) -> Automation:
    """Nobody comes in, nobody moves on, and none of its messages leaves; what is heard meanwhile is not forgotten."""
    automation = move(automation=automation, to=AutomationState.PAUSED, by=by, now=now, reason=reason)
    move_messages(automation=automation, sources=(State.SENDING,), to=State.PAUSED, by=by, now=now)
    return automation


@transaction.atomic
def resume_automation(*, automation: Automation, by: Actor, now: datetime) -> Automation:
    """A paused automation goes on where it was."""
    automation = locked(automation=automation)
    if automation.state != AutomationState.PAUSED:
        raise InvalidState("Only a paused automation can go on.")
    move_messages(automation=automation, sources=(State.PAUSED,), to=State.SENDING, by=by, now=now)
    return move(automation=automation, to=AutomationState.ACTIVE, by=by, now=now)


@transaction.atomic
def archive_automation(*, automation: Automation, by: Actor, now: datetime) -> Automation:
    """Over for everybody who is under way; messages that wait are not sent; its history stays."""
    automation = move(automation=automation, to=AutomationState.ARCHIVED, by=by, now=now, archived_at=now)
    while end_everybody(automation=automation, now=now):
        continue
    move_messages(
        automation=automation,
        sources=(State.SENDING, State.PAUSED),
        to=State.CANCELLED,
        by=by,
        now=now,
        finished_at=now,
    )
    return automation


def end_everybody(*, automation: Automation, now: datetime) -> int:
    """At most 5,000 who are under way in an archived automation are not any more; how many."""
    rows = Run.objects.filter(automation=automation).exclude(state=RunState.ENDED).order_by("pk")
    runs, journal = list(rows.select_for_update()[:_ENDED_AT_ONCE]), Journal(now)
    for run in runs:
        journal.end(run, "archived")
    journal.close()
    return len(runs)


def locked(*, automation: Automation) -> Automation:
    """The automation's row, locked until the transaction ends."""
    return Automation.objects.select_for_update(of=("self",)).get(pk=automation.pk)


def move(*, automation: Automation, to: str, by: Actor, now: datetime, reason: str = "", **fields: Any) -> Automation:
    """The automation in its next state; InvalidState when it may not go there. Audit and outbox tell of it."""
    automation = locked(automation=automation)
    if not may_become(automation.state, to):
        known = AutomationState(automation.state).label.lower()
        raise InvalidState(f"This automation is {known}; it cannot become {AutomationState(to).label.lower()}.")
    before, automation.state, automation.updated_at = automation.state, to, now
    for name, value in fields.items():
        setattr(automation, name, value)
    automation.save(update_fields=["state", "updated_at", *fields])
    changes = {"state": [str(before), str(to)]}
    audit.record(by=by, action=f"automation.{to}", target=automation.public_id, changes=changes, reason=reason)
    payload = {"automation": automation.public_id, "state": str(to)}
    outbox.publish(topic=f"automation.{to}", subject=automation.public_id, payload=payload)
    return automation


def move_messages(
    *, automation: Automation, sources: tuple[str, ...], to: str, by: Actor, now: datetime, **fields: Any
) -> None:
    """The campaigns behind its steps that are in one of these states go to another one."""
    versions = AutomationVersion.objects.filter(automation=automation).prefetch_related("messages__campaign")
    for version in versions:
        for message in version.messages.all():
            if message.campaign.state in sources:
                move_campaign(campaign=locked_campaign(campaign=message.campaign), to=to, by=by, now=now, **fields)


def _apply(automation: Automation, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name not in _KNOWN:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:120])
        if name in _TEXTS:
            try:
                setattr(automation, name, _TEXTS[name](value))
            except Unreadable as refusal:
                raise InvalidInput(f"Invalid '{name}': {refusal}", param=name) from refusal
        if name == "purpose":
            automation.purpose_id = _purpose(value)


def _purpose(value: Any) -> str | None:
    known = [key for key, _ in email_purposes()]
    if value in ("", None):
        return None
    if value not in known:
        raise InvalidInput(f"Invalid 'purpose': choose one of {', '.join(known)}.", param="purpose")
    return str(value)


def _write_draft(automation: Automation, graph: Any, by: Actor, now: datetime) -> None:
    versions = AutomationVersion.objects.filter(automation=automation).order_by("-number")
    newest = versions.select_for_update()[0]
    if newest.state != VersionState.DRAFT:
        _draft(automation, newest.number + 1, graph, by, now)
        return
    refuse_shape(graph=graph)
    newest.graph, taken = with_templates(graph=graph)
    newest.changed_by, newest.changed_at = str(by), now
    newest.save(update_fields=["graph", "changed_by", "changed_at"])
    keep_uses_of_graph(version=newest, taken=taken)
    ask_for_links_of_graph(graph=newest.graph, now=now)


def _draft(automation: Automation, number: int, graph: Any, by: Actor, now: datetime) -> None:
    refuse_shape(graph=graph)
    whole, taken = with_templates(graph=graph)
    version = AutomationVersion.objects.create(
        automation=automation, number=number, graph=whole, changed_by=str(by), changed_at=now
    )
    keep_uses_of_graph(version=version, taken=taken)
    ask_for_links_of_graph(graph=version.graph, now=now)


def refuse_shape(*, graph: Any) -> None:
    """InvalidInput with every place where this is no graph."""
    if found := shape_problems(graph):
        details = [Problem(f"graph{one.pointer}", one.code, one.message) for one in found]
        raise InvalidInput(f"Invalid 'graph': {found[0].message}", param="graph", details=details)
