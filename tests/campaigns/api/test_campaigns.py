"""Campaigns over the API: written, refused, launched, watched; approving is not among its verbs."""

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from campaigns.rules.lifecycle import State
from campaigns.services import changes
from core.ids import new_id
from tests.contracts.endpoint import assert_is_refusal
from tests.factories.campaigns import approved, launched, make_audience, make_campaign, make_people

pytestmark = pytest.mark.django_db
PATH = "/api/v1/campaigns"


@pytest.fixture
def writer(caller):
    return caller("campaigns:read", "campaigns:write")


def test_create__draft__is_stored_with_exact_amounts_and_its_audience(writer):
    segment = make_audience(make_people(1))
    body = {"name": "Spring", "purpose": "marketing_email", "include": [segment.slug], "budget": 250.5}

    answer = writer.post(PATH, {**body, "cost_per_message": 0.0008, "quiet_from": "21:00", "quiet_until": "08:00"})

    assert answer.status_code == 201
    assert answer["Location"].endswith(answer.json()["id"])
    assert (answer.json()["include"], answer.json()["state"]) == ([segment.slug], "draft")
    campaign = Campaign.objects.get()
    assert (str(campaign.budget), str(campaign.cost_per_message)) == ("250.50", "0.0008")
    assert campaign.owner.startswith("client:")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "missing_field", "name"),
        ({"name": "x", "purpose": "marketing_email", "colour": 1}, "unknown_parameter", "colour"),
        ({"name": "x", "purpose": "marketing_email", "state": "approved"}, "unknown_parameter", "state"),
        ({"name": "x", "purpose": "marketing_email", "include": "vip"}, "invalid_parameter", "include"),
    ],
)
def test_create__wrong__is_refused_and_nothing_is_stored(writer, body, code, param):
    answer = writer.post(PATH, body)

    assert assert_is_refusal(answer, 400, code)["param"] == param
    assert not Campaign.objects.exists()


def test_launch__not_approved__is_409_and_nobody_is_sent_to(writer):
    campaign = make_campaign()

    answer = writer.post(f"{PATH}/{campaign.public_id}/launch", {})

    assert_is_refusal(answer, 409, "state_conflict")
    assert not Delivery.objects.exists()


def test_cancel__many_people__answers_at_once_and_says_how_far_the_rows_are(writer, monkeypatch):
    monkeypatch.setattr(changes, "BATCH", 2)
    campaign = launched(make_campaign(make_people(5)))

    answer = writer.post(f"{PATH}/{campaign.public_id}/cancel", {})
    listed = writer.get(PATH).json()["data"][0]
    changes.follow_change(campaign_id=campaign.pk, seconds=20, clock=timezone.now)
    after = writer.get(f"{PATH}/{campaign.public_id}").json()

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert answer.json()["pending"] == listed["pending"] == {"what": "cancel", "done": 2, "total": None}
    assert answer.json()["counts"] == {"queued": 3, "skipped": 2}
    assert (after["pending"], after["counts"]) == (None, {"skipped": 5})


def test_cancel__draft__is_409_and_nothing_is_pending(writer):
    campaign = make_campaign()

    answer = writer.post(f"{PATH}/{campaign.public_id}/cancel", {})

    assert_is_refusal(answer, 409, "state_conflict")
    assert writer.get(f"{PATH}/{campaign.public_id}").json()["pending"] is None


def test_launch__approved__is_on_its_way(writer):
    campaign = approved(make_campaign())

    answer = writer.post(f"{PATH}/{campaign.public_id}/launch", {})

    assert (answer.status_code, answer.json()["state"]) == (200, State.BUILDING_AUDIENCE)


def test_submit__problems__are_listed_one_by_one(writer):
    campaign = make_campaign(subject="", body="Hi {{ customer.first_name }}")

    body = assert_is_refusal(writer.post(f"{PATH}/{campaign.public_id}/submit", {}), 409, "not_ready")

    assert len(body["details"]) == 2


def test_read__launched__counts_add_up_to_the_people(writer):
    campaign = launched(make_campaign(make_people(3)))

    body = writer.get(f"{PATH}/{campaign.public_id}").json()
    rows = writer.get(f"{PATH}/{campaign.public_id}/deliveries?state=queued").json()["data"]

    assert body["people"] == sum(body["counts"].values()) == len(rows) == 3
    assert set(rows[0]) == {
        *("customer", "state", "reason", "why", "due_at", "sent_at"),
        *("outcome", "outcome_code", "opened", "clicked"),
    }


def test_change__version_read_before__is_412_when_somebody_was_faster(writer):
    campaign = make_campaign()
    tag = writer.get(f"{PATH}/{campaign.public_id}")["ETag"]
    writer.patch(f"{PATH}/{campaign.public_id}", {"subject": "One"})

    answer = writer.patch(f"{PATH}/{campaign.public_id}", {"subject": "Two"}, if_match=tag)

    assert_is_refusal(answer, 412, "etag_mismatch")
    campaign.refresh_from_db()
    assert campaign.subject == "One"


def test_any_verb__unknown_campaign__is_404(writer):
    assert_is_refusal(writer.get(f"{PATH}/{new_id('cmp')}"), 404, "resource_missing")
