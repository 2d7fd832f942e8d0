"""A simulation counts what would have happened in the last 30 days, and does nothing to anybody."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Delivery, Run, Shown, StepRecord
from campaigns.selectors.automations.simulations import last_simulation
from campaigns.services.automations import simulating
from campaigns.services.automations.simulating import simulate, start_simulation
from campaigns.services.experiments import start_holdout
from core.actors import SYSTEM
from core.errors import Conflict
from core.models import AuditEntry, JobState, OutboxMessage
from customers.models import Customer, CustomerTag
from customers.services.purchases import NewPurchase, record_purchase
from tests.campaigns.rules.automations.examples import CART, graph, send, wait
from tests.factories.automations import happen, make_automation, put_in
from tests.factories.campaigns import make_people

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def played(automation):
    """The result of a simulation, run here."""
    job = start_simulation(automation=automation, by=SYSTEM, now=timezone.now())
    simulate(job_id=job.public_id, clock=timezone.now)
    job.refresh_from_db()
    assert job.state == JobState.SUCCEEDED, job.error
    return job.result


def leave_cart(person, days, cart=1):
    happen(person, "page-view", timezone.now() - days * DAY, properties={"cartId": cart})


def everything():
    return [model.objects.count() for model in (Run, Delivery, StepRecord, CustomerTag, Shown)]


def test_simulate__carts__counts_entries_steps_refusals_and_does_nothing():
    left, paid, refused, lately, old = people = make_people(5)
    automation, now = make_automation(CART, live=False), timezone.now()
    for person in people[:3]:
        leave_cart(person, 10)
    happen(paid, "purchase", now - 10 * DAY + 3 * HOUR, properties={"cartId": 1})
    Customer.objects.filter(pk=refused.pk).update(consent_mask=1)
    leave_cart(left, 8, cart=2)
    leave_cart(lately, 1 / 48)
    leave_cart(old, 31)
    before, facts = everything(), OutboxMessage.objects.filter(topic__startswith="automation").count()

    found = played(automation)

    assert found["entered"] == 4
    assert found["kept_out"] == {"was_in_lately": 1}
    assert (found["would_send"], found["refused"]) == (1, {"consent_missing": 1})
    assert found["steps"]["paid"] == {"reached": 3, "happened": 1, "timeout": 2}
    assert found["steps"]["hour"] == {"reached": 4, "still_here": 1}
    assert found["ends"] == {"finished": 3, "under_way": 1}
    assert everything() == before
    assert OutboxMessage.objects.filter(topic__startswith="automation").count() == facts
    assert AuditEntry.objects.filter(action="automation.simulated").count() == 1


def test_simulate__order_meanwhile__ends_the_way_at_the_goal():
    (person,) = make_people(1)
    found = graph({"day": wait("hello"), "hello": send()}, goals=[{"on": "order"}])
    happen(person, "page-view", timezone.now() - 5 * DAY)
    at = timezone.now() - 5 * DAY + HOUR
    record_purchase(purchase=NewPurchase(person.pk, "o1", 10, "EUR", at), source="test", by=SYSTEM, now=timezone.now())

    result = played(make_automation(found))

    assert (result["ends"], result["would_send"]) == ({"goal": 1}, 0)


def test_simulate__more_than_a_page__everybody_is_played(monkeypatch):
    monkeypatch.setattr(simulating, "PAGE", 2)
    people = make_people(5)
    for person in people:
        happen(person, "page-view", timezone.now() - 2 * DAY)

    result = played(make_automation(graph({"hello": send()})))

    assert (result["people"], result["entered"], result["would_send"]) == (5, 5, 5)


def test_simulate__splits_and_holdout__go_as_they_would():
    people = make_people(20) + make_people(5, country="FR")
    start_holdout(percent=20, by=SYSTEM, now=timezone.now())
    rule = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}
    branches = [{"key": key, "weight": 1, "next": "hello"} for key in ("A", "B")]
    steps = {"where": {"type": "split", "rule": rule, "yes": "half"}, "half": {"type": "ab", "branches": branches}}
    for person in people:
        happen(person, "page-view", timezone.now() - 2 * DAY)

    found = played(make_automation(graph(steps | {"hello": send()}), live=False))

    assert found["steps"]["where"] == {"reached": 25, "yes": 20, "no": 5}
    assert found["steps"]["half"]["branch A"] + found["steps"]["half"]["branch B"] == 20
    assert found["steps"]["hello"].get("held_out", 0) + found["would_send"] == 20
    assert not Shown.objects.exists()


def test_simulate__birthdays__come_in_on_their_days():
    today = timezone.now().date()
    people = make_people(3)
    for person, back in zip(people, (10, 20, 100), strict=True):
        Customer.objects.filter(pk=person.pk).update(birth_date=(today - back * DAY).replace(year=1980))
    entry = {"on": "date", "field": "birth_date", "at": "09:00"}

    found = played(make_automation(graph({"hello": send()}, entry=entry), live=False))

    assert (found["entered"], found["would_send"]) == (2, 2)


def test_simulate__put_in_by_systems__those_who_were():
    (person, _), now = make_people(2), timezone.now()
    automation = make_automation()
    put_in(automation, person, now)

    found = played(automation)

    assert (found["entered"], found["steps"]["hello"]["would_send"]) == (1, 1)


def test_start_simulation__while_one_is_under_way__is_refused():
    automation = make_automation()
    start_simulation(automation=automation, by=SYSTEM, now=timezone.now())

    with pytest.raises(Conflict, match="under way"):
        start_simulation(automation=automation, by=SYSTEM, now=timezone.now())

    assert last_simulation(automation).state == JobState.QUEUED
