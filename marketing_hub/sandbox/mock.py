"""Invented people of the sandbox: the same ones after every reset."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db import transaction

from core.actors import SYSTEM
from core.errors import Conflict, Forbidden, NotFound
from customers.models import TagOrigin
from customers.selectors.customers import find_customer
from customers.services.customers import create_customer
from customers.services.purchases import NewPurchase, record_purchases
from customers.services.tags import replace_tags
from marketing_hub.demo.names import NAMES

PEOPLE: Final = 60
BEGINNING: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
_TAGS: Final = ("newsletter", "vip", "trial", "returning")


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody invented: her profile, when she was met, what she bought (amount, when) and her tags."""

    properties: dict[str, str]
    met: datetime
    bought: list[tuple[Decimal, datetime]]
    tags: list[str]


def seed_mock(*, tell: Callable[[int], object] = lambda done: None) -> int:
    """Each of PEOPLE customers, with purchases and tags, is there; how many were made.

    Whoever is there already stays as she is, and nobody comes back who was erased. `tell` hears how many are done.
    """
    chance, made = random.Random("sandbox"), 0
    for number in range(PEOPLE):
        person = _draw(number, chance)
        made += not _is_there(person) and _make(number, person)
        tell(number + 1)
    return made


def _draw(number: int, chance: random.Random) -> _Person:
    language = chance.choice(sorted(NAMES))
    first, last = chance.choice(NAMES[language].first), chance.choice(NAMES[language].last)
    met = BEGINNING + timedelta(days=chance.randrange(200), minutes=chance.randrange(600))
    properties = {
        "external_id": f"mock-{number:04}",
        "email": f"mock.{number:04}@example.com",
        "first_name": first,
        "last_name": last,
        "language": language,
    }
    bought = [
        (Decimal(chance.randrange(500, 25_000)) / 100, met + timedelta(days=1 + chance.randrange(60)))
        for _ in range(chance.randrange(4))
    ]
    return _Person(properties, met, bought, chance.sample(_TAGS, chance.randrange(3)))


def _is_there(person: _Person) -> bool:
    try:
        find_customer(reference=person.properties["external_id"])
    except NotFound:
        return False
    return True


@transaction.atomic
def _make(number: int, person: _Person) -> bool:
    try:
        with transaction.atomic():
            customer = create_customer(properties=person.properties, by=SYSTEM, now=person.met)
    except (Conflict, Forbidden):
        return False
    orders = [
        NewPurchase(customer.pk, f"mock-order-{number:04}-{place}", amount, "EUR", at)
        for place, (amount, at) in enumerate(person.bought)
    ]
    if orders:
        record_purchases(purchases=orders, source="mock", by=SYSTEM, now=person.met)
    replace_tags(customer=customer, tags=person.tags, origin=TagOrigin.IMPORT, by=SYSTEM, now=person.met)
    return True
