"""Coming in because a day has come: once, at the hour where the person is, and not for an hour that had passed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.models import Run
from campaigns.services.automations.by_date import enter_by_date
from campaigns.services.automations.definitions import pause_automation, resume_automation
from core.actors import SYSTEM
from core.models import Cursor
from customers.models import Customer
from tests.campaigns.rules.automations.examples import graph, send
from tests.factories.automations import make_automation
from tests.factories.campaigns import make_people

# What was written is read when its transaction is over, which that of a test is not before its end.
pytestmark = pytest.mark.django_db(transaction=True)
BIRTHDAY = graph(
    {"hello": send()},
    entry={"on": "date", "field": "birth_date", "days": 0, "at": "09:00"},
    reentry={"policy": "after_days", "days": 300},
)
NOON = datetime(2026, 6, 2, 12, tzinfo=UTC)


def change(person, **values):
    Customer.objects.filter(pk=person.pk).update(**values)


def come_in():
    return dict(Run.objects.values_list("customer_id", "next_at"))


def test_enter_by_date__birthday__begins_at_nine_where_she_is_once_a_year():
    here, there, nobody = make_people(3)
    change(here, birth_date=date(1990, 6, 2), time_zone="Europe/Berlin")
    change(there, birth_date=date(1991, 6, 2), time_zone="America/New_York")
    change(nobody, birth_date=date(1991, 6, 3))
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
    change(person, birth_date=date(1992, 2, 29))
    make_automation(BIRTHDAY)

    assert enter_by_date(now=datetime(year, 2, day, 3, tzinfo=UTC)) == begun


def test_enter_by_date__went_live_at_noon__those_whose_hour_is_still_to_come():
    over, later, tomorrow = make_people(3)
    change(over, birth_date=date(1990, 6, 2), time_zone="Europe/Berlin")
    change(later, birth_date=date(1990, 6, 2), time_zone="America/New_York")
    change(tomorrow, birth_date=date(1990, 6, 3), time_zone="Europe/Berlin")
    make_automation(BIRTHDAY)

    assert enter_by_date(now=NOON) == 2
    assert come_in() == {later.pk: NOON.replace(hour=13), tomorrow.pk: datetime(2026, 6, 3, 7, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("at", "born", "begun"),
    [(NOON, date(1990, 6, 2), 1), (NOON, date(1990, 6, 1), 0), (NOON + timedelta(hours=13), date(1990, 6, 2), 0)],
)
def test_enter_by_date__birthday_told_in_the_course_of_the_day__comes_in_at_once_unless_it_is_over(at, born, begun):
    (person,) = make_people(1)
    change(person, time_zone="Europe/Berlin")
    make_automation(BIRTHDAY)
    assert enter_by_date(now=NOON - timedelta(days=1)) == 0

    change(person, birth_date=born)
    told = [enter_by_date(now=at)]
    change(person, first_name="Ada")
    told.append(enter_by_date(now=at + timedelta(minutes=5)))

    assert told == [begun, 0]
    assert list(come_in().values()) == [at] * begun


def test_enter_by_date__first_contact__is_the_day_where_she_was_and_the_next_look_finds_her():
    day = {"on": "date", "field": "created_at", "days": 0, "at": "09:00", "yearly": False}
    make_automation(graph({"hello": send()}, entry=day))
    assert enter_by_date(now=NOON - timedelta(days=1)) == 0
    tomorrow, today, yesterday = make_people(3)
    # 01:00 on the 3rd, 03:00 on the 2nd, 23:00 on the 1st; each of them is the 2nd in UTC.
    change(tomorrow, created_at=NOON + timedelta(hours=1), time_zone="Pacific/Auckland")
    change(today, created_at=NOON - timedelta(hours=2), time_zone="America/Los_Angeles")
    change(yesterday, created_at=NOON - timedelta(hours=9), time_zone="America/New_York")

    assert enter_by_date(now=NOON + timedelta(hours=2)) == 2
    assert come_in() == {today.pk: NOON + timedelta(hours=4), tomorrow.pk: NOON + timedelta(hours=9)}


def test_enter_by_date__paused_over_the_hour__nobody_comes_in_for_it_afterwards():
    (person,) = make_people(1)
    automation = make_automation(BIRTHDAY)
    enter_by_date(now=NOON - timedelta(days=2))
    pause_automation(automation=automation, by=SYSTEM, now=NOON)
    change(person, birth_date=date(1990, 6, 2), time_zone="Europe/Berlin")
    assert enter_by_date(now=NOON - timedelta(hours=10)) == 0
    assert not Cursor.objects.filter(name__startswith="automations.da").exists()
    resume_automation(automation=automation, by=SYSTEM, now=NOON)

    assert enter_by_date(now=NOON) == 0
    assert not Run.objects.exists()


def test_enter_by_date__more_than_a_page_written_and_born__everybody_once():
    people = make_people(2_100)
    make_automation(BIRTHDAY)
    enter_by_date(now=NOON - timedelta(days=2))
    Customer.objects.filter(pk__in=[person.pk for person in people]).update(birth_date=date(1990, 6, 2))

    assert [enter_by_date(now=NOON), enter_by_date(now=NOON + timedelta(minutes=5))] == [2_100, 0]
    assert Run.objects.count() == 2_100
