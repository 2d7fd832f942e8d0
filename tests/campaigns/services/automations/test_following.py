"""What is heard begins, moves and ends runs: once for each thing, in the order of the log."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from campaigns.models import Delivery, Run, StepRecord
from campaigns.rules.automations.signals import Signal
from campaigns.selectors.automations.listening import listening
from campaigns.services.automations.following import follow_signals, hear, seconds_behind
from campaigns.services.automations.timers import run_timers
from core.actors import SYSTEM
from customers.models import ChangeReason
from customers.services.purchases import NewPurchase, record_purchase
from customers.services.segment_changes import Change
from customers.services.segment_changes import tell as tell_change
from customers.services.segments import define_segment
from tests.campaigns.rules.automations.examples import CART, graph, send, wait
from tests.engagement.support import committed
from tests.factories.automations import happen, make_automation, put_in
from tests.factories.campaigns import make_people

HOUR = timedelta(hours=1)


def signal(person, kind="event:page-view", at=None, ref="event:1", **facts):
    return Signal(kind, ref, person.pk, at or timezone.now(), facts)


def tell(*signals, now=None):
    return hear(signals=signals, heard=listening(), now=now or timezone.now())


def catch_up():
    committed()
    return follow_signals(now=timezone.now())


@pytest.mark.django_db
def test_hear__entry__begins_a_run_once_however_often_it_is_read():
    (person,) = make_people(1)
    make_automation(CART)
    what = signal(person, properties={"cartId": 12})

    heard = [tell(what), tell(what), tell(signal(person, ref="event:2"))]

    run = Run.objects.get()
    assert heard == [1, 0, 0]
    assert (run.key, run.step, run.entered_at) == ("12", "hour", what.at)


@pytest.mark.django_db
def test_hear__always__one_run_for_each_thing():
    (person,) = make_people(1)
    make_automation({**CART, "reentry": {"policy": "always"}})

    tell(signal(person), signal(person, ref="event:2"), signal(person))

    assert Run.objects.count() == 2


@pytest.mark.django_db
def test_hear__older_than_a_day__begins_nothing():
    (person,) = make_people(1)
    make_automation(CART)

    assert tell(signal(person, at=timezone.now() - 25 * HOUR)) == 0
    assert not Run.objects.exists()


@pytest.mark.django_db
def test_hear__goal__ends_at_once_and_holds_back_what_waits():
    (person,) = make_people(1)
    found = graph(
        {"hello": send("day"), "day": wait()}, entry={"on": "api"}, goals=[{"on": "event", "event": "purchase"}]
    )
    now = timezone.now()
    run = put_in(make_automation(found), person, now)
    run_timers(now=now)

    tell(signal(person, "event:purchase", now + HOUR))

    run.refresh_from_db()
    assert (run.state, run.ending) == ("ended", "goal")
    assert (Delivery.objects.get().state, Delivery.objects.get().reason) == ("skipped", "goal_reached")


@pytest.mark.django_db
def test_hear__goal_from_before_she_came_in__does_not_count():
    (person,) = make_people(1)
    found = graph({"day": wait()}, entry={"on": "api"}, goals=[{"on": "event", "event": "purchase"}])
    now = timezone.now()
    run = put_in(make_automation(found), person, now)

    tell(signal(person, "event:purchase", now - HOUR))

    assert Run.objects.get(pk=run.pk).state == "open"


@pytest.mark.django_db
def test_hear__entry_and_goal_in_one_stretch__is_over_before_it_began():
    (person,) = make_people(1)
    make_automation(CART)
    now = timezone.now()

    tell(signal(person, at=now - HOUR), signal(person, "order", now, ref="order:1"))
    run_timers(now=now)

    assert Run.objects.get().ending == "goal"
    assert [row.outcome for row in StepRecord.objects.order_by("number")] == ["entered", "goal"]


@pytest.mark.django_db
def test_hear__what_is_waited_for__moves_on_those_of_the_same_key():
    one, other = make_people(2)
    automation, now = make_automation({**CART, "entry": {"on": "api"}}), timezone.now()
    runs = [put_in(automation, person, now, key="12") for person in (one, other)]
    run_timers(now=now)
    run_timers(now=now + HOUR)

    later = now + 2 * HOUR
    tell(
        signal(one, "event:purchase", later, properties={"cartId": 12}),
        signal(other, "event:purchase", later, properties={"cartId": 99}),
    )

    states = [Run.objects.get(pk=run.pk).state for run in runs]
    assert states == ["ended", "open"]


@pytest.mark.django_db(transaction=True)
def test_follow__events_and_orders_in_the_log__begin_and_end_runs():
    people = make_people(3)
    make_automation(CART)
    catch_up()
    for person in people:
        happen(person, "page-view", properties={"cartId": 1})
    behind = seconds_behind(now=timezone.now() + HOUR)

    begun = catch_up()
    at = timezone.now()
    record_purchase(purchase=NewPurchase(people[0].pk, "o1", 5, "EUR", at), source="test", by=SYSTEM, now=at)
    ended = catch_up()

    assert (begun, ended) == (3, 1)
    assert behind > 3_000 and seconds_behind(now=timezone.now()) == 0
    assert sorted(Run.objects.values_list("ending", flat=True)) == ["", "", "goal"]


@pytest.mark.django_db(transaction=True)
def test_follow__into_a_segment__begins_runs():
    (person,) = make_people(1)
    rule = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}
    segment = define_segment(name="Germans", kind="dynamic", rule=rule, by=SYSTEM, now=timezone.now())
    make_automation(graph({"hello": send()}, entry={"on": "segment", "segment": segment.slug}))
    catch_up()

    change = Change(segment.pk, person.pk, entered=True, reason=ChangeReason.PROFILE)
    with transaction.atomic():
        tell_change(changes=[change], now=timezone.now())
    catch_up()

    run = Run.objects.get()
    assert (run.customer_id, run.records.get().details["because"]) == (person.pk, "segment:germans")
