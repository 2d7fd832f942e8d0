"""Coming in by the API; leaving by erasure and merge; and age."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Delivery, Run, StepRecord
from campaigns.services.automations.definitions import pause_automation
from campaigns.services.automations.entering import enrol
from campaigns.services.automations.timers import run_timers
from campaigns.services.automations.upkeep import absorb_runs, forget_runs, restore_runs
from core import privacy
from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput, InvalidState
from core.models import AuditEntry
from customers.models import Customer
from tests.campaigns.rules.automations.examples import graph
from tests.factories.automations import make_automation, put_in
from tests.factories.campaigns import make_people

pytestmark = pytest.mark.django_db


def test_enrol__same_reference_again__answers_the_run_it_began():
    (person,) = make_people(1)
    automation = make_automation()

    first = put_in(automation, person, ref="order-1")
    again = put_in(automation, person, ref="order-1")

    assert first == again
    assert Run.objects.count() == StepRecord.objects.count() == 1
    assert AuditEntry.objects.filter(action="automation.enrolled").count() == 1


def test_enrol__policy_paused_or_erased__is_refused_and_nothing_begins():
    person, other = make_people(2)
    automation = make_automation()
    put_in(automation, person)

    with pytest.raises(Conflict) as refusal:
        put_in(automation, person)
    privacy.erase_everywhere([other.pk])
    Customer.objects.filter(pk=other.pk).update(is_known=False)
    other.refresh_from_db()
    with pytest.raises(InvalidInput):
        put_in(automation, other)
    pause_automation(automation=automation, by=SYSTEM, now=timezone.now())
    with pytest.raises(InvalidState):
        enrol(automation=automation, customer=person, ref="x", by=SYSTEM, now=timezone.now())

    assert refusal.value.code == "was_in_before"
    assert Run.objects.count() == 1


def test_erasure__under_way__is_over_names_nobody_and_nothing_is_sent():
    (person,) = make_people(1)
    run = put_in(make_automation(), person, key="cart-12")
    run_timers(now=timezone.now())
    told = [row["step"] for row in privacy_rows(person)]

    privacy.erase_everywhere([person.pk])

    run.refresh_from_db()
    assert told == ["hello", "hello", "day"]
    assert (run.customer_id, run.key, run.state, run.ending) == (None, "", "ended", "deleted")
    assert Delivery.objects.get().state == "skipped"
    assert privacy_rows(person) == []


def privacy_rows(person):
    (place,) = [place for place in privacy.places() if place.name == "campaigns.runs"]
    return list(place.collect([person.pk]))


def test_merge__both_under_way__the_surviving_one_goes_on_alone_and_the_rest_moves():
    gone, stays = make_people(2)
    automation = make_automation()
    ended, kept = put_in(automation, gone), put_in(automation, stays)
    moved = put_in(make_automation(name="Other"), gone)

    image = absorb_runs(absorbed_id=gone.pk, into_id=stays.pk, now=timezone.now())

    for run in (ended, kept, moved):
        run.refresh_from_db()
    assert (ended.ending, kept.state, moved.state) == ("merged", "open", "open")
    assert {run.customer_id for run in (ended, kept, moved)} == {stays.pk}
    restore_runs(absorbed_id=gone.pk, image=image)
    moved.refresh_from_db()
    assert moved.customer_id == gone.pk


def test_forget__old_runs__are_gone_with_their_records():
    (person,) = make_people(1)
    automation, now = make_automation(graph({"end": {"type": "exit"}}, entry={"on": "api"})), timezone.now()
    put_in(automation, person, now)
    run_timers(now=now)

    kept, gone = forget_runs(before=now - timedelta(days=1)), forget_runs(before=now + timedelta(days=1))

    assert (kept, gone) == (0, 1)
    assert not StepRecord.objects.exists()
