"""Lead scores as plain values for the API."""

from typing import Any

from customers.models import ScoreModel, ScoreVersion, ScoreVersionState
from customers.selectors.scores import Contribution, Standing, Step, rules_shown


def model_answer(model: ScoreModel, newest: ScoreVersion | None) -> dict[str, Any]:
    """One score with the rules of its active version, of its newest one before there is one."""
    version = model.current or newest
    definition = version.definition if version else {"minimum": 0, "maximum": 0}
    rules = rules_shown(version) if version else []
    return {
        "id": model.public_id,
        "slug": model.slug,
        "name": model.name,
        "description": model.description,
        "version": version.number if version else 0,
        "state": version.state if version else "draft",
        "minimum": definition["minimum"],
        "maximum": definition["maximum"],
        "rules": [_rule(rule) for rule in rules],
        "draft": newest.number if newest and newest.state == ScoreVersionState.DRAFT else None,
        "computed_at": model.computed_at,
        "failure": model.failure or None,
        "created_at": model.created_at,
    }


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    shown = {name: rule[name] for name in ("name", "when", "words", "points")}
    return shown | {"each": rule.get("each", False), "half_life": rule.get("half_life"), "cap": rule.get("cap")}


def standing_answer(standing: Standing) -> dict[str, Any]:
    """What a customer has in one score."""
    return {
        "score": standing.model.slug,
        "version": standing.version,
        "points": standing.score,
        "maximum": standing.maximum,
        "since": standing.since,
        "contributions": _contributions(standing.contributions),
    }


def step_answer(step: Step) -> dict[str, Any]:
    """One change of a score."""
    return {
        "score": step.model.slug,
        "version": step.version,
        "at": step.at,
        "before": step.before,
        "after": step.after,
        "why": step.cause,
        "contributions": _contributions(step.contributions),
    }


def _contributions(given: tuple[Contribution, ...]) -> list[dict[str, Any]]:
    return [{"rule": one.rule, "points": one.points} for one in given]
