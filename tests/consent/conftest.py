"""People and clients for the tests of consent."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from consent.models import NoticeVersion
from consent.selectors.catalogue import forget_catalogue
from consent.services.consent import ConsentEntry
from consent.services.masks import recompute_masks
from core.actors import Actor, ActorKind
from customers.models import Customer, Identity
from tests.support.mail import smtp_sink

__all__ = ["smtp_sink"]

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHOP = Actor(kind=ActorKind.CLIENT, id="cli_shop", label="Shop")
OFFICER = Actor(kind=ActorKind.STAFF, id="usr_officer", label="Officer")


@pytest.fixture(autouse=True)
def _fresh_catalogue() -> Iterator[None]:
    """No test sees purposes or notices of another."""
    forget_catalogue()
    yield
    forget_catalogue()


@pytest.fixture
def make_customer(db: None) -> Callable[..., Customer]:
    """A stored customer whose mask is computed; facts as given."""

    def make(at: datetime = NOON, **facts: Any) -> Customer:
        place = {"country": "DE"} if "country" not in facts else {}
        customer = Customer.objects.create(
            public_id=Customer.new_public_id(), created_at=at, updated_at=at, **(place | facts)
        )
        for kind in ("email", "external_id", "phone"):
            if facts.get(kind):
                Identity.objects.create(customer=customer, kind=kind, value=facts[kind])
        recompute_masks(customer_ids=[customer.pk], now=at)
        customer.refresh_from_db()
        return customer

    return make


def yes(purpose: str = "marketing_email", **facts: Any) -> ConsentEntry:
    """A complete consent under the first notice, confirmed by double opt-in."""
    proof = {"notice_version": 1, "locale": "en", "evidence": {"doi_done": True, "form_id": "signup"}}
    return ConsentEntry(**({"purpose": purpose, "event": "granted", "source": "web"} | proof | facts))


def no(purpose: str = "marketing_email", event: str = "withdrawn", **facts: Any) -> ConsentEntry:
    """A withdrawal."""
    return ConsentEntry(**({"purpose": purpose, "event": event, "source": "web"} | facts))


def notice_of(purpose: str, version: int = 1, locale: str = "en") -> NoticeVersion:
    """A published notice."""
    return NoticeVersion.objects.get(purpose__key=purpose, version=version, locale=locale)
