"""Raising a budget when clicks spike: only inside a guard that somebody set, told, and taken back by a button."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from campaigns.models import BudgetGuard, BudgetRaise, Campaign
from campaigns.rules.budget import is_spike, raised
from campaigns.rules.lifecycle import ENDED, State
from campaigns.rules.values import Unreadable, amount, whole
from campaigns.selectors.budgets import IN_USE, clicks_of, rests, watched
from campaigns.services.campaigns import locked
from core import audit, outbox
from core.actors import SYSTEM, Actor
from core.errors import Forbidden, InvalidInput, InvalidState

_READERS: Final = {
    "factor": amount(1, optional=False),
    "least_clicks": whole(1, 1_000_000),
    "window_minutes": whole(10, 1_440),
    "step": amount(2, optional=False),
    "ceiling": amount(2, optional=False),
    "cooldown_minutes": whole(10, 43_200),
}
_DEFAULTS: Final[Mapping[str, Any]] = {
    "factor": Decimal("3.0"),
    "least_clicks": 20,
    "window_minutes": 60,
    "cooldown_minutes": 360,
}
_CLOSED: Final = ENDED - {State.COMPLETED, State.COMPLETED_WITH_GAPS}


@transaction.atomic
def set_guard(*, campaign: Campaign, values: Mapping[str, Any], by: Actor, now: datetime) -> BudgetGuard:
    """The budget of the campaign is raised by itself inside these limits; `step` and `ceiling` are needed.

    Forbidden for who submitted the campaign: it lets money be spent. Refused without a budget, for a ceiling below it,
    and for a campaign that is over.
    """
    campaign = locked(campaign=campaign)
    if campaign.state in _CLOSED:
        raise InvalidState("This campaign is over; its budget does not change any more.")
    if campaign.budget is None:
        raise InvalidState("Give the campaign a budget first: there is nothing to raise.")
    if str(by) == campaign.submitted_by:
        raise Forbidden("Somebody else has to let the budget of your campaign be raised.", code="four_eyes")
    found = {**_DEFAULTS, **_read(values)}
    _check(found, campaign.budget)
    guard, _ = BudgetGuard.objects.update_or_create(
        campaign=campaign, defaults={**found, "active": True, "set_by": str(by), "set_at": now}
    )
    changes = {name: ["", str(value)] for name, value in sorted(found.items())}
    audit.record(by=by, action="campaign.budget_guard_set", target=campaign.public_id, changes=changes)
    return guard


@transaction.atomic
def end_guard(*, campaign: Campaign, by: Actor, now: datetime) -> None:
    """The budget is not raised by itself any more; what was raised stays. Refused when no guard is active."""
    campaign = locked(campaign=campaign)
    if not BudgetGuard.objects.filter(campaign=campaign, active=True).update(active=False):
        raise InvalidState("No budget guard of this campaign is active.")
    audit.record(by=by, action="campaign.budget_guard_ended", target=campaign.public_id)


def watch_budgets(*, now: datetime) -> int:
    """Every guarded campaign whose clicks spike has one step more budget; how many."""
    return sum(_watch(pk, now) for pk in watched(now))


@transaction.atomic
def _watch(guard_id: int, now: datetime) -> bool:
    """Read again under the locks: another worker, or somebody by hand, may have been there meanwhile."""
    guard = BudgetGuard.objects.select_for_update().filter(pk=guard_id, active=True).first()
    if guard is None or rests(guard, now):
        return False
    campaign, limits = locked(campaign=guard.campaign), guard.limits
    if campaign.budget is None or campaign.state not in IN_USE:
        return False
    after = raised(campaign.budget, limits)
    clicks, usual = clicks_of(campaign, limits, now)
    if after is None or usual is None or not is_spike(clicks, usual, limits):
        return False
    one = BudgetRaise.objects.create(
        public_id=BudgetRaise.new_public_id(),
        campaign=campaign,
        before=campaign.budget,
        after=after,
        clicks=clicks,
        usual=usual,
        at=now,
    )
    BudgetGuard.objects.filter(pk=guard.pk).update(raised_at=now)
    why = f"{clicks} clicks in {guard.window_minutes} minutes; {usual:.1f} are usual."
    _put(campaign, after, "campaign.budget_raised", one, SYSTEM, now, why)
    return True


@transaction.atomic
def revert_raise(*, budget_raise: BudgetRaise, reason: str = "", by: Actor, now: datetime) -> BudgetRaise:
    """The budget is lower by what was added, and the guard is off: whoever takes a raise back wants no other.

    Refused when it was taken back already.
    """
    campaign = locked(campaign=budget_raise.campaign)
    one = BudgetRaise.objects.select_for_update(of=("self",)).get(pk=budget_raise.pk)
    if one.reverted_at is not None:
        raise InvalidState("This raise was taken back already.")
    one.reverted_at, one.reverted_by, one.reverted_because = now, str(by), reason
    one.save(update_fields=["reverted_at", "reverted_by", "reverted_because"])
    BudgetGuard.objects.filter(campaign=campaign).update(active=False)
    lower = max(Decimal(0), (campaign.budget or Decimal(0)) - (one.after - one.before))
    _put(campaign, lower, "campaign.budget_reverted", one, by, now, reason)
    return one


def _put(
    campaign: Campaign, budget: Decimal, action: str, one: BudgetRaise, by: Actor, now: datetime, why: str
) -> None:
    changes = {"budget": [str(campaign.budget), str(budget)], "raise": ["", one.public_id]}
    payload = {
        "campaign": campaign.public_id,
        "budget": str(budget),
        "before": str(campaign.budget),
        "currency": campaign.currency,
    }
    campaign.budget, campaign.updated_at = budget, now
    campaign.save(update_fields=["budget", "updated_at"])
    audit.record(by=by, action=action, target=campaign.public_id, changes=changes, reason=why)
    outbox.publish(topic=action, subject=campaign.public_id, payload=payload)


def _read(values: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in values.items():
        if name not in _READERS:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:120])
        try:
            found[name] = _READERS[name](value)
        except Unreadable as refusal:
            raise InvalidInput(f"Invalid '{name}': {refusal}", param=name) from refusal
    for needed in ("step", "ceiling"):
        if not found.get(needed):
            raise InvalidInput(f"Missing required field '{needed}'", code="missing_field", param=needed)
    return found


def _check(found: Mapping[str, Any], budget: Decimal) -> None:
    if found["ceiling"] <= budget:
        raise InvalidInput(f"Invalid 'ceiling': it must lie above the budget of {budget}.", param="ceiling")
    if found["factor"] < Decimal("1.5"):
        raise InvalidInput("Invalid 'factor': a spike is at least 1.5 times what is usual.", param="factor")
    if found["cooldown_minutes"] < found["window_minutes"]:
        raise InvalidInput("Invalid 'cooldown_minutes': at least one window.", param="cooldown_minutes")
