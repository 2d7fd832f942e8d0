"""Segments, previews and explanations as plain values for API and console."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from customers.models import Segment, SegmentRun
from customers.rules.segments import words
from customers.rules.segments.tree import from_json
from customers.selectors.segments.explaining import Explanation
from customers.selectors.segments.gates import Reach
from customers.selectors.segments.listing import health
from customers.selectors.segments.preview import Preview, Step
from customers.selectors.segments.registry import segment_criteria


def rule_words(rule: Any) -> str | None:
    """A stored rule in plain words; None for a list that has none."""
    forms = {on: criterion.form for on, criterion in segment_criteria().items()}
    return words.render(from_json(rule), forms) if rule else None


def segment_answer(segment: Segment, now: datetime) -> dict[str, Any]:
    """One segment; `members` and `as_of` are of the last calculation that succeeded."""
    return {
        "id": segment.public_id,
        "slug": segment.slug,
        "name": segment.name,
        "description": segment.description,
        "kind": segment.kind,
        "state": segment.state,
        "rule": segment.rule,
        "words": rule_words(segment.rule),
        "definition": segment.definition,
        "members": segment.current.members if segment.current else None,
        "as_of": segment.current.as_of if segment.current else None,
        "health": health(segment, now),
        "failure": segment.failure or None,
        "failed_at": segment.failed_at,
        "owner": segment.owner,
        "created_at": segment.created_at,
        "updated_at": segment.updated_at,
        "archived_at": segment.archived_at,
    }


def reach_answer(reach: Sequence[Reach]) -> list[dict[str, Any]]:
    """Each channel with its waterfall: `reachable` and the reasons add up to the total."""
    return [
        {
            "channel": one.channel,
            "label": one.label,
            "reachable": one.reachable,
            "not_reachable": [
                {"reason": reason.code, "label": reason.label, "customers": people} for reason, people in one.reasons
            ],
        }
        for one in reach
    ]


def preview_answer(preview: Preview, steps: Sequence[Step] | None, sample: list[dict[str, Any]]) -> dict[str, Any]:
    """A preview; `drop_off` only when it was asked for."""
    answer = {
        "total": preview.total,
        "as_of": preview.as_of,
        "reach": reach_answer(preview.reach),
        "sample": sample,
    }
    if steps is not None:
        answer["drop_off"] = [{"pointer": step.pointer, "words": step.words, "left": step.left} for step in steps]
    return answer


def explanation_answer(found: Explanation) -> dict[str, Any]:
    """In or out by the rule at `as_of`, and each condition; `redacted` ones hide what they saw."""
    return {
        "matches": found.matches,
        "as_of": found.as_of,
        "conditions": [
            {
                "pointer": finding.pointer,
                "words": finding.words,
                "holds": finding.holds,
                "seen": finding.seen,
                "redacted": finding.hidden,
            }
            for finding in found.findings
        ],
    }


def run_answer(run: SegmentRun) -> dict[str, Any]:
    """One calculation."""
    return {
        "state": run.state,
        "kind": run.kind,
        "as_of": run.as_of,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "members": run.rows,
        "entered": run.entered,
        "exited": run.exited,
        "error": run.error or None,
        "hash": run.hash or None,
        "differences": run.differences,
    }
