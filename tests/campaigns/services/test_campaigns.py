"""Drafts, approval by somebody else, launching with every reason against it, copies, and the order of states."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from campaigns.rules.lifecycle import State
from campaigns.selectors.audience import audience_of, sample_of
from campaigns.selectors.campaigns import parts_of
from campaigns.services.approval import approve_campaign, send_back_campaign, submit_campaign
from campaigns.services.campaigns import archive_campaign, change_campaign, define_campaign, duplicate_campaign
from campaigns.services.running import build_audience, launch_campaign, start_due
from core.actors import SYSTEM
from core.errors import Conflict, Forbidden, InvalidInput, InvalidState
from core.models import OutboxMessage
from customers.models import Customer, Segment
from tests.factories.campaigns import AUTHOR, READER, approved, launched, make_audience, make_campaign, make_people
from tests.factories.consent import make_person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"purpose": "marketing_email"}, "name"),
        ({"name": "x"}, "purpose"),
        ({"name": "x", "purpose": "marketing_sms"}, "purpose"),
        ({"name": "x", "purpose": "marketing_email", "colour": "red"}, "colour"),
        ({"name": "x", "purpose": "marketing_email", "include": ["nobody"]}, "include"),
        ({"name": "x", "purpose": "marketing_email", "quiet_from": "21:00"}, "quiet_until"),
        ({"name": "x", "purpose": "marketing_email", "budget": "NaN"}, "budget"),
        ({"name": "x", "purpose": "marketing_email", "holdout_percent": 51}, "holdout_percent"),
        ({"name": "x", "purpose": "marketing_email", "time_zone": "Mars"}, "time_zone"),
        ({"name": "x", "purpose": "marketing_email", "send_at": "2026-01-01T09:00"}, "send_at"),
        ({"name": "x", "purpose": "marketing_email", "send_at": "2020-01-01T09:00:00Z"}, "send_at"),
        ({"name": "x", "purpose": "marketing_email", "currency": "XXX"}, "currency"),
        ({"name": "x", "purpose": "marketing_email", "currency": "XAU"}, "currency"),
        ({"name": "x", "purpose": "marketing_email", "currency": "eur"}, "currency"),
    ],
)
def test_define__value_that_cannot_be_used__is_refused_beside_its_field_and_nothing_is_stored(values, param):
    with pytest.raises(InvalidInput) as refusal:
        define_campaign(values=values, by=AUTHOR, now=timezone.now())

    assert refusal.value.param == param
    assert not Campaign.objects.exists()


def test_change__time_to_send_that_passed_meanwhile__stays_until_it_is_changed():
    at = timezone.now()
    later, campaign = at + timedelta(days=1), make_campaign(send_at=at + timedelta(hours=1))

    kept = change_campaign(
        campaign=campaign, values={"send_at": campaign.send_at}, by=AUTHOR, now=at + timedelta(days=1)
    )

    assert kept.send_at == campaign.send_at
    with pytest.raises(InvalidInput, match="is over"):
        change_campaign(campaign=campaign, values={"send_at": at}, by=AUTHOR, now=later)


def test_change__segment_in_both_roles__is_refused():
    campaign = make_campaign()
    slug = Segment.objects.get().slug

    with pytest.raises(InvalidInput, match="cannot be sent to and left out"):
        change_campaign(campaign=campaign, values={"exclude": [slug]}, by=AUTHOR, now=timezone.now())

    assert [part.role for part in parts_of([campaign])[campaign.pk]] == ["include"]


def test_change__after_submitting__is_refused():
    campaign = make_campaign()
    submit_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())

    with pytest.raises(InvalidState, match="only a draft"):
        change_campaign(campaign=campaign, values={"subject": "Other"}, by=AUTHOR, now=timezone.now())


def test_audience__everybody__adds_up_with_one_reason_each():
    good = make_people(2)
    silent = Customer.objects.create(public_id=Customer.new_public_id(), email="x@example.com", country="DE")
    no_address = make_person()
    left_out = make_people(1)
    campaign = make_campaign([*good, silent, no_address, *left_out], exclude=[make_audience(left_out).slug])

    audience = audience_of(campaign, timezone.now())

    assert (audience.total, audience.reachable) == (4, 2)
    assert dict(audience.why_not) == {"suppressed": 1, "no_address": 1}
    assert sample_of(campaign, timezone.now()) == [person.public_id for person in good]
    assert audience.total == audience.reachable + sum(people for _, people in audience.why_not)


def test_submit__words_without_fallback_and_failed_segment__names_every_problem():
    campaign = make_campaign(body="Hi {{ customer.first_name }}")
    Segment.objects.update(failure="The database refused.")

    with pytest.raises(Conflict) as refusal:
        submit_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())

    assert "needs a fallback" in refusal.value.message
    assert "could not be calculated" in refusal.value.message
    campaign.refresh_from_db()
    assert campaign.state == State.DRAFT


@pytest.mark.parametrize("who", [AUTHOR])
def test_approve__own_campaign__is_forbidden(who):
    campaign = make_campaign()
    submit_campaign(campaign=campaign, by=READER, now=timezone.now())

    for one in (who, READER):
        with pytest.raises(Forbidden, match="Somebody else"):
            approve_campaign(campaign=campaign, by=one, now=timezone.now())

    campaign.refresh_from_db()
    assert campaign.state == State.IN_REVIEW


def test_send_back__with_a_reason__is_a_draft_without_approval():
    campaign = approved(make_campaign())

    sent_back = send_back_campaign(campaign=campaign, reason="Wrong price", by=READER, now=timezone.now())

    assert (sent_back.state, sent_back.approved_by) == (State.DRAFT, "")


def test_launch__not_approved__is_refused():
    campaign = make_campaign()

    with pytest.raises(InvalidState, match="approved"):
        launch_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())

    assert not Delivery.objects.exists()
    assert not OutboxMessage.objects.filter(topic="campaign.launched").exists()


def test_launch__segment_failed_since_the_review__is_refused():
    campaign = approved(make_campaign())
    Segment.objects.update(failure="The database refused.")

    with pytest.raises(Conflict, match="could not be calculated"):
        launch_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())


def test_launch__audience_grew_by_more_than_a_tenth__has_to_be_reviewed_again():
    people = make_people(3)
    segment = make_audience(people[:1])
    campaign = approved(make_campaign(include=[segment.slug]))
    bigger = make_audience(people)
    campaign.parts.update(segment=bigger)

    with pytest.raises(Conflict, match="have it reviewed again"):
        launch_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())


def test_launch__over_budget__is_refused_with_the_sum():
    campaign = make_campaign(make_people(3), budget="0.02", cost_per_message="0.01")

    with pytest.raises(Conflict, match=r"0\.03 EUR; the budget is 0\.02"):
        submit_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())


def test_launch__later__is_scheduled_and_starts_when_due():
    now = timezone.now()
    campaign = approved(make_campaign(send_at=now + timedelta(hours=1)))

    waiting = launch_campaign(campaign=campaign, by=AUTHOR, now=now)
    early = start_due(now=now)
    due = start_due(now=now + timedelta(hours=1))

    assert (waiting.state, early, due) == (State.SCHEDULED, 0, 1)
    campaign.refresh_from_db()
    assert campaign.state == State.BUILDING_AUDIENCE


def test_start_due__problem_since_then__is_approved_again_and_says_why():
    now = timezone.now()
    campaign = approved(make_campaign(send_at=now + timedelta(hours=1)))
    launch_campaign(campaign=campaign, by=AUTHOR, now=now)
    Segment.objects.update(failure="The database refused.")

    started = start_due(now=now + timedelta(hours=1))

    campaign.refresh_from_db()
    assert (started, campaign.state) == (0, State.APPROVED)
    assert "could not be calculated" in campaign.trouble


def test_build_audience__again__adds_nobody():
    campaign = launched(make_campaign(make_people(2)))

    assert build_audience(campaign_id=campaign.pk, now=timezone.now()) == 0
    assert Delivery.objects.filter(campaign=campaign).count() == campaign.people == 2
    assert campaign.audience[0]["members"] == 2


def test_duplicate__launched_campaign__is_a_draft_with_words_and_audience_and_nothing_else():
    campaign = launched(make_campaign(budget="10.00", cost_per_message="0.0010"))

    copy = duplicate_campaign(campaign=campaign, by=READER, now=timezone.now())

    assert (copy.state, copy.approved_by, copy.people, copy.send_at) == (State.DRAFT, "", None, None)
    assert (copy.name, copy.body, copy.budget) == ("Spring (copy)", campaign.body, Decimal("10.00"))
    assert [part.segment for part in parts_of([copy])[copy.pk]] == list(Segment.objects.all())


def test_archive__under_way__is_refused_and_a_draft_is_put_away():
    with pytest.raises(InvalidState):
        archive_campaign(campaign=launched(make_campaign()), by=AUTHOR, now=timezone.now())

    assert archive_campaign(campaign=make_campaign(), by=AUTHOR, now=timezone.now()).state == State.ARCHIVED


@pytest.mark.parametrize("state", ["sending", "completed", "approved"])
def test_database__step_past_the_order_of_states__is_refused(state):
    campaign = make_campaign()

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE campaigns_campaign SET state = %s WHERE id = %s", [state, campaign.pk])

    campaign.refresh_from_db()
    assert campaign.state == State.DRAFT


def test_database__approved_by_who_submitted__is_refused():
    campaign = make_campaign()
    submit_campaign(campaign=campaign, by=SYSTEM, now=timezone.now())

    with pytest.raises(IntegrityError), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(
            state=State.APPROVED, approved_by=str(SYSTEM), approved_at=timezone.now()
        )
