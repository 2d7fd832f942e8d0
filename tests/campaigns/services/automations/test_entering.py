"""Coming in by the API and by a date; leaving by erasure and merge; and age."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from campaigns.models import Delivery, Run, StepRecord
from campaigns.services.automations.definitions import pause_automation
from campaigns.services.automations.entering import enrol, enter_by_date
from campaigns.services.automations.timers import run_timers
from campaigns.services.automations.upkeep import absorb_runs, forget_runs, restore_runs
from core import privacy
from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput, InvalidState
from core.models import AuditEntry
from customers.models import Customer
from tests.campaigns.rules.automations.examples import graph, send
from tests.factories.automations import make_automation, put_in
from tests.factories.campaigns import make_people

pytestmark = pytest.mark.django_db
BIRTHDAY = graph(
    {"hello": send()},
    entry={"on": "date", "field": "birth_date", "days": 0, "at": "09:00"},
    reentry={"policy": "after_days", "days": 300},
)


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


def test_enter_by_date__birthday__begins_at_nine_where_she_is_once_a_year():
    here, there, nobody = make_people(3)
    Customer.objects.filter(pk=here.pk).update(birth_date=date(1990, 6, 2), time_zone="Europe/Berlin")
    Customer.objects.filter(pk=there.pk).update(birth_date=date(1991, 6, 2), time_zone="America/New_York")
    Customer.objects.filter(pk=nobody.pk).update(birth_date=date(1991, 6, 3))
    make_automation(BIRTHDAY)
    now = datetime(2026, 6, 1, 10, 0, 1, tzinfo=UTC)

    begun = [enter_by_date(now=now - timedelta(minutes=1)), enter_by_date(now=now), enter_by_date(now=now)]

    assert begun == [0, 2, 0]
    assert list(Run.objects.order_by("next_at").values_list("customer_id", "next_at")) == [
        (here.pk, datetime(2026, 6, 2, 7, tzinfo=UTC)),
        (there.pk, datetime(2026, 6, 2, 13, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(("year", "day", "begun"), [(2026, 28, 1), (2028, 28, 0), (2028, 29, 1)])
def test_enter_by_date__born_on_29_february__has_her_day_every_year(year, day, begun):
    (person,) = make_people(1)
    Customer.objects.filter(pk=person.pk).update(birth_date=date(1992, 2, 29))
    make_automation(BIRTHDAY)

    assert enter_by_date(now=datetime(year, 2, day, 3, tzinfo=UTC)) == begun


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
