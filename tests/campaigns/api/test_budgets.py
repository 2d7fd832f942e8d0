"""Budget guards over HTTP."""

import pytest

from campaigns.models import BudgetGuard, Campaign
from tests.factories.campaigns import launched, make_campaign, raise_example

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(caller):
    return caller("campaigns:read", "campaigns:write")


def test_guard__set_read_and_ended(api):
    url = f"/api/v1/campaigns/{launched(make_campaign(budget=100)).public_id}/budget-guard"

    none = api.get(url)
    made = api.put(url, {"step": 25.5, "ceiling": 300, "factor": 2})
    ended = api.delete(url)

    assert (none.status_code, made.status_code, ended.status_code) == (404, 200, 204)
    assert (made.json()["step"], made.json()["factor"], made.json()["raises"]) == (25.5, 2.0, [])
    assert not BudgetGuard.objects.get().active


def test_guard__without_its_limits__is_refused(api):
    url = f"/api/v1/campaigns/{launched(make_campaign(budget=100)).public_id}/budget-guard"

    answer = api.put(url, {"step": 5})

    assert (answer.status_code, answer.json()["code"]) == (400, "missing_field")
    assert not BudgetGuard.objects.exists()


def test_raise__taken_back__says_so(api):
    found = raise_example()

    answer = api.post(f"/api/v1/campaigns/{found['public_id']}/budget-raises/{found['raise_id']}/revert")

    assert answer.json()["raises"][0]["reverted_at"]
    assert not answer.json()["active"]
    assert Campaign.objects.get(public_id=found["public_id"]).budget == 50
