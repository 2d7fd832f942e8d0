"""People move on when their time has come: each effect once, nobody against consent, nobody past a goal."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Automation, Delivery, Run, StepCount, StepRecord
from campaigns.rules.lifecycle import State
from campaigns.services.automations.definitions import archive_automation, pause_automation, resume_automation
from campaigns.services.automations.timers import run_timers
from campaigns.services.sending import send_campaign
from core.actors import SYSTEM
from core.models import OutboxMessage
from customers.models import CustomerTag
from customers.services.purchases import NewPurchase, record_purchase
from tests.campaigns.rules.automations.examples import CART, graph, send, wait
from tests.factories.automations import happen, make_automation, put_in
from tests.factories.campaigns import make_people

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ON_API = {"entry": {"on": "api"}}


def story(run):
    return [(row.step, row.outcome) for row in StepRecord.objects.filter(run=run).order_by("number")]


def deliver(now=None):
    for delivery in Delivery.objects.filter(state="queued"):
        send_campaign(campaign_id=delivery.campaign_id, slot=0, seconds=20, clock=lambda: now or timezone.now())


def order(person, at):
    bought = NewPurchase(person.pk, f"order-{person.pk}", 10, "EUR", at)
    record_purchase(purchase=bought, source="test", by=SYSTEM, now=at)


def test_timers__welcome__two_messages_a_day_apart_through_sending(sink):
    (person,) = make_people(1)
    automation, now = make_automation(), timezone.now()
    run = put_in(automation, person, now)

    run_timers(now=now)
    deliver()
    early = run_timers(now=now + DAY - timedelta(seconds=1))
    run_timers(now=now + DAY)
    deliver(now + DAY)

    run.refresh_from_db()
    assert early == 0
    assert [message["Subject"] for _, message in sink.messages] == ["Hello", "Still there?"]
    assert [outcome for _, outcome in story(run)] == ["entered", "queued", "waits", "waited", "queued", "end"]
    assert (run.state, run.ending) == ("ended", "finished")
    assert not Delivery.objects.filter(consent_ref=None).exists()
    assert dict(StepCount.objects.values_list("outcome", "times")) == {
        "entered": 1,
        "waits": 1,
        "waited": 1,
        "end": 1,
        "finished": 1,
        "queued": 1,
    }


def test_timers__run_again__do_nothing_twice():
    automation, now = make_automation(), timezone.now()
    for person in make_people(3):
        put_in(automation, person, now)

    moved = [run_timers(now=now), run_timers(now=now), run_timers(now=now)]

    assert moved == [3, 0, 0]
    assert Delivery.objects.count() == 3


def test_timers__no_consent__message_is_left_out_with_its_reason_and_the_way_goes_on(sink):
    (person,) = make_people(1)
    automation, now = make_automation(), timezone.now()
    run = put_in(automation, person, now)
    person.__class__.objects.filter(pk=person.pk).update(consent_mask=1)

    run_timers(now=now)
    deliver()

    assert sink.messages == []
    assert Delivery.objects.get().state == "skipped"
    assert Run.objects.get(pk=run.pk).step == "day"


def test_timers__purchase_meanwhile__ends_the_way_before_the_next_message():
    (person,) = make_people(1)
    found = graph({"day": wait("hello"), "hello": send()}, goals=[{"on": "order"}], **ON_API)
    now = timezone.now()
    run = put_in(make_automation(found), person, now)
    run_timers(now=now)
    order(person, now + timedelta(hours=1))

    run_timers(now=now + DAY)

    run.refresh_from_db()
    assert (run.state, run.ending) == ("ended", "goal")
    assert not Delivery.objects.exists()


def test_claim__purchase_after_the_message_was_queued__it_is_not_sent(sink):
    (person,) = make_people(1)
    found = graph({"hello": send("day"), "day": wait()}, goals=[{"on": "order"}], **ON_API)
    now = timezone.now()
    run = put_in(make_automation(found), person, now)
    run_timers(now=now)
    order(person, now + timedelta(seconds=1))

    deliver()

    run.refresh_from_db()
    delivery = Delivery.objects.get()
    assert sink.messages == []
    assert (delivery.state, delivery.reason) == ("skipped", "goal_reached")
    assert run.ending == "goal"


def test_wait_for__event_of_another_cart__does_not_count_and_the_reminder_goes_out():
    (person,) = make_people(1)
    now = timezone.now()
    run = put_in(make_automation({**CART, **ON_API}), person, now, key="12")
    run_timers(now=now)
    run_timers(now=now + timedelta(hours=1))
    happen(person, "purchase", now + timedelta(hours=2), properties={"cartId": "13"})

    run_timers(now=now + timedelta(hours=1) + DAY)

    assert ("paid", "timeout") in story(run)
    assert Delivery.objects.count() == 1
    assert CustomerTag.objects.get(customer=person).tag.name == "left a cart"


def test_wait_for__event_before_a_worker_came__counts():
    (person,) = make_people(1)
    now = timezone.now()
    run = put_in(make_automation({**CART, **ON_API}), person, now, key="12")
    run_timers(now=now)
    happen(person, "purchase", now + timedelta(minutes=61), properties={"cartId": 12})

    run_timers(now=now + timedelta(minutes=62))

    run.refresh_from_db()
    assert story(run)[-2:] == [("paid", "happened"), ("paid", "end")]
    assert (run.ending, Delivery.objects.count()) == ("finished", 0)


def test_split_and_ab__people__go_where_rule_and_hash_say():
    people = make_people(20) + make_people(2, country="FR")
    rule = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}
    branches = [{"key": key, "weight": 1, "next": None} for key in ("A", "B")]
    found = graph(
        {
            "where": {"type": "split", "rule": rule, "yes": "half", "no": None},
            "half": {"type": "ab", "branches": branches},
        },
        **ON_API,
    )
    automation, now = make_automation(found), timezone.now()
    for person in people:
        put_in(automation, person, now)

    run_timers(now=now)

    taken = StepRecord.objects.filter(outcome="branch").values_list("details__branch", flat=True)
    assert StepCount.objects.get(outcome="no").times == 2
    assert sorted(set(taken)) == ["A", "B"]
    assert len(taken) == 20


def test_webhook__step__publishes_one_fact_for_each_person():
    (person,) = make_people(1)
    found = graph({"tell": {"type": "webhook", "name": "crm-task", "data": {"team": "north"}}}, **ON_API)
    now = timezone.now()
    run = put_in(make_automation(found), person, now)

    run_timers(now=now)

    fact = OutboxMessage.objects.get(topic="automation.step")
    assert (fact.subject, fact.payload["run"], fact.payload["data"]) == (
        person.public_id,
        run.public_id,
        {"team": "north"},
    )


def test_split__rule_that_cannot_be_asked_any_more__stops_the_person_there_with_a_sentence():
    (person,) = make_people(1)
    rule = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}
    found = graph({"where": {"type": "split", "rule": rule}}, **ON_API)
    automation, now = make_automation(found), timezone.now()
    run = put_in(automation, person, now)
    broken = {**found, "steps": {"where": {"type": "split", "rule": {"version": 1, "rule": {"on": "gone"}}}}}
    automation.versions.update(graph=broken)

    run_timers(now=now)
    run_timers(now=now)

    run.refresh_from_db()
    assert run.state == "failed" and run.trouble.startswith("Choose one of")
    assert story(run)[-1] == ("where", "failed")


def test_pause__automation__nobody_moves_and_nothing_is_sent_until_it_goes_on(sink):
    (person,) = make_people(1)
    automation, now = make_automation(), timezone.now()
    put_in(automation, person, now)
    run_timers(now=now)
    pause_automation(automation=automation, by=SYSTEM, now=now)

    deliver()
    moved = run_timers(now=now + 2 * DAY)
    held = len(sink.messages)
    resume_automation(automation=automation, by=SYSTEM, now=now + 2 * DAY)
    run_timers(now=now + 2 * DAY)
    deliver(now + 2 * DAY)

    assert (moved, held) == (0, 0)
    assert len(sink.messages) == 2


def test_archive__automation__everybody_is_out_and_what_waits_is_not_sent(sink):
    (person,) = make_people(1)
    automation, now = make_automation(), timezone.now()
    run = put_in(automation, person, now)
    run_timers(now=now)

    archive_automation(automation=automation, by=SYSTEM, now=now)
    deliver()

    run.refresh_from_db()
    assert (run.state, run.ending) == ("ended", "archived")
    assert Delivery.objects.get().state == "skipped"
    assert sink.messages == []
    assert Automation.objects.get().versions.get().messages.first().campaign.state == State.CANCELLED
