"""The way of a campaign through the console: written in five steps, read by somebody else, launched, watched."""

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.lifecycle import State
from campaigns.services import changes
from campaigns.services.running import build_audience
from campaigns.services.sending import send_campaign
from core.models import AuditEntry, Role
from tests.factories.campaigns import BODY, launched, make_audience, make_campaign, make_people
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
PATH = "/console/campaigns"


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def colleague(client):
    client.force_login(make_staff(Role.MARKETER, "Bo Fox", "bo@example.com"))
    return client


def test_wizard__five_steps__then_somebody_else_approves_and_it_goes(marketer, sink):
    people = make_people(2)
    segment = make_audience(people)

    basics = {"title": "Spring", "goal": "Sell shoes", "channel": "email", "purpose": "marketing_email"}
    first = marketer.post(f"{PATH}/new", basics)
    campaign = Campaign.objects.get()
    page = f"{PATH}/{campaign.public_id}"
    marketer.post(f"{page}/audience", {"include": [segment.slug], "holdout_percent": "0"})
    marketer.post(f"{page}/message", {"subject": "Spring is here", "body": BODY})
    limits = {"time_zone": "Europe/Berlin", "cap_days": "7", "cap_choice": "defer", "cost_per_message": "0.001"}
    marketer.post(f"{page}/schedule", {**limits, "currency": "EUR", "budget": "5"})
    review = marketer.get(f"{page}/review").content.decode()
    marketer.post(f"{page}/review")
    own, own_page = marketer.post(f"{page}/approve"), marketer.get(page).content.decode()
    other = colleague(marketer)
    their_page = other.get(page).content.decode()
    other.post(f"{page}/approve")
    other.post(f"{page}/launch")
    shown = other.get(page).content.decode()

    assert first["Location"] == f"{page}/audience"
    assert "Nothing stands against it" in review and people[0].public_id in review
    assert own.status_code == 403
    assert f"{page}/approve" not in own_page and "Somebody else has to approve this campaign" in own_page
    assert f"{page}/approve" in their_page
    assert "Launched by</dt><dd>Bo Fox" in shown
    campaign.refresh_from_db()
    assert campaign.state == State.BUILDING_AUDIENCE
    assert build_audience(campaign_id=campaign.pk, now=timezone.now()) == 2
    assert send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=timezone.now) == 2
    assert AuditEntry.objects.filter(action="campaign.approved", target=campaign.public_id).count() == 1


def test_review__words_without_fallback__says_so_and_submitting_is_refused(marketer):
    campaign = make_campaign(body="Hi {{ customer.first_name }}")

    page = marketer.get(f"{PATH}/{campaign.public_id}/review").content.decode()
    answer = marketer.post(f"{PATH}/{campaign.public_id}/review")

    assert "needs a fallback" in page
    assert answer.status_code == 409
    campaign.refresh_from_db()
    assert campaign.state == State.DRAFT


def test_message__words_that_cannot_be_sent__are_kept_and_shown_with_what_is_wrong(marketer):
    campaign = make_campaign()
    page = f"{PATH}/{campaign.public_id}"

    wrong = marketer.post(f"{page}/message", {"subject": "Hi", "body": "Hi {{ customer.first_name }}"})
    shown = marketer.get(wrong["Location"]).content.decode()
    right = marketer.post(f"{page}/message", {"subject": "Hi", "body": BODY})

    assert wrong["Location"] == f"{page}/message" and "needs a fallback" in shown
    assert right["Location"] == f"{page}/schedule"


def test_audience__segments_to_choose_from__say_how_many_people_they_hold(marketer):
    segment, campaign = make_audience(make_people(2)), make_campaign()

    page = marketer.get(f"{PATH}/{campaign.public_id}/audience").content.decode()

    assert f"{segment.name} (2 people)" in page


def test_review__segments_on_both_sides__are_named(marketer):
    segment, other = make_audience(make_people(2)), make_audience(make_people(1))
    campaign = make_campaign(include=[segment.slug], exclude=[other.slug])

    page = marketer.get(f"{PATH}/{campaign.public_id}/review").content.decode()

    assert f"/console/segments/{segment.slug}" in page and f"/console/segments/{other.slug}" in page
    assert "Do not send to" in page


def test_preview__of_a_customer__shows_both_parts_and_is_on_record(marketer):
    person = make_people(1)[0]
    campaign = make_campaign([person])

    page = marketer.post(f"{PATH}/{campaign.public_id}/preview", {"customer": person.public_id}).content.decode()

    assert "Hello P0," in page and "Unsubscribe: " in page
    assert "/p/" not in page
    assert AuditEntry.objects.get(action="campaign.previewed").changes == {"as": ["", person.public_id]}


def test_test__to_oneself__is_marked_and_goes_to_nobody_else(marketer, sink):
    person = make_people(1)[0]
    campaign = make_campaign([person])

    marketer.post(f"{PATH}/{campaign.public_id}/test", {"customer": person.public_id})

    assert sink.addresses == ["marketer@example.com"]
    assert sink.messages[0][1]["Subject"] == "[Test] Spring is here"


def test_detail__sending__shows_counts_and_deliveries_with_reasons(marketer):
    people = make_people(2)
    people[0].__class__.objects.filter(pk=people[0].pk).update(email=None)
    campaign = launched(make_campaign(people))

    page = marketer.get(f"{PATH}/{campaign.public_id}").content.decode()
    rows = marketer.get(f"{PATH}/{campaign.public_id}/deliveries").content.decode()

    assert "No e-mail address on record" in page and "Pause" in page
    assert people[0].public_id in rows and "No e-mail address on record" in rows
    assert "@example.com" not in rows


def test_cancel__many_people__page_shows_how_far_their_rows_are(marketer, monkeypatch):
    monkeypatch.setattr(changes, "BATCH", 2)
    campaign = launched(make_campaign(make_people(5)))
    page = f"{PATH}/{campaign.public_id}"

    marketer.post(f"{page}/cancel", {"reason": "wrong price"})
    during = marketer.get(page).content.decode()
    changes.follow_change(campaign_id=campaign.pk, seconds=20, clock=timezone.now)
    after = marketer.get(page).content.decode()

    assert "Cancelled" in during and "Being left out" in during and "<progress" in during
    assert "Being left out" not in after and "<progress" not in after


def test_detail__message_that_did_not_leave__is_not_among_the_measured(marketer):
    campaign = launched(make_campaign(make_people(3), tracking=True))
    Delivery.objects.update(tracked=True, state=DeliveryState.SENT, sent_at=timezone.now())
    refused = Delivery.objects.filter(campaign=campaign).order_by("pk")[0]
    Delivery.objects.filter(pk=refused.pk).update(state=DeliveryState.FAILED, sent_at=None)

    page = marketer.get(f"{PATH}/{campaign.public_id}").content.decode()

    assert "Measured: 2 of 2 messages" in page


@pytest.mark.parametrize(
    ("role", "step", "status"),
    [
        (Role.ANALYST, "launch", 403),
        (Role.COMPLIANCE, "launch", 403),
        (Role.COMPLIANCE, "pause", 200),
        (Role.ANALYST, "review", 403),
        (Role.ANALYST, "preview", 403),
    ],
)
def test_steps__roles__may_do_what_the_table_says(client, role, step, status):
    client.force_login(make_staff(role))

    assert client.get(f"{PATH}/{make_campaign().public_id}/{step}").status_code == status
