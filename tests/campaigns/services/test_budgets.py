"""A spike of clicks raises a budget inside its guard: by a step, not again too soon, never above the ceiling."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.console.budgets import raised_lately
from campaigns.models import BudgetGuard, BudgetRaise, Campaign
from campaigns.rules.reactions import Verdict
from campaigns.services.budgets import end_guard, revert_raise, set_guard, watch_budgets
from core.actors import SYSTEM
from core.errors import Forbidden, InvalidInput, InvalidState
from core.models import AuditEntry, OutboxMessage
from customers.models import Customer
from tests.factories.campaigns import AUTHOR, READER, click, guarded, launched, make_campaign, make_people

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def campaign():
    """Launched a day ago, with a budget, to enough people; five clicks in the hours before the present one."""
    now = timezone.now()
    found = launched(make_campaign(make_people(70), budget=100), now)
    Campaign.objects.filter(pk=found.pk).update(launched_at=now - 24 * HOUR)
    found.refresh_from_db()
    click(found, 5, now - 3 * HOUR)
    return found


def budget(campaign):
    return Campaign.objects.get(pk=campaign.pk).budget


def test_watch_budgets__spike__raises_once_and_tells(campaign):
    now = timezone.now()
    guarded(campaign)
    click(campaign, 30, now - timedelta(minutes=10))

    raises = [watch_budgets(now=now), watch_budgets(now=now + timedelta(minutes=5))]

    one = BudgetRaise.objects.get()
    entry = AuditEntry.objects.get(action="campaign.budget_raised")
    assert raises == [1, 0]
    assert (one.before, one.after, one.clicks) == (100, 150, 30)
    assert budget(campaign) == 150
    assert entry.reason == "30 clicks in 60 minutes; 0.2 are usual."
    assert OutboxMessage.objects.get(topic="campaign.budget_raised").payload["budget"] == "150.00"
    assert "from 100.00 to 150.00 EUR" in raised_lately()[0].text


def test_watch_budgets__never_above_the_ceiling(campaign):
    now = timezone.now()
    guarded(campaign, ceiling=120)
    click(campaign, 30, now - timedelta(minutes=10))
    watch_budgets(now=now)
    click(campaign, 25, now + 6 * HOUR)

    later = watch_budgets(now=now + 6 * HOUR)

    assert (later, budget(campaign)) == (0, 120)


def test_watch_budgets__after_the_cooldown__another_spike_raises_again(campaign):
    now = timezone.now()
    guarded(campaign, cooldown_minutes=60)
    click(campaign, 20, now - timedelta(minutes=10))
    watch_budgets(now=now)
    click(campaign, 40, now + 2 * HOUR)

    later = watch_budgets(now=now + 2 * HOUR)

    assert (later, budget(campaign)) == (1, 200)


@pytest.mark.parametrize("verdict", [Verdict.MACHINE, Verdict.UNCERTAIN])
def test_watch_budgets__machines_click__nothing_is_raised(campaign, verdict):
    now = timezone.now()
    guarded(campaign)
    click(campaign, 50, now - timedelta(minutes=10), verdict)

    assert (watch_budgets(now=now), budget(campaign)) == (0, 100)


def test_watch_budgets__usual_or_few_clicks_or_nothing_known_yet__nothing_is_raised(campaign):
    now = timezone.now()
    guarded(campaign)
    click(campaign, 15, now - timedelta(minutes=10))
    few = watch_budgets(now=now)
    click(campaign, 30, now - timedelta(minutes=5))
    Campaign.objects.filter(pk=campaign.pk).update(launched_at=now - 2 * HOUR)

    young = watch_budgets(now=now)

    assert (few, young, budget(campaign)) == (0, 0, 100)


def test_revert_raise__budget_is_as_before_and_the_guard_is_off(campaign):
    now = timezone.now()
    guarded(campaign)
    click(campaign, 30, now - timedelta(minutes=10))
    watch_budgets(now=now)
    one = BudgetRaise.objects.get()

    revert_raise(budget_raise=one, by=SYSTEM, now=now)
    later = watch_budgets(now=now + 24 * HOUR)

    assert (budget(campaign), later) == (Decimal("100.00"), 0)
    assert not BudgetGuard.objects.get().active
    assert raised_lately() == []
    assert AuditEntry.objects.filter(action="campaign.budget_reverted").count() == 1
    with pytest.raises(InvalidState, match="taken back already"):
        revert_raise(budget_raise=one, by=SYSTEM, now=now)


def test_end_guard__nothing_is_raised_any_more(campaign):
    now = timezone.now()
    guarded(campaign)
    click(campaign, 30, now - timedelta(minutes=10))

    end_guard(campaign=campaign, by=READER, now=now)

    assert (watch_budgets(now=now), budget(campaign)) == (0, 100)
    with pytest.raises(InvalidState, match="No budget guard"):
        end_guard(campaign=campaign, by=READER, now=now)


def test_set_guard__who_submitted_the_campaign__is_forbidden(campaign):
    with pytest.raises(Forbidden, match="Somebody else"):
        set_guard(campaign=campaign, values={"step": 10, "ceiling": 200}, by=AUTHOR, now=timezone.now())

    assert not BudgetGuard.objects.exists()


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"step": 10}, "ceiling"),
        ({"step": 10, "ceiling": 100}, "ceiling"),
        ({"step": 0, "ceiling": 200}, "step"),
        ({"step": 10, "ceiling": 200, "factor": 1}, "factor"),
        ({"step": 10, "ceiling": 200, "window_minutes": 60, "cooldown_minutes": 30}, "cooldown_minutes"),
        ({"step": 10, "ceiling": 200, "colour": 1}, "colour"),
    ],
)
def test_set_guard__limits_that_are_none__are_refused(campaign, values, param):
    with pytest.raises(InvalidInput) as refusal:
        set_guard(campaign=campaign, values=values, by=READER, now=timezone.now())

    assert refusal.value.param == param
    assert not BudgetGuard.objects.exists()


def test_set_guard__campaign_without_a_budget__is_refused():
    people = [Customer.objects.get(pk=person.pk) for person in make_people(1)]

    with pytest.raises(InvalidState, match="budget first"):
        guarded(launched(make_campaign(people)))
