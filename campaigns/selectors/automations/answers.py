"""What the API answers about automations, their versions and the way of one person."""

from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.models import Automation, AutomationVersion, Run, StepRecord
from campaigns.rules.automations.states import RunState, VersionState
from campaigns.rules.automations.words import ENDINGS, outcome_words


def automation_answer(
    row: Automation, versions: Mapping[str, AutomationVersion], people: Mapping[str, int]
) -> dict[str, Any]:
    """One automation; `versions` are its draft and its live one by state, `people` its runs that are not over."""
    live, draft = versions.get(VersionState.LIVE), versions.get(VersionState.DRAFT)
    return {
        "id": row.public_id,
        "name": row.name,
        "goal": row.goal,
        "purpose": row.purpose_id,
        "state": row.state,
        "owner": row.owner,
        "version": live.number if live else None,
        "graph": live.graph if live else None,
        "draft": {"version": draft.number, "graph": draft.graph} if draft else None,
        "under_way": people.get(RunState.OPEN, 0),
        "stopped": people.get(RunState.FAILED, 0),
        "started_at": row.started_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def run_answer(row: Run, records: Sequence[StepRecord] | None = None) -> dict[str, Any]:
    """One person's way; with its records what happened at each step, and why."""
    answer: dict[str, Any] = {
        "id": row.public_id,
        "customer": row.customer.public_id if row.customer else None,
        "version": row.version.number,
        "state": row.state,
        "step": row.step,
        "key": row.key,
        "entered_at": row.entered_at,
        "next_at": row.next_at,
        "ended_at": row.ended_at,
        "ending": row.ending,
        "ending_words": ENDINGS.get(row.ending, row.ending),
        "trouble": row.trouble,
    }
    if records is not None:
        answer["history"] = [
            {
                "number": one.number,
                "step": one.step,
                "outcome": one.outcome,
                "words": outcome_words(one.outcome, one.details),
                "details": one.details,
                "at": one.at,
            }
            for one in records
        ]
    return answer
