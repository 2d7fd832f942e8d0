"""Touches and orders that attribution divides."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from core.actors import SYSTEM, Actor, ActorKind
from customers.models import Customer
from customers.services.purchases import NewPurchase, record_purchases
from engagement.rules.catalogue import BY_NAME
from engagement.rules.events import EventIn, Ready
from engagement.rules.keys import new_key
from engagement.rules.schemas import compile_form
from engagement.services.ingest import ingest
from tests.factories.experiments import make_shopper

SHOP = Actor(kind=ActorKind.CLIENT, id="cli_shop")


def touch(person: Customer, campaign: str | None, at: datetime) -> None:
    """A click in a campaign, or a page view of somebody who came by herself."""
    key, kind = new_key(), "click" if campaign else "page-view"
    event = EventIn(
        user_id=person.external_id, campaign_id=campaign, element_id="button", device_type="mobile", timestamp=at
    )
    ready = Ready(0, event, compile_form(BY_NAME[kind]), str(key), str(key), False, at)
    verdicts = ingest(events=[ready], by=SHOP, now=timezone.now())
    assert not any(getattr(verdict, "refusal", None) for verdict in verdicts)


def buy(person: Customer, amount: str, at: datetime, currency: str = "EUR") -> None:
    """An order."""
    order = NewPurchase(person.pk, f"o-{person.pk}-{amount}", Decimal(amount), currency, at)
    assert record_purchases(purchases=[order], source="shop", by=SYSTEM, now=timezone.now()) == [None]


def make_story() -> datetime:
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
