"""Sending to a real mail server: everybody once, nobody against their will, a reason for everybody else."""

from collections import Counter
from datetime import UTC, time, timedelta

import pytest
from django.utils import timezone

from campaigns.models import Delivery, Lane
from campaigns.rules.lifecycle import State
from campaigns.services.claims import BATCH
from campaigns.services.running import cancel_campaign, close_campaign, pause_campaign, recover, send_to_unsent
from campaigns.services.sending import send_campaign
from consent.models import Suppression
from consent.services.consent import ConsentEntry, record_consent
from consent.services.suppression import suppress
from core.actors import SYSTEM
from customers.models import Customer
from tests.factories.campaigns import launched, make_campaign, make_people

pytestmark = pytest.mark.django_db


def run(campaign, at=None, seconds=20):
    return send_campaign(campaign_id=campaign.pk, slot=0, seconds=seconds, clock=(lambda: at) if at else timezone.now)


def states(campaign):
    return dict(Counter(Delivery.objects.filter(campaign=campaign).values_list("state", flat=True)))


def reasons(campaign):
    return dict(Counter(Delivery.objects.filter(campaign=campaign).values_list("reason", flat=True)))


def withdraw(person):
    entry = ConsentEntry(purpose="marketing_email", event="unsubscribed", source="test")
    record_consent(customer=person, entries=[entry], by=SYSTEM, now=timezone.now())


def test_send__audience__everybody_once_with_both_parts_and_the_way_out(sink):
    people = make_people(3)
    campaign = launched(make_campaign(people))

    sent = run(campaign)
    close_campaign(campaign_id=campaign.pk, now=timezone.now())

    assert sent == 3
    assert sink.addresses == sorted(person.email for person in people)
    message = sink.messages[0][1]
    assert message["Subject"] == "Spring is here"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    way_out = message["List-Unsubscribe"].strip(" <>")
    html = message.get_body(("html",)).get_content()
    text = message.get_body(("plain",)).get_content()
    assert way_out in html and way_out in text
    assert "All your choices: http" in text and "/p/" in html
    assert "Hello P0," in text and "Have a look: https://shop.example.com/spring" in text
    assert '<a class="button" href="https://shop.example.com/spring">Have a look</a>' in html
    assert f".{campaign.public_id}@" in message["Message-ID"]
    campaign.refresh_from_db()
    assert (campaign.state, campaign.people, states(campaign)) == (State.COMPLETED, 3, {"sent": 3})
    assert not Delivery.objects.filter(consent_ref=None).exists()


def test_send__again__nobody_gets_it_twice(sink):
    campaign = launched(make_campaign(make_people(2)))

    assert (run(campaign), run(campaign)) == (2, 0)
    assert len(sink.messages) == 2


@pytest.mark.django_db(transaction=True)
def test_send__more_than_a_set_and_three_lanes__two_are_with_the_server_at_once_and_nobody_gets_two(sink):
    sink.company = 2
    campaign = launched(make_campaign(make_people(BATCH + 20)))

    sent = send_campaign(campaign_id=campaign.pk, slot=0, seconds=30, clock=timezone.now, lanes=3)

    assert (sent, len(sink.messages), len(set(sink.addresses))) == (120, 120, 120)
    assert states(campaign) == {"sent": 120} and not Lane.objects.exists()


def test_send__one_set_and_three_lanes__one_connection_does_it_in_order(sink):
    people = make_people(3)
    campaign = launched(make_campaign(people))

    sent = send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=timezone.now, lanes=3)

    assert sent == 3 and [address for address, _ in sink.messages] == [person.email for person in people]


def test_send__server_ends_the_connection_with_its_refusal__the_next_message_opens_another(sink):
    jane, joe = make_people(2)
    sink.refuse[jane.email] = "421 4.7.0 too many connections"
    campaign = launched(make_campaign([jane, joe]))

    run(campaign)

    assert sink.addresses == [joe.email] and states(campaign) == {"queued": 1, "sent": 1}


def test_send__said_no_between_launch_and_sending__is_left_out_with_the_reason(sink):
    people = make_people(2)
    campaign = launched(make_campaign(people))
    withdraw(people[0])

    run(campaign)

    assert sink.addresses == [people[1].email]
    assert Delivery.objects.get(customer=people[0]).reason == "unsubscribed"
    assert states(campaign) == {"sent": 1, "skipped": 1}


def test_send__suppressed_or_erased_after_launch__left_out(sink):
    people = make_people(3)
    campaign = launched(make_campaign(people))
    address = [("email", people[0].email)]
    suppress(identifiers=address, reason="complaint", source="test", by=SYSTEM, now=timezone.now())
    Customer.objects.filter(pk=people[1].pk).update(email=None)

    run(campaign)

    assert sink.addresses == [people[2].email]
    assert reasons(campaign) == {"suppressed": 1, "no_address": 1, "": 1}


def test_send__paused_after_the_claim__hands_over_nothing_more(sink):
    campaign = launched(make_campaign(make_people(2)))
    pause_campaign(campaign=campaign, by=SYSTEM, now=timezone.now())

    assert run(campaign) == 0
    assert sink.messages == []
    assert states(campaign) == {"queued": 2}


def test_send__refused_addresses__fail_or_wait_and_leave_gaps(sink):
    people = make_people(3)
    campaign = launched(make_campaign(people))
    sink.refuse = {people[0].email: "550 no such user", people[1].email: "451 try later"}

    run(campaign)

    rows = {row.customer_id: row for row in Delivery.objects.filter(campaign=campaign)}
    assert [rows[person.pk].state for person in people] == ["failed", "queued", "sent"]
    assert rows[people[1].pk].due_at > timezone.now()
    assert not close_campaign(campaign_id=campaign.pk, now=timezone.now())


def test_send_to_unsent__after_gaps__tries_those_who_failed_and_nobody_else(sink):
    people = make_people(2)
    campaign = launched(make_campaign(people))
    sink.refuse = {people[0].email: "550 no such user"}
    run(campaign)
    close_campaign(campaign_id=campaign.pk, now=timezone.now())
    campaign.refresh_from_db()
    assert campaign.state == State.COMPLETED_WITH_GAPS
    assert Delivery.objects.get(customer=people[0]).outcome
    sink.refuse = {}

    send_to_unsent(campaign=campaign, by=SYSTEM, now=timezone.now())
    run(campaign)
    close_campaign(campaign_id=campaign.pk, now=timezone.now())

    campaign.refresh_from_db()
    assert campaign.state == State.COMPLETED
    assert sink.addresses == sorted(person.email for person in people)
    assert not Delivery.objects.get(customer=people[0]).outcome


def test_send__server_away__puts_everybody_back_and_loses_nobody(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", 1, False
    campaign = launched(make_campaign(make_people(3)))

    assert run(campaign) == 0
    assert states(campaign) == {"queued": 3}
    assert reasons(campaign) == {"server_away": 1, "": 2}


def test_recover__worker_died__frees_what_it_held_and_never_resends_what_it_was_sending(sink):
    campaign = launched(make_campaign(make_people(3)))
    old = timezone.now() - timedelta(minutes=5)
    first, second, _ = Delivery.objects.filter(campaign=campaign).order_by("pk")
    Delivery.objects.filter(pk=first.pk).update(state="sending", claimed_at=old)
    Delivery.objects.filter(pk=second.pk).update(state="claimed", claimed_at=old)

    recover(now=timezone.now())
    run(campaign)
    close_campaign(campaign_id=campaign.pk, now=timezone.now())

    assert states(campaign) == {"unknown": 1, "sent": 2}
    assert len(sink.messages) == 2
    campaign.refresh_from_db()
    assert campaign.state == State.COMPLETED_WITH_GAPS


def test_send__quiet_hours__wait_for_the_morning_where_the_person_is(sink):
    berlin = make_people(1, time_zone="Europe/Berlin")[0]
    los_angeles = make_people(1, time_zone="America/Los_Angeles")[0]
    at = (timezone.now() + timedelta(days=1)).replace(hour=21, minute=0)
    campaign = launched(make_campaign([berlin, los_angeles], quiet_from=time(20), quiet_until=time(8)))

    run(campaign, at)

    assert sink.addresses == [los_angeles.email]
    waiting = Delivery.objects.get(customer=berlin)
    assert (waiting.state, waiting.reason) == ("queued", "quiet_hours")
    assert waiting.due_at.astimezone(UTC).hour in (6, 7)


@pytest.mark.parametrize(("choice", "state"), [("defer", "queued"), ("skip", "skipped"), ("replace", "queued")])
def test_send__had_enough_messages__waits_or_is_left_out_as_chosen(sink, choice, state):
    people = make_people(2)
    run(launched(make_campaign(people[:1])))
    campaign = launched(make_campaign(people, cap_messages=1, cap_days=7, cap_choice=choice))

    run(campaign)

    row = Delivery.objects.get(campaign=campaign, customer=people[0])
    assert (row.state, row.reason) == (state, "frequency_cap")
    assert sink.addresses == sorted([people[0].email, people[1].email])
    if choice != "skip":
        assert timedelta(days=6) < row.due_at - timezone.now() < timedelta(days=8)


def test_send__takes_the_place__of_what_other_campaigns_keep_waiting_for_the_person(sink):
    person = make_people(1)
    run(launched(make_campaign(person)))
    older = launched(make_campaign(person, cap_messages=1))
    run(older)
    newer = launched(make_campaign(person, cap_messages=1, cap_choice="replace"))

    run(newer)

    assert (states(older), reasons(older)) == ({"skipped": 1}, {"replaced": 1})
    assert (states(newer), reasons(newer)) == ({"queued": 1}, {"frequency_cap": 1})


def test_send__rate_of_the_campaign__lets_no_more_go_than_it_allows(sink):
    campaign = launched(make_campaign(make_people(5), per_minute=24))
    now = timezone.now()

    first = run(campaign, now)
    second = run(campaign, now + timedelta(seconds=5))

    assert (first, second) == (2, 2)


def test_send__holdout__is_chosen_by_the_hash_and_gets_nothing(sink):
    people = make_people(12)
    campaign = launched(make_campaign(people, holdout_percent=50))

    run(campaign)

    found = states(campaign)
    assert found["sent"] + found["held_out"] == 12
    assert len(sink.messages) == found["sent"]


def test_cancel__half_way__leaves_the_rest_out_with_the_reason(sink):
    campaign = launched(make_campaign(make_people(2)))

    cancel_campaign(campaign=campaign, by=SYSTEM, now=timezone.now())

    assert run(campaign) == 0
    assert reasons(campaign) == {"cancelled": 2}


def test_send__german_speaker__gets_the_german_part(sink):
    body = "English\n\n[[de]]\nSubject: Frühling\nHallo {{ customer.first_name | default: 'du' }}"
    campaign = launched(make_campaign(make_people(1, language="de"), body=body))

    run(campaign)

    message = sink.messages[0][1]
    assert message["Subject"] == "Frühling"
    assert "Hallo P0" in message.get_body(("plain",)).get_content()


def test_send__no_such_mailbox__fails_and_nothing_is_sent_there_again(sink):
    people = make_people(2)
    campaign = launched(make_campaign(people))
    sink.refuse = {people[0].email: "550 5.1.1 no such user", people[1].email: "550 5.7.1 not from you"}

    run(campaign)

    gone, blocked = Delivery.objects.filter(campaign=campaign).order_by("pk")
    assert (gone.state, gone.outcome, gone.outcome_code) == ("failed", "hard", "5.1.1")
    assert (blocked.state, blocked.outcome, blocked.outcome_code) == ("failed", "blocked", "5.7.1")
    assert Suppression.objects.get().reason == "bounce"
    sink.refuse = {}
    second = launched(make_campaign(people))
    run(second)
    assert reasons(second) == {"suppressed": 1, "": 1}
    assert sink.addresses == [people[1].email]
