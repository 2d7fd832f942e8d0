"""The event log is made by hand, so Django does not empty it between tests that commit: we do. People and senders."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from consent.selectors.catalogue import forget_catalogue
from consent.services.consent import ConsentEntry, record_consent
from consent.services.masks import recompute_masks
from consent.services.tokens import issue_token
from core.actors import SYSTEM
from customers.models import Customer, Identity
from engagement.selectors.catalogue import forget_event_catalogue
from engagement.services.labels import forget_labels
from engagement.services.partitions import forget_months
from tests.factories.attribution import make_story
from tests.support.callers import Caller, register_caller


@pytest.fixture(autouse=True)
def _empty_event_log(request: pytest.FixtureRequest) -> Iterator[None]:
    for forget in (forget_labels, forget_months, forget_event_catalogue, forget_catalogue):
        forget()
    marker = request.node.get_closest_marker("django_db")
    if marker and marker.kwargs.get("transaction"):
        request.getfixturevalue("transactional_db")
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE engagement_event, engagement_event_key")
    yield
    forget_catalogue()


@pytest.fixture
def sender(db: None) -> Caller:
    """An API client that may send and read events."""
    return register_caller("engagement:write", "engagement:read")


@pytest.fixture
def person(db: None) -> Callable[..., Customer]:
    """Store a customer; `consent=True` records her consent to engagement tracking."""

    def make(external_id: str = "12345", *, consent: bool = True, **facts: Any) -> Customer:
        now = datetime.now(UTC)
        customer = Customer.objects.create(
            public_id=Customer.new_public_id(),
            external_id=external_id,
            created_at=now,
            updated_at=now,
            **({"country": "DE"} | facts),
        )
        Identity.objects.create(customer=customer, kind="external_id", value=external_id)
        recompute_masks(customer_ids=[customer.pk], now=now)
        if consent:
            agree(customer)
        customer.refresh_from_db()
        return customer

    return make


def agree(customer: Customer) -> None:
    """Record consent to engagement tracking."""
    entry = ConsentEntry(
        purpose="analytics",
        event="granted",
        source="web",
        notice_version=1,
        locale="en",
        evidence={"form_id": "banner"},
    )
    record_consent(customer=customer, entries=[entry], by=SYSTEM, now=datetime.now(UTC))


def withdraw(customer: Customer) -> None:
    """Record that the consent was taken back."""
    entry = ConsentEntry(purpose="analytics", event="withdrawn", source="web")
    record_consent(customer=customer, entries=[entry], by=SYSTEM, now=datetime.now(UTC))


def token_of(customer: Customer) -> str:
    """A consent token for engagement tracking."""
    return issue_token(customer=customer, by=SYSTEM, now=datetime.now(UTC), purposes=["analytics"]).token


@pytest.fixture
def story(db: None) -> datetime:
    """Jane, John and Ada with touches and orders; the instant that is now."""
    return make_story()
