from datetime import UTC, datetime

import pytest

from marketing_hub.demo.people import Person, invent_people
from marketing_hub.demo.retail import Buyer, read_buyers

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def buyers() -> list[Buyer]:
    return read_buyers()


@pytest.fixture(scope="session")
def people(buyers: list[Buyer]) -> list[Person]:
    return invent_people(buyers, now=NOW)
