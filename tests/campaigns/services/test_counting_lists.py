"""Lists of campaigns: so many people are counted while somebody waits, and no more."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Campaign, CampaignCount, Delivery
from campaigns.rules.counting import counted_live
from campaigns.selectors.campaigns import counts_of
from campaigns.selectors.reactions import outcomes_of, reactions_of
from campaigns.services.counting import count_due
from tests.factories.campaigns import launched, make_campaign, make_people

NOW = timezone.now().replace(microsecond=0)


@pytest.mark.parametrize(
    ("people", "live"),
    [
        ({}, set()),
        ({1: (False, 100)}, {1}),
        ({1: (False, 101)}, set()),
        ({1: (False, 60), 2: (False, 50), 3: (False, 50)}, {2, 3}),
        ({1: (True, 80), 2: (False, 30), 3: (False, 20)}, {1, 3}),
        ({1: (True, 80), 2: (True, 30), 3: (False, 1)}, {2}),
        ({1: (False, 0), 2: (False, 100), 3: (False, 0)}, {1, 2, 3}),
    ],
)
def test_counted_live__so_many_people__are_those_under_way_first_then_the_smallest(people, live):
    assert counted_live(people, 100) == live


@pytest.fixture
def campaigns(db):
    """Three of ten people each, over; one of ten under way; all of them sent to."""
    found = []
    for number in range(4):
        row = launched(make_campaign(make_people(10), name=f"C {number}"), NOW - timedelta(days=1))
        Delivery.objects.filter(campaign=row).update(state="sent", sent_at=NOW, outcome="delivered", outcome_at=NOW)
        if number:
            Campaign.objects.filter(pk=row.pk).update(state="completed", finished_at=NOW)
        found.append(row.pk)
    return list(Campaign.objects.filter(pk__in=found).order_by("pk"))


def told(campaigns):
    return counts_of(campaigns), reactions_of(campaigns), outcomes_of(campaigns)


def test_counts__list_beyond_the_budget__reads_few_rows_and_says_the_same(campaigns, settings):
    direct = told(campaigns)
    settings.CAMPAIGN_LIVE_PEOPLE = 25

    uncounted = told(campaigns)
    assert count_due(clock=lambda: NOW) == 4
    with CaptureQueriesContext(connection) as asked:
        kept = told(campaigns)

    live = [one["sql"] for one in asked if "campaigns_delivery" in one["sql"]]
    assert uncounted == kept == direct
    assert all(str(row.pk) in sql.split(" IN (")[1].split(")")[0] for sql in live for row in campaigns[:2])
    assert not any(f" {row.pk}" in sql.split(" IN (")[1].split(")")[0] for sql in live for row in campaigns[2:])


def test_counts__rows_change__a_page_knows_at_once_and_a_long_list_when_they_were_counted(campaigns, settings):
    settings.CAMPAIGN_LIVE_PEOPLE = 25
    count_due(clock=lambda: NOW)
    first, last = campaigns[0], campaigns[-1]
    Delivery.objects.filter(campaign__in=[first, last]).update(state="failed", sent_at=None)

    alone, listed = counts_of([last]), counts_of(campaigns)
    count_due(clock=lambda: NOW + timedelta(minutes=16))

    assert alone[last.pk] == listed[first.pk] == {"failed": 10}
    assert listed[last.pk] == {"sent": 10}
    assert counts_of(campaigns)[last.pk] == {"failed": 10}


def test_count_due__campaigns_below_a_fiftieth_of_the_line__are_left_alone(campaigns, settings):
    settings.CAMPAIGN_LIVE_PEOPLE = 50 * 11

    assert count_due(clock=lambda: NOW) == 0
    assert not CampaignCount.objects.exists()


def test_count_due__for_lists__counts_messages_and_no_purchases(campaigns, settings):
    settings.CAMPAIGN_LIVE_PEOPLE = 50 * 10

    assert count_due(clock=lambda: NOW) == 4
    assert set(CampaignCount.objects.values_list("question", flat=True)) == {"deliveries"}
    assert count_due(clock=lambda: NOW + timedelta(seconds=31)) == 1
