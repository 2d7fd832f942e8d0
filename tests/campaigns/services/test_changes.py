"""Decisions about many messages: they hold at once, the rows follow in batches, each of them once."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from campaigns.models import Delivery, DeliveryChange
from campaigns.rules.lifecycle import State
from campaigns.services import changes
from campaigns.services.canaries import judge_canary
from campaigns.services.changes import changes_left, follow_change
from campaigns.services.claims import claim
from campaigns.services.pilots import promote_campaign
from campaigns.services.running import (
    cancel_campaign,
    close_campaign,
    pause_campaign,
    resume_campaign,
    send_to_unsent,
)
from campaigns.services.sending import send_campaign
from campaigns.services.upkeep import erase_deliveries
from core.actors import SYSTEM
from core.errors import InvalidState
from tests.factories.campaigns import AUTHOR, launched, make_campaign, make_people, piloted

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(changes, "BATCH", 2)


@pytest.fixture
def committed(django_capture_on_commit_callbacks):
    """What is sent to workers when the transaction commits."""
    return django_capture_on_commit_callbacks


def states(campaign):
    return Counter(Delivery.objects.filter(campaign=campaign).values_list("state", "reason"))


def follow(campaign, seconds=20):
    return follow_change(campaign_id=campaign.pk, seconds=seconds, clock=timezone.now)


def failed(people=5, **facts):
    """A campaign that was completed with gaps: nobody got it."""
    campaign = launched(make_campaign(make_people(people)))
    Delivery.objects.filter(campaign=campaign).update(state="failed", reason="message_refused", attempts=6, **facts)
    close_campaign(campaign_id=campaign.pk, now=timezone.now())
    campaign.refresh_from_db()
    return campaign


def test_cancel__more_than_a_batch__nothing_leaves_from_then_on_and_the_rows_follow(sink, committed):
    campaign = launched(make_campaign(make_people(5)))

    with committed() as later:
        cancel_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())

    assert states(campaign) == {("skipped", "cancelled"): 2, ("queued", ""): 3}
    assert send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=timezone.now) == 0
    assert not claim(campaign=campaign, now=timezone.now()).taken
    for task in later:
        task()
    assert states(campaign) == {("skipped", "cancelled"): 5}
    assert sink.messages == []
    change = DeliveryChange.objects.get()
    assert (change.done, change.total, change.finished_at is None) == (5, 5, False)


def test_cancel__one_batch__everybody_has_followed_in_the_request(committed):
    campaign = launched(make_campaign(make_people(1)))

    with committed() as later:
        cancel_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())

    assert states(campaign) == {("skipped", "cancelled"): 1}
    assert not later and DeliveryChange.objects.get().finished_at


@pytest.mark.parametrize("state", ["completed", "cancelled"])
def test_cancel__over_already__is_refused_and_no_row_follows(state):
    campaign = launched(make_campaign(make_people(3)))
    if state == "cancelled":
        cancel_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())
    else:
        Delivery.objects.update(state="sent", sent_at=timezone.now())
        close_campaign(campaign_id=campaign.pk, now=timezone.now())
    before, known = states(campaign), list(DeliveryChange.objects.values())

    with pytest.raises(InvalidState):
        cancel_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())

    assert (states(campaign), list(DeliveryChange.objects.values())) == (before, known)


def test_promote__rows_still_to_follow__campaign_is_not_closed_before_they_are_queued(sink):
    campaign = piloted(people=10)

    promote_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())
    sent = send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=timezone.now)
    early = close_campaign(campaign_id=campaign.pk, now=timezone.now())

    assert (sent, early) == (2, False)
    assert follow(campaign)
    assert send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=timezone.now) == 3
    assert close_campaign(campaign_id=campaign.pk, now=timezone.now())
    assert states(campaign) == {("sent", ""): 10}
    assert len(set(sink.addresses)) == 5


def test_promote__somebody_erased_before_her_row_follows__is_never_sent_to(sink):
    campaign = piloted(people=10)
    promote_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())
    waiting = Delivery.objects.filter(campaign=campaign, reason="pilot").order_by("-pk")[0]

    erase_deliveries([waiting.customer_id])
    follow(campaign)
    send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=timezone.now)

    assert states(campaign) == {("sent", ""): 9, ("held_out", "pilot"): 1}
    assert close_campaign(campaign_id=campaign.pk, now=timezone.now())


def test_cancel__while_a_promotion_is_followed__takes_its_place_and_leaves_the_others_out(sink):
    campaign = piloted(people=10)
    promote_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())

    cancel_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())
    follow(campaign)

    assert states(campaign) == {("sent", ""): 5, ("skipped", "cancelled"): 5}
    assert sink.messages == []


def test_canary_passed__more_than_a_batch__all_are_let_go_once(sink):
    at = timezone.now()
    campaign = launched(make_campaign(make_people(9), at, canary_percent=20, canary_minutes=1), at)
    first = send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=lambda: at)
    judge_canary(campaign_id=campaign.pk, now=at)
    later = at + timedelta(minutes=2)

    assert judge_canary(campaign_id=campaign.pk, now=later) == "passed"
    assert Delivery.objects.filter(campaign=campaign, reason="canary").count() == 9 - first - 2
    pause_campaign(campaign=campaign, by=AUTHOR, now=later)
    resume_campaign(campaign=campaign, by=AUTHOR, now=later)
    follow(campaign)

    change = DeliveryChange.objects.get()
    assert (change.what, change.done) == ("let_go", 9 - first)
    assert send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=lambda: later) == 9 - first
    assert len(set(sink.addresses)) == len(sink.messages) == 9


def test_send_to_unsent__failed_once_more_behind_the_place_reached__is_not_tried_a_third_time():
    campaign = failed(people=5)
    send_to_unsent(campaign=campaign, by=AUTHOR, now=timezone.now())
    Delivery.objects.filter(campaign=campaign, state="queued").update(state="failed", reason="message_refused")

    assert follow(campaign)

    assert states(campaign) == {("failed", "message_refused"): 2, ("queued", ""): 3}
    assert set(Delivery.objects.filter(state="queued").values_list("attempts", flat=True)) == {0}


def test_send_to_unsent__nobody_who_failed__is_refused_and_nothing_is_begun():
    campaign = failed(people=2)
    Delivery.objects.update(state="unknown", reason="worker_lost")

    with pytest.raises(InvalidState, match="outcome is unknown"):
        send_to_unsent(campaign=campaign, by=AUTHOR, now=timezone.now())

    assert states(campaign) == {("unknown", "worker_lost"): 2}
    assert not DeliveryChange.objects.exists()
    campaign.refresh_from_db()
    assert campaign.state == State.COMPLETED_WITH_GAPS


def test_follow__no_time_left__does_a_batch_and_hands_on(committed):
    campaign = launched(make_campaign(make_people(7)))
    cancel_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())

    with committed() as later:
        assert not follow(campaign, seconds=0)

    change = DeliveryChange.objects.get()
    assert (change.done, change.total, len(later)) == (4, 7, 1)


def test_follow__done_already_or_never_begun__changes_nothing():
    campaign = launched(make_campaign(make_people(1)))

    assert follow(campaign)
    cancel_campaign(campaign=campaign, by=AUTHOR, now=timezone.now())
    before = list(DeliveryChange.objects.values())

    assert follow(campaign)
    assert list(DeliveryChange.objects.values()) == before


def test_changes_left__worker_died__is_taken_up_when_it_gave_no_sign_for_a_while():
    now = timezone.now()
    campaign = launched(make_campaign(make_people(5)))
    cancel_campaign(campaign=campaign, by=AUTHOR, now=now)

    assert changes_left(now=now + timedelta(seconds=20)) == []
    assert changes_left(now=now + timedelta(seconds=40)) == [campaign.pk]
    follow(campaign)
    assert changes_left(now=now + timedelta(hours=1)) == []


@pytest.mark.django_db(transaction=True)
def test_follow__row_held_by_a_claim__is_passed_over_and_found_again():
    campaign = launched(make_campaign(make_people(3)))
    held = Delivery.objects.filter(campaign=campaign).order_by("pk")[0].pk
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT id FROM campaigns_delivery WHERE id = %s FOR UPDATE", [held])
            with transaction.atomic():
                cancel_campaign(campaign=campaign, by=SYSTEM, now=timezone.now())
            assert Delivery.objects.get(state="queued").pk == held
            cursor.execute("ROLLBACK")
    finally:
        other.close()

    assert follow(campaign)

    assert states(campaign) == {("skipped", "cancelled"): 3}
