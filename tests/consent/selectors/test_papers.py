"""Whose data may not go to a company, asked of one person and asked of all."""

from datetime import UTC, date, datetime
from itertools import product

import pytest

from consent.models import Processor
from consent.rules.papers import why_withheld
from consent.selectors.papers import barrier_to, papers_of
from consent.services.registers import save_entry
from core.actors import SYSTEM
from customers.models import Customer
from customers.selectors.recipients import those_kept_back, those_leaving
from tests.factories.consent import make_person
from tests.factories.registers import processor_values

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOMES = [("", ""), ("DE", ""), ("DE", "DE-BY"), ("US", "US-CA"), ("US", ""), ("JP", "")]


@pytest.mark.parametrize(
    ("barred", "places", "transfer"),
    list(product([[], ["DE"], ["US-CA", "JP"]], [["US"], ["DE", "FR"]], ["none", "clauses"])),
)
def test_places__asked_of_all__say_what_the_rule_says_of_each(barred, places, transfer):
    people = [make_person(country=country, region=region) for country, region in HOMES]
    values = processor_values(barred_places=barred, storage_places=places, transfer=transfer)
    company = save_entry(row=Processor(), values=values | {"signed_on": date(2025, 1, 10)}, by=SYSTEM, now=NOON)

    barrier = barrier_to(company.public_id, NOON)

    papers, everybody = papers_of(company), Customer.objects.filter(pk__in=[person.pk for person in people])
    said = {person.pk: why_withheld(papers, country=person.country, region=person.region) for person in people}
    assert {row.pk for row in those_leaving(everybody, barrier)} == {pk for pk, why in said.items() if not why}
    for why, rows in those_kept_back(everybody, barrier).items():
        assert {row.pk for row in rows} == {pk for pk, reason in said.items() if reason == why}
    assert set(filter(None, said.values())) <= set(those_kept_back(everybody, barrier))
