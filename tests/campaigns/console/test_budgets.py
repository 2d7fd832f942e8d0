"""Letting a budget be raised, and taking a raise back, on the screens of a campaign."""

import pytest

from campaigns.models import BudgetGuard, BudgetRaise
from core.models import Role
from tests.factories.campaigns import launched, make_campaign, raise_example
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
LIMITS = {"step": "50", "ceiling": "300", "factor": "3", "least_clicks": "20"}
TIMES = {"window_minutes": "60", "cooldown_minutes": "360"}


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def test_guard__set_by_form__stands_on_the_page(marketer):
    campaign = launched(make_campaign(budget=100))
    page = f"/console/campaigns/{campaign.public_id}"

    before = marketer.get(page).content.decode()
    marketer.post(f"{page}/budget-guard", LIMITS | TIMES)
    after = marketer.get(page).content.decode()

    assert "Let it be raised when clicks spike" in before
    assert "never above 300.00" in after
    assert BudgetGuard.objects.get().active


def test_guard__ceiling_below_the_budget__is_refused_beside_its_field(marketer):
    campaign = launched(make_campaign(budget=100))

    answer = marketer.post(f"/console/campaigns/{campaign.public_id}/budget-guard", LIMITS | TIMES | {"ceiling": "90"})

    assert answer.status_code == 400
    assert "must lie above the budget" in answer.content.decode()
    assert not BudgetGuard.objects.exists()


def test_raise__taken_back_by_the_button__budget_is_lower(marketer):
    found = raise_example()
    page = f"/console/campaigns/{found['public_id']}"

    shown = marketer.get(page).content.decode()
    nameless = marketer.post(f"{page}/budget-raises/{found['raise_id']}/revert", {})
    still = BudgetRaise.objects.get().reverted_at
    marketer.post(f"{page}/budget-raises/{found['raise_id']}/revert", {"reason": "A newsletter quoted us"})
    after = marketer.get(page).content.decode()

    row = BudgetRaise.objects.select_related("campaign").get()
    assert "60 clicks, 5.0 are usual" in shown
    assert (nameless.status_code, still) == (422, None)
    assert (row.campaign.budget, row.reverted_by != "") == (50, True)
    assert "UTC, by Ana Lima: A newsletter quoted us" in after
