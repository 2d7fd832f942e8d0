"""Invented people of the sandbox: the same ones after every reset."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from core.actors import SYSTEM
from customers.models import Customer, TagOrigin
from customers.services.customers import create_customer
from customers.services.purchases import NewPurchase, record_purchases
from customers.services.tags import replace_tags
from marketing_hub.demo.names import NAMES

PEOPLE: Final = 60
BEGINNING: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
_TAGS: Final = ("newsletter", "vip", "trial", "returning")


def seed_mock() -> int:
    """PEOPLE customers with purchases and tags; nothing when there are customers already. How many were made."""
    if Customer.objects.exists():
        return 0
    chance = random.Random("sandbox")
    for number in range(PEOPLE):
        _person(number, chance)
    return PEOPLE


def _person(number: int, chance: random.Random) -> None:
    language = chance.choice(sorted(NAMES))
    first, last = chance.choice(NAMES[language].first), chance.choice(NAMES[language].last)
    met = BEGINNING + timedelta(days=chance.randrange(200), minutes=chance.randrange(600))
    customer = create_customer(
        properties={
            "external_id": f"mock-{number:04}",
            "email": f"mock.{number:04}@example.com",
            "first_name": first,
            "last_name": last,
            "language": language,
        },
        by=SYSTEM,
        now=met,
    )
    bought = [
        NewPurchase(
            customer.pk,
            f"mock-order-{number:04}-{place}",
            Decimal(chance.randrange(500, 25_000)) / 100,
            "EUR",
            met + timedelta(days=1 + chance.randrange(60)),
        )
        for place in range(chance.randrange(4))
    ]
    if bought:
        record_purchases(purchases=bought, source="mock", by=SYSTEM, now=met)
    tags = chance.sample(_TAGS, chance.randrange(3))
    replace_tags(customer=customer, tags=tags, origin=TagOrigin.IMPORT, by=SYSTEM, now=met)
