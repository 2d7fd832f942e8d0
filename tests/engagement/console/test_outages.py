"""Campaigns say in which hours nothing was heard, and their results follow while they are sent."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Campaign
from core.models import Role
from engagement.models import HourlyMetric
from tests.factories.campaigns import launched, make_campaign
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client):
    client.force_login(make_staff(Role.MARKETER))
    return lambda path: client.get(f"/console/campaigns/{Campaign.objects.get().public_id}{path}").content.decode()


def heard(begins, hours):
    for hour in hours:
        HourlyMetric.objects.create(hour=begins + timedelta(hours=hour), type_id=1, events=100)


@pytest.mark.parametrize("path", ["", "/results"])
def test_campaign__hours_without_any_event__are_named(page, path):
    launched(make_campaign())
    begins = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=12)
    Campaign.objects.update(launched_at=begins)
    heard(begins, [hour for hour in range(12) if hour not in (4, 5)])

    shown = page(path)

    assert "No event arrived in these hours" in shown
    assert f"{begins + timedelta(hours=4):%H:%M}" in shown and f"{begins + timedelta(hours=6):%H:%M}" in shown


def test_campaign__log_without_gaps__knows_of_no_outage(page):
    launched(make_campaign())
    begins = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=12)
    Campaign.objects.update(launched_at=begins)
    heard(begins, range(12))

    assert "No outage is known since the launch" in page("/results")


def test_results__while_it_is_sent__are_fetched_again_and_then_no_more(page):
    launched(make_campaign())
    under_way = page("/results")
    Campaign.objects.update(state="completed", finished_at=timezone.now())

    over = page("/results")

    assert 'data-poll="5"' in under_way and 'data-poll="15"' in under_way
    assert "data-poll" not in over
