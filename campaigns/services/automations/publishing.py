"""Publishing a draft: by somebody who did not write it, with a campaign behind each message, and what becomes of
those who are under way in the version before."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any, Final

from django.db import connection, transaction

from campaigns.models import Automation, AutomationMessage, AutomationVersion, Campaign, Run
from campaigns.rules.automations.graph import WAITS, senders
from campaigns.rules.automations.states import AutomationState, VersionState
from campaigns.rules.lifecycle import State
from campaigns.selectors.automations.around import graph_problems
from campaigns.services.automations.definitions import locked, move
from campaigns.services.automations.recording import forget_messages
from campaigns.services.template_uses import User, fix_blocks
from core import audit
from core.actors import Actor
from core.errors import Conflict, Forbidden, InvalidInput, InvalidState, Problem

_TO: Final = """
UPDATE campaigns_run SET version_id = %(new)s, step = %(to)s, number = number + 1,
    waiting = waiting AND %(stays)s, awaits = CASE WHEN %(stays)s THEN awaits ELSE '' END,
    next_at = CASE WHEN %(stays)s THEN next_at ELSE %(now)s END,
    state = 'open', trouble = ''
WHERE version_id = %(old)s AND step = %(step)s AND state <> 'ended' RETURNING id, number
"""
_OUT: Final = """
UPDATE campaigns_run SET state = 'ended', ending = 'step_gone', ended_at = %(now)s, next_at = NULL, awaits = '',
    waiting = false, number = number + 1
WHERE version_id = %(old)s AND step = %(step)s AND state <> 'ended' RETURNING id, number
"""
_RECORD: Final = """
WITH moved AS ({move}) INSERT INTO campaigns_steprecord (run_id, number, step, outcome, details, at)
SELECT id, number, %(step)s, 'moved', %(details)s::jsonb, %(now)s FROM moved
"""


@transaction.atomic
def publish_draft(
    *, automation: Automation, mapping: Mapping[str, str | None] | None = None, by: Actor, now: datetime
) -> Automation:
    """The draft is live. Who comes in from now on goes its way.

    Those under way stay in the version before and end there; with a `mapping` they go on in the new one, at the step
    that it names for theirs, else at the step of the same key, and those whose step is gone are out. Refused with every
    reason that stands against it; Forbidden for who wrote a draft that sends messages.
    """
    automation = locked(automation=automation)
    draft = AutomationVersion.objects.select_for_update().filter(automation=automation, state=VersionState.DRAFT)
    version = draft.first()
    if version is None or automation.state == AutomationState.ARCHIVED:
        raise InvalidState("There is no draft to publish.")
    _refuse(automation, version, by)
    before = AutomationVersion.objects.filter(automation=automation, state=VersionState.LIVE).first()
    if before:
        AutomationVersion.objects.filter(pk=before.pk).update(state=VersionState.RETIRED)
    version.state, version.published_by, version.published_at = VersionState.LIVE, str(by), now
    version.save(update_fields=["state", "published_by", "published_at"])
    _make_messages(automation, version, now)
    changes = {"version": [before.number if before else None, version.number]}
    audit.record(by=by, action="automation.published", target=automation.public_id, changes=changes)
    if before and mapping is not None:
        _take_over(before, version, mapping, now)
    if automation.state == AutomationState.DRAFT:
        automation = move(automation=automation, to=AutomationState.ACTIVE, by=by, now=now, started_at=now)
    return automation


def _refuse(automation: Automation, version: AutomationVersion, by: Actor) -> None:
    found = graph_problems(version.graph, purpose=automation.purpose_id or "")
    if found:
        details = [Problem(one.pointer, one.code, one.message) for one in found]
        raise Conflict(" ".join(one.message for one in found)[:600], code="not_ready", details=details)
    if senders(version.graph) and str(by) == version.changed_by:
        message = "Somebody else has to publish what you wrote: it sends messages."
        raise Forbidden(message, code="four_eyes")


def _make_messages(automation: Automation, version: AutomationVersion, now: datetime) -> None:
    """A campaign for each message, under way for as long as the version is in use: approved by who publishes.

    What sends has a purpose by now, or it would have been refused.
    """
    purpose = automation.purpose
    if purpose is None:
        return
    limits = version.graph.get("limits") or {}
    for key in senders(version.graph):
        step = version.graph["steps"][key]
        campaign = Campaign.objects.create(
            public_id=Campaign.new_public_id(),
            name=f"{automation.name[:70]}: {step.get('title') or step['subject']}"[:120],
            goal=automation.goal,
            owner=automation.owner,
            purpose=purpose,
            state=State.PAUSED if automation.state == AutomationState.PAUSED else State.SENDING,
            subject=step["subject"],
            body=fix_blocks(user=User(automation_version=version), body=step["body"]),
            quiet_from=_clock(limits.get("quiet_from")),
            quiet_until=_clock(limits.get("quiet_until")),
            time_zone=limits.get("time_zone", "UTC"),
            cap_messages=limits.get("cap_messages"),
            cap_days=limits.get("cap_days", 7),
            submitted_by=version.changed_by,
            submitted_at=version.changed_at,
            approved_by=version.published_by,
            approved_at=now,
            launched_by=version.published_by,
            launched_at=now,
            created_at=now,
            updated_at=now,
        )
        AutomationMessage.objects.create(version=version, step=key, campaign=campaign)


def _clock(value: str | None) -> time | None:
    return time.fromisoformat(value) if value else None


def _take_over(
    old: AutomationVersion, new: AutomationVersion, mapping: Mapping[str, str | None], now: datetime
) -> None:
    """Everybody under way goes on in the new version; one statement a step of the old one."""
    steps = new.graph["steps"]
    for name, target in mapping.items():
        if name not in old.graph["steps"] or (target is not None and target not in steps):
            raise InvalidInput(f"Invalid 'mapping': “{name[:40]}” cannot go there.", param="mapping")
    for key, step in old.graph["steps"].items():
        target = mapping.get(key, key if key in steps and steps[key]["type"] == step["type"] else None)
        values: dict[str, Any] = {"old": old.pk, "new": new.pk, "step": key, "to": target, "now": now}
        # Who waits goes on waiting as long as she was to when the step is a wait of the same kind.
        values["stays"] = target is not None and step["type"] in WAITS and step == steps[target]
        details = '{"from version": %d, "to version": %d}' % (old.number, new.number)  # noqa: UP031
        with connection.cursor() as cursor:
            statement = _RECORD.format(move=_TO if target is not None else _OUT)
            cursor.execute(statement, {**values, "details": details})
    out = Run.objects.filter(version=old, ending="step_gone", ended_at=now)
    forget_messages(runs=out.values_list("pk", flat=True))
