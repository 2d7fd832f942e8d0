"""What a campaign brought: funnel, those held out, exact money; figures by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from campaigns.rules.returns import returns
from campaigns.selectors.campaign_results import campaign_results
from core.actors import SYSTEM
from core.models import Role
from customers.models import Customer
from customers.services.purchases import NewPurchase, record_purchases
from tests.factories.campaigns import launched, make_campaign, make_people
from tests.factories.core import make_staff
from tests.factories.experiments import EVERYTHING

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((100, 500, 250, 20, 5), ("5.00", "20.00", "5.00", "1.50")),
        ((100, 500, None, 20, 0), ("5.00", None, "5.00", None)),
        ((0, 500, 250, 0, 0), (None, None, None, None)),
        ((100, 0, -50, 3, 3), ("33.33", "33.33", "0.00", "-1.50")),
    ],
)
def test_returns__by_hand__are_exact_and_nothing_is_divided_by_nothing(values, expected):
    cost, revenue, incremental, buyers, new = values
    found = returns(
        cost=Decimal(cost),
        revenue=Decimal(revenue),
        incremental=None if incremental is None else Decimal(incremental),
        buyers=buyers,
        new_buyers=new,
    )

    assert (found.cpa, found.cac, found.roas, found.roi) == tuple(one and Decimal(one) for one in expected)


@pytest.fixture
def campaign():
    """Forty people, half of them held out; five of the others bought, one of them not for the first time."""
    now = timezone.now()
    people = make_people(40)
    Customer.objects.update(consent_mask=EVERYTHING)
    row = launched(make_campaign(people, holdout_percent=50, cost_per_message="0.50"), now - timedelta(hours=2))
    rows = list(Delivery.objects.order_by("pk"))
    for place, delivery in enumerate(rows):
        sent = {"state": "sent", "reason": "", "sent_at": now - timedelta(hours=2)}
        out = {"state": "held_out", "reason": "held_out", "sent_at": None}
        Delivery.objects.filter(pk=delivery.pk).update(**(sent if place < 20 else out))
    orders = [
        NewPurchase(one.customer_id, f"o{one.pk}", Decimal("20.05"), "EUR", now - timedelta(hours=1))
        for one in rows[:5]
    ]
    orders.append(NewPurchase(rows[0].customer_id, "old", Decimal(9), "EUR", now - timedelta(days=90)))
    orders.append(NewPurchase(rows[30].customer_id, "held", Decimal(10), "EUR", now - timedelta(hours=1)))
    assert record_purchases(purchases=orders, source="shop", by=SYSTEM, now=now) == [None] * 7
    return Campaign.objects.get(pk=row.pk)


def test_campaign_results__story_by_hand__adds_up(campaign):
    found = campaign_results(campaign, timezone.now())

    assert [people for _, people in found.funnel] == [40, 40, 20, 0, 0, 5]
    assert (found.buyers, found.new_buyers) == (5, 4)
    assert (found.money.cost, found.money.revenue) == (Decimal("10.00"), Decimal("100.25"))
    assert (found.money.cpa, found.money.cac, found.money.roas) == (Decimal("2.00"), Decimal("2.50"), Decimal("10.02"))
    assert [(arm.key, arm.people) for arm in found.compared.arms] == [("held_out", 20), ("sent", 20)]
    # 20 people spent 100.25 where 20 held out spent 10: 90.25 would not have come; less the cost of 10, over 10.
    assert found.money.roi == Decimal("8.02")


def test_page_and_api__of_the_campaign__show_it(campaign, client, caller):
    client.force_login(make_staff(Role.ANALYST))

    page = client.get(f"/console/campaigns/{campaign.public_id}/results").content.decode()
    answer = caller("reports:read").get(f"/api/v1/campaigns/{campaign.public_id}/results").json()

    assert "€ 100.25" in page and "Against those held out" in page and "8.02" in page
    assert (answer["revenue"], answer["roas"], answer["roi"]) == (100.25, 10.02, 8.02)
    assert answer["compared"]["groups"][0] == {
        "variant": "held_out",
        "share": 0.5,
        "people": 20,
        "expected": 20.0,
        "measured": 20,
        "coverage": 1.0,
    }


def test_campaign_results__not_launched__are_none(client):
    campaign = make_campaign()
    client.force_login(make_staff(Role.ANALYST))

    page = client.get(f"/console/campaigns/{campaign.public_id}/results")

    assert campaign_results(campaign, timezone.now()) is None
    assert "has not been launched" in page.content.decode()
