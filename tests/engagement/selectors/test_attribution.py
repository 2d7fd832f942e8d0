"""Orders divided among campaigns from the log itself: who counts, what adds up, what is said about silence."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core.actors import SYSTEM, Actor, ActorKind
from core.errors import InvalidInput
from core.models import Role
from customers.models import Customer
from customers.services.purchases import NewPurchase, record_purchases
from engagement.models import HourlyMetric
from engagement.rules.attribution import Model
from engagement.rules.catalogue import BY_NAME
from engagement.rules.events import EventIn, Ready
from engagement.rules.keys import new_key
from engagement.rules.schemas import compile_form
from engagement.selectors import attribution
from engagement.selectors.attribution import attribute
from engagement.services.ingest import ingest
from tests.factories.core import make_staff
from tests.factories.experiments import make_shopper

pytestmark = pytest.mark.django_db
SHOP = Actor(kind=ActorKind.CLIENT, id="cli_shop")


def touch(person, campaign, at):
    key, kind = new_key(), "click" if campaign else "page-view"
    event = EventIn(
        user_id=person.external_id, campaign_id=campaign, element_id="button", device_type="mobile", timestamp=at
    )
    ready = Ready(0, event, compile_form(BY_NAME[kind]), str(key), str(key), False, at)
    verdicts = ingest(events=[ready], by=SHOP, now=timezone.now())
    assert not any(getattr(verdict, "refusal", None) for verdict in verdicts)


def buy(person, amount, at, currency="EUR"):
    order = NewPurchase(person.pk, f"o-{person.pk}-{amount}", Decimal(amount), currency, at)
    assert record_purchases(purchases=[order], source="shop", by=SYSTEM, now=timezone.now()) == [None]


@pytest.fixture
def story():
    """Jane clicked in a mail and an advertisement and bought for 90.01; John only clicked; Ada says nothing."""
    now = timezone.now()
    jane, john, ada = (make_shopper(external_id=name, email=f"{name}@example.com") for name in ("jane", "john", "ada"))
    touch(jane, "mail", now - timedelta(hours=30))
    touch(jane, "advert", now - timedelta(hours=20))
    touch(jane, None, now - timedelta(hours=10))
    buy(jane, "90.01", now - timedelta(hours=1))
    touch(john, "mail", now - timedelta(hours=5))
    touch(ada, "advert", now - timedelta(hours=5))
    buy(ada, "50", now - timedelta(hours=1))
    buy(john, "70", now - timedelta(hours=1), currency="USD")
    Customer.objects.filter(pk=ada.pk).update(consent_mask=1)
    return now


def test_attribute__story_of_three__gives_the_order_of_who_may_be_looked_at(story):
    found = attribute(begins=story - timedelta(days=2), ends=story, currency="EUR", now=story)

    assert (found.orders, found.measured, found.touched) == (2, 1, 1)
    assert (found.total, found.revenue, found.coverage) == (Decimal("140.01"), Decimal("90.01"), 0.5)
    assert found.given["mail"][Model.FIRST] == Decimal("90.01")
    assert found.given["direct"][Model.LAST] == Decimal("90.01")
    assert found.given["advert"][Model.LAST_NON_DIRECT] == Decimal("90.01")
    assert found.given["advert"][Model.POSITION] == Decimal("18.00")
    for model in Model:
        assert sum(given[model] for given in found.given.values()) == Decimal("90.01")


def test_attribute__period_that_is_none__is_refused(story):
    with pytest.raises(InvalidInput):
        attribute(begins=story, ends=story, currency="EUR", now=story)
    with pytest.raises(InvalidInput, match="92 days"):
        attribute(begins=story - timedelta(days=93), ends=story, currency="EUR", now=story)


def test_attribute__more_orders_than_can_be_divided__is_refused_rather_than_cut(story, monkeypatch):
    monkeypatch.setattr(attribution, "MOST_ORDERS", 0)

    with pytest.raises(InvalidInput, match="1 orders; choose a period with at most 0"):
        attribute(begins=story - timedelta(days=2), ends=story, currency="EUR", now=story)


def test_results_page__nothing_asked_for__shows_the_currency_of_the_newest_order(story, client):
    buy(Customer.objects.get(external_id="jane"), "12.50", story, currency="GBP")
    client.force_login(make_staff(Role.ANALYST))

    page = client.get("/console/results").content.decode()

    assert "£ 12.50" in page and 'value="GBP"' in page


def test_page_and_api__story_with_a_silent_hour__name_models_and_silence(story, client, caller):
    begins = (story - timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    for hour in range(24):
        if hour != 6:
            HourlyMetric.objects.create(hour=begins + timedelta(hours=hour), type_id=1, events=100)
    client.force_login(make_staff(Role.ANALYST))
    days = f"first={begins:%Y-%m-%d}&last={story:%Y-%m-%d}"

    page = client.get(f"/console/results?{days}&currency=EUR").content.decode()
    query = f"begins={begins:%Y-%m-%dT%H:%M:%SZ}&ends={begins + timedelta(hours=24):%Y-%m-%dT%H:%M:%SZ}"
    answer = caller("reports:read").get(f"/api/v1/reports/attribution?{query}").json()

    assert "Markov" in page and "mail" in page and "€ 90.01" in page
    silent = begins + timedelta(hours=6)
    assert [one["begins_at"] for one in answer["outages"]] == [f"{silent:%Y-%m-%dT%H:%M:%SZ}"]
    assert answer["channels"][0]["linear"] > 0


def test_results_page__nonsense__is_refused_and_keeps_what_was_typed(client):
    client.force_login(make_staff(Role.ANALYST))

    answer = client.get("/console/results?first=2026-01-31&last=2025-01-01&currency=EUR")

    assert answer.status_code == 422
    assert "2026-01-31" in answer.content.decode()
