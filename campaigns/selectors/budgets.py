"""Budgets that are raised by themselves: the guard of a campaign, what it did, and the clicks that decide."""

from datetime import datetime, timedelta

from django.db.models import Count, Q

from campaigns.models import BudgetGuard, BudgetRaise, Campaign, Delivery
from campaigns.rules.budget import BASELINE, Limits, usual_of
from campaigns.rules.lifecycle import State
from campaigns.rules.reactions import Verdict
from core.errors import NotFound

SHOWN_FOR = timedelta(days=1)
"""How long an alert tells of a raise."""
IN_USE = (State.SENDING, State.PAUSED, State.COMPLETED, State.COMPLETED_WITH_GAPS)


def guard_of(campaign: Campaign) -> BudgetGuard | None:
    """The guard of the campaign, active or not."""
    return BudgetGuard.objects.filter(campaign=campaign).first()


def raises_of(campaign: Campaign) -> list[BudgetRaise]:
    """How its budget was raised, newest first, at most 50."""
    return list(BudgetRaise.objects.filter(campaign=campaign).order_by("-pk")[:50])


def find_raise(campaign: Campaign, public_id: str) -> BudgetRaise:
    """The raise with this id; NotFound otherwise."""
    found = BudgetRaise.objects.filter(campaign=campaign, public_id=public_id).first()
    if found is None:
        raise NotFound("The budget of this campaign was not raised by that.")
    return found


def watched(now: datetime) -> list[int]:
    """Active guards (ids) of campaigns in use with a budget below the ceiling, those that rest left out; at most 500.

    A guard rests for its cooldown after each raise.
    """
    rows = BudgetGuard.objects.filter(active=True, campaign__state__in=IN_USE, campaign__budget__isnull=False)
    found = rows.select_related("campaign").order_by("pk")[:500]
    return [row.pk for row in found if not rests(row, now) and row.ceiling > (row.campaign.budget or 0)]


def rests(guard: BudgetGuard, now: datetime) -> bool:
    """Whether its last raise is too short a time ago."""
    return guard.raised_at is not None and now < guard.raised_at + guard.limits.cooldown


def clicks_of(campaign: Campaign, limits: Limits, now: datetime) -> tuple[int, float | None]:
    """How many messages people clicked in the last window, and the usual number; machines do not count.

    One query, on the index of human clicks.
    """
    begun = now - limits.window
    first = max(begun - BASELINE * limits.window, campaign.launched_at or begun)
    rows = Delivery.objects.filter(campaign=campaign, clicked=Verdict.HUMAN, clicked_at__gt=first, clicked_at__lte=now)
    lately, before = Q(clicked_at__gt=begun), Q(clicked_at__lte=begun)
    found = rows.aggregate(now=Count("pk", filter=lately), before=Count("pk", filter=before))
    return found["now"], usual_of(found["before"], begun - first, limits.window)


def lately_raised(now: datetime) -> list[BudgetRaise]:
    """Raises of the last day that nobody took back, newest first, at most 20."""
    rows = BudgetRaise.objects.filter(at__gt=now - SHOWN_FOR, reverted_at__isnull=True)
    return list(rows.select_related("campaign").order_by("-at")[:20])
