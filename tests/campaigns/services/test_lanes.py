"""What a killed worker leaves: its lane says who has the message, who may have it, and who waits again."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import Delivery, Lane
from campaigns.services.lanes import withdraw
from campaigns.services.running import cancel_campaign, pause_campaign, recover
from campaigns.services.sending import send_campaign
from consent.services.consent import ConsentEntry, record_consent
from core.actors import SYSTEM
from tests.factories.campaigns import launched, make_campaign, make_people

pytestmark = pytest.mark.django_db


def left_by_a_worker(people=4, moved_at=None):
    """A campaign whose worker was killed: one message taken by the server, one with it, two not begun."""
    campaign = launched(make_campaign(make_people(people)))
    rows = Delivery.objects.filter(campaign=campaign).order_by("pk")
    taken, current, *ahead = rows.values_list("pk", flat=True)
    rows.update(state="sending", attempts=1, claimed_at=timezone.now() - timedelta(hours=1))
    Lane.objects.create(
        campaign=campaign,
        slot=0,
        holder="gone",
        taken_by_server=[taken],
        current=current,
        ahead=ahead,
        moved_at=moved_at or timezone.now(),
    )
    return campaign


def states(campaign):
    return dict(Counter(Delivery.objects.filter(campaign=campaign).values_list("state", flat=True)))


def after_the_first(sink, act):
    """A clock; once the server has taken one message, `act` happens before the next one leaves."""
    waiting = [act]

    def now():
        if sink.messages and waiting:
            waiting.pop()()
        return timezone.now()

    return now


def test_lane__table__is_empty_after_a_crash_of_the_database():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'campaigns_lane'")

        assert cursor.fetchone() == ("u",)


def test_send__predecessor_was_killed__notes_what_it_sent_doubts_one_and_sends_the_rest(sink):
    campaign = left_by_a_worker()

    sent = send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=timezone.now)

    assert (sent, len(sink.messages)) == (2, 2)
    rows = Delivery.objects.filter(campaign=campaign).order_by("pk").values_list("state", "reason", "attempts")
    assert list(rows) == [("sent", "", 1), ("unknown", "worker_lost", 1), ("sent", "", 1), ("sent", "", 1)]
    assert not Lane.objects.exists()


def test_send__predecessor_was_killed_in_a_lane_nobody_needs_now__is_settled_all_the_same(sink):
    campaign = left_by_a_worker()
    Lane.objects.update(slot=5)

    sent = send_campaign(campaign_id=campaign.pk, slot=1, seconds=20, clock=timezone.now, lanes=3)

    assert (sent, states(campaign)) == (2, {"sent": 3, "unknown": 1})
    assert not Lane.objects.exists()


def test_recover__lane_that_does_not_move__is_settled_without_another_worker():
    campaign = left_by_a_worker(moved_at=timezone.now() - timedelta(minutes=5))

    unknown = recover(now=timezone.now())

    assert unknown == 1
    assert states(campaign) == {"sent": 1, "unknown": 1, "queued": 2}
    assert set(Delivery.objects.filter(state="queued").values_list("attempts", "claimed_at")) == {(0, None)}


def test_recover__lane_that_moves__is_left_alone_however_old_its_rows():
    campaign = left_by_a_worker()

    assert recover(now=timezone.now()) == 0
    assert states(campaign) == {"sending": 4}


def test_cancel__rows_that_a_worker_took__only_what_was_begun_is_left_to_it():
    campaign = left_by_a_worker()

    cancel_campaign(campaign=campaign, by=SYSTEM, now=timezone.now())

    assert states(campaign) == {"sending": 2, "skipped": 2}
    assert Lane.objects.get().ahead == []


def test_withdraw__rows_with_the_server__cannot_be_held():
    campaign = left_by_a_worker()
    lane = Lane.objects.get()

    found = withdraw(deliveries=[lane.current, lane.ahead[0]])

    assert found == lane.ahead[:1]
    assert Lane.objects.get(campaign=campaign).ahead == lane.ahead[1:]


def test_send__withdrawn_while_the_set_is_under_way__does_not_leave_and_the_others_do(sink):
    campaign = launched(make_campaign(make_people(3)))

    def act():
        row = Delivery.objects.filter(pk__in=withdraw(deliveries=Lane.objects.get().ahead[:1]))
        row.update(state="skipped", reason="goal_reached", claimed_at=None)

    send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=after_the_first(sink, act))

    assert len(sink.messages) == 2
    assert states(campaign) == {"sent": 2, "skipped": 1}


def test_send__said_no_while_the_set_is_under_way__does_not_get_it(sink):
    people = make_people(3)
    campaign = launched(make_campaign(people))
    last = Delivery.objects.filter(campaign=campaign).order_by("-pk").select_related("customer")[0].customer
    entry = ConsentEntry(purpose="marketing_email", event="unsubscribed", source="test")

    def act():
        record_consent(customer=last, entries=[entry], by=SYSTEM, now=timezone.now())

    send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=after_the_first(sink, act))

    assert len(sink.messages) == 2 and last.email not in sink.addresses
    row = Delivery.objects.get(campaign=campaign, customer=last)
    assert (row.state, row.reason) == ("skipped", "unsubscribed")


@pytest.mark.parametrize(("stop", "left"), [(pause_campaign, "queued"), (cancel_campaign, "skipped")])
def test_send__stopped_while_the_set_is_under_way__nothing_more_leaves_and_nobody_is_stuck(sink, stop, left):
    campaign = launched(make_campaign(make_people(3)))

    def act():
        stop(campaign=campaign, by=SYSTEM, now=timezone.now())

    sent = send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=after_the_first(sink, act))

    assert (sent, len(sink.messages)) == (1, 1)
    assert states(campaign) == {"sent": 1, left: 2}
    assert not Lane.objects.exists()
    assert set(Delivery.objects.filter(state="queued").values_list("attempts", flat=True)) <= {0}


def test_send__lane_taken_away__stops_at_once_and_notes_what_was_sent(sink):
    campaign = launched(make_campaign(make_people(3)))

    def act():
        Lane.objects.update(moved_at=timezone.now() - timedelta(minutes=5))
        recover(now=timezone.now())

    sent = send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=after_the_first(sink, act))

    assert (sent, len(sink.messages)) == (1, 1)
    assert states(campaign) == {"sent": 1, "queued": 2}


def test_send__answer_lost_with_the_connection__the_row_waits_again_and_is_sent_once(sink):
    campaign = launched(make_campaign(make_people(3)))

    def act():
        lane = Lane.objects.get()
        Lane.objects.update(current=lane.ahead[0], ahead=lane.ahead[1:])

    sent = send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=after_the_first(sink, act))

    assert (sent, len(sink.messages), len(set(sink.addresses))) == (3, 3, 3)
    assert states(campaign) == {"sent": 3}
    assert set(Delivery.objects.values_list("attempts", flat=True)) == {1}
