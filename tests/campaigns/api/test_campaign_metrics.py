"""The figures of a campaign by field, period and breakdown; by hand."""

from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from campaigns.rules.reactions import Verdict
from campaigns.services.running import pause_campaign, resume_campaign
from core.actors import SYSTEM
from customers.models import Customer
from customers.services.purchases import NewPurchase, record_purchases
from engagement.models import HourlyMetric
from tests.factories.campaigns import launched, make_campaign, make_people
from tests.factories.experiments import EVERYTHING

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    """Five Germans two days ago, three French yesterday; one came back, four opened, two clicked, two bought."""
    now = timezone.now()
    people = [*make_people(5, country="DE"), *make_people(3, country="FR")]
    Customer.objects.update(consent_mask=EVERYTHING)
    row = launched(make_campaign(people), now - timedelta(days=2, hours=1))
    rows = list(Delivery.objects.filter(campaign=row).select_related("customer").order_by("pk"))
    for one in rows:
        ago = timedelta(days=2 if one.customer.country == "DE" else 1)
        Delivery.objects.filter(pk=one.pk).update(state="sent", sent_at=now - ago, tracked=True)
    Delivery.objects.filter(pk=rows[0].pk).update(outcome="hard", outcome_code="5.1.1", outcome_at=now)
    Delivery.objects.filter(pk__in=[one.pk for one in rows[1:5]]).update(opened=Verdict.HUMAN, opened_at=now)
    Delivery.objects.filter(pk__in=[one.pk for one in rows[1:3]]).update(clicked=Verdict.HUMAN, clicked_at=now)
    Delivery.objects.filter(pk=rows[5].pk).update(opened=Verdict.MACHINE, opened_at=now)
    orders = [
        NewPurchase(rows[1].customer_id, "one", Decimal("20.05"), "EUR", now - timedelta(hours=2)),
        NewPurchase(rows[6].customer_id, "two", Decimal("9.95"), "EUR", now - timedelta(hours=2)),
        NewPurchase(rows[7].customer_id, "old", Decimal(5), "EUR", now - timedelta(days=3)),
    ]
    assert record_purchases(purchases=orders, source="shop", by=SYSTEM, now=now) == [None] * 3
    return Campaign.objects.get(pk=row.pk)


@pytest.fixture
def ask(campaign, caller):
    def metrics(status=200, **query):
        path = f"/api/v1/campaigns/{campaign.public_id}/metrics?{urlencode(query)}"
        answer = caller("reports:read").get(path)
        assert answer.status_code == status, answer.content
        return answer.json()

    return metrics


def test_metrics__everything__adds_up(ask):
    found = ask()

    assert found["totals"] == {
        "sent": 8,
        "delivered": 7,
        "delivery_rate": 7 / 8,
        "measured": 8,
        "opened": 4,
        "open_rate": 0.5,
        "clicked": 2,
        "click_rate": 0.25,
        "conversions": 2,
        "conversion_rate": 0.25,
        "coverage": 1.0,
        "revenue": 30.0,
    }
    assert (found["uplift"], found["breakdown"], found["pauses"], found["outages"]) == (None, [], [], [])


def test_metrics__some_fields_by_country__only_those(ask):
    found = ask(fields="sent,revenue", breakdown="country")

    assert found["totals"] == {"sent": 8, "revenue": 30.0}
    assert found["breakdown"] == [
        {"key": "DE", "sent": 5, "revenue": 20.05},
        {"key": "FR", "sent": 3, "revenue": 9.95},
    ]
    assert "uplift" not in found


def test_metrics__by_day_of_a_period__days_in_order_and_nothing_outside(ask, campaign):
    days = sorted({f"{one:%Y-%m-%d}" for one in Delivery.objects.values_list("sent_at", flat=True)})

    assert [(one["key"], one["sent"]) for one in ask(breakdown="day")["breakdown"]] == list(
        zip(days, (5, 3), strict=True)
    )
    since = (timezone.now() - timedelta(hours=36)).isoformat()
    assert ask(begins=since, breakdown="day", fields="sent")["breakdown"] == [{"key": days[1], "sent": 3}]


def test_metrics__people_who_may_not_be_measured__are_not_counted_as_buyers(ask):
    Customer.objects.filter(country="DE").update(consent_mask=1)

    found = ask(fields="conversions")["totals"]

    assert found == {"conversions": 1, "conversion_rate": 1 / 3, "coverage": 3 / 8}


def test_metrics__held_out__uplift_names_both_groups(ask, campaign):
    Campaign.objects.filter(pk=campaign.pk).update(holdout_percent=50)
    Delivery.objects.filter(customer__country="FR").update(state="held_out", reason="held_out", sent_at=None)

    found = ask(fields="uplift")

    assert found["totals"] == {}
    assert [(one["variant"], one["people"]) for one in found["uplift"]["groups"]] == [("held_out", 3), ("sent", 5)]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"fields": "sent,money"}, "fields"),
        ({"breakdown": "name"}, "breakdown"),
        ({"begins": "yesterday"}, "begins"),
        ({"begins": "2026-01-02T00:00:00Z", "ends": "2026-01-01T00:00:00Z"}, "ends"),
        ({"begins": "2024-01-01T00:00:00Z", "ends": "2026-01-01T00:00:00Z"}, "ends"),
    ],
)
def test_metrics__what_cannot_be_read__is_refused_by_name(ask, query, param):
    assert ask(400, **query)["param"] == param


def test_metrics__rows_removed_for_their_age__says_so(ask, campaign):
    Campaign.objects.filter(pk=campaign.pk).update(totals={"sent": 8})

    assert "removed for their age" in ask(409)["message"]


@pytest.mark.parametrize("path", ["metrics", "results"])
def test_figures__paused_and_silent__say_when(campaign, caller, path):
    row = Campaign.objects.get(pk=campaign.pk)
    paused = pause_campaign(campaign=row, reason="Wrong price", by=SYSTEM, now=timezone.now())
    resume_campaign(campaign=paused, by=SYSTEM, now=timezone.now())
    pause_campaign(campaign=Campaign.objects.get(pk=row.pk), by=SYSTEM, now=timezone.now())
    begins = campaign.launched_at.replace(minute=0, second=0, microsecond=0)
    hours = [begins + timedelta(hours=hour) for hour in range(49) if hour not in (4, 5)]
    HourlyMetric.objects.bulk_create([HourlyMetric(hour=hour, type_id=1, events=100) for hour in hours])

    found = caller("reports:read").get(f"/api/v1/campaigns/{campaign.public_id}/{path}").json()

    assert [(one["reason"], one["ends_at"] is None) for one in found["pauses"]] == [("Wrong price", False), ("", True)]
    silent = datetime.fromisoformat(found["outages"][0]["begins_at"])
    assert (silent, found["outages"][0]["reason"]) == (begins + timedelta(hours=4), "no_events")
