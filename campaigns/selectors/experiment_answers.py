"""Experiments and their results as partners see them."""

from decimal import Decimal
from typing import Any, Final

from campaigns.models import Campaign, Experiment
from campaigns.rules.statistics.amounts import Incremental
from campaigns.rules.statistics.report import Arm, Comparison, Report, amounts_of, share_of
from campaigns.rules.statistics.samples import Difference
from campaigns.rules.statistics.sequential import AlwaysValid
from campaigns.selectors.campaign_results import CampaignResults
from campaigns.selectors.experiments import report_of
from campaigns.selectors.planning import Plan

_MONEY: Final = ("cost", "revenue", "cpa", "cac", "roas", "roi")


def experiment_answer(row: Experiment) -> dict[str, Any]:
    """An experiment; `row` has its segment loaded."""
    return {
        "id": row.public_id,
        "key": row.key,
        "name": row.name,
        "hypothesis": row.hypothesis,
        "kind": row.kind,
        "state": row.state,
        "drawn": row.drawn,
        "segment": row.segment.slug if row.segment else None,
        "variants": row.variants,
        "coverage": row.coverage,
        "measures": row.measures,
        "currency": row.currency,
        "window_days": row.window_days,
        "looks": row.looks,
        "planned_people": row.planned_people,
        "started_at": row.started_at,
        "stopped_at": row.stopped_at,
        "winner": row.winner or None,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def results_answer(row: Experiment) -> dict[str, Any]:
    """Everything its figures say."""
    return {"experiment": row.public_id, "counted_at": row.figures_at, **report_answer(report_of(row))}


def campaign_results_answer(campaign: Campaign, found: CampaignResults | None) -> dict[str, Any]:
    """What a campaign brought; everything null before it was launched, `compared` without people held out."""
    if found is None:
        names = ("counted_at", "buyers", "new_buyers", *_MONEY, "window_days", "compared")
        return {"campaign": campaign.public_id, "currency": campaign.currency, "funnel": [], **dict.fromkeys(names)}
    return {
        "campaign": campaign.public_id,
        "counted_at": found.at,
        "currency": found.currency,
        "funnel": [{"step": step, "people": people} for step, people in found.funnel],
        "buyers": found.buyers,
        "new_buyers": found.new_buyers,
        **returns_answer(found),
        "window_days": found.window_days,
        "compared": report_answer(found.compared) if found.compared else None,
    }


def returns_answer(found: CampaignResults | None) -> dict[str, float | None]:
    """Cost, revenue and what follows from them; all None before the launch."""
    return {name: _plain(getattr(found.money, name)) if found else None for name in _MONEY}


def _plain(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def report_answer(found: Report) -> dict[str, Any]:
    """A report of groups."""
    mismatch = found.mismatch
    return {
        "groups": [_group(arm, found) for arm in found.arms],
        "sample_ratio_p": mismatch.p_value if mismatch else None,
        "sample_ratio_mismatch": mismatch.found if mismatch else None,
        "consent_loss_p": found.consent_loss,
        "winner_blocked": found.winner_blocked,
        "comparisons": [_comparison(one, found) for one in found.comparisons],
        "decisions": [
            {"variant": key, "verdict": one.verdict, "text": one.text, "may_declare": one.may_declare}
            for key, one in found.decisions.items()
        ],
    }


def plan_answer(found: Plan) -> dict[str, Any]:
    """A plan."""
    return {
        "per_group": found.per_group,
        "in_all": found.in_all,
        "days": found.days,
        "curve": [{"people": people, "power": power} for people, power in found.curve],
        "power": found.power,
        "smallest_uplift": found.smallest,
    }


def _group(arm: Arm, found: Report) -> dict[str, Any]:
    return {
        "variant": arm.key,
        "share": arm.weight,
        "people": arm.people,
        "expected": found.mismatch.expected[arm.key] if found.mismatch else None,
        "measured": arm.measured,
        "coverage": arm.coverage,
    }


def _comparison(one: Comparison, found: Report) -> dict[str, Any]:
    control = found.arms[0]
    treated = next(arm for arm in found.arms if arm.key == one.variant)
    relative = one.difference.relative
    return {
        "variant": one.variant,
        "measure": one.measure.key,
        "method": one.difference.method,
        "control": _level(control, one),
        "treated": _level(treated, one),
        "difference": _interval(one.difference),
        "uplift": dict(zip(("estimate", "low", "high"), relative, strict=True)) if relative else None,
        "p_value": one.difference.p_value,
        "p_to_judge_by": one.p_value,
        "always_valid": _interval(one.watched) if one.watched else None,
        "chance_better": one.belief.better,
        "expected_loss": one.belief.loss,
        "cuped": _interval(one.adjusted[0]) if one.adjusted else None,
        "variance_removed": one.adjusted[1] if one.adjusted else None,
        "incremental_revenue": _money(one.incremental),
        "extremes": list(one.extremes) if one.extremes else None,
    }


def _level(arm: Arm, one: Comparison) -> float:
    return amounts_of(arm, one.measure.key).mean if one.measure.is_amount else share_of(arm, one.measure.key).rate


def _interval(found: Difference | AlwaysValid) -> dict[str, float]:
    return {"estimate": found.estimate, "low": found.low, "high": found.high}


def _money(found: Incremental | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "estimate": found.estimate,
        "low": found.low,
        "high": found.high,
        "currency": found.currency,
    }
