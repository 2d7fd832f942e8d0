"""Confidential attributes: an API client of ours reads them, one of a company outside does not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consent.models import Processor
from consent.services.registers import save_entry
from core.actors import SYSTEM
from customers.services.attributes import define_attribute
from customers.services.customers import update_customer
from tests.factories.consent import make_person
from tests.factories.registers import processor_values

pytestmark = pytest.mark.django_db
BOTH = {"badge": "badge-4711", "plan": "pro"}


@pytest.fixture
def person():
    for key, pii_class in (("badge", "confidential"), ("plan", "none")):
        values = {"name": key, "purpose": "service", "pii_class": pii_class}
        define_attribute(key=key, value_type="text", values=values, by=SYSTEM, now=timezone.now())
    return update_customer(customer=make_person(), properties={"attributes": BOTH}, by=SYSTEM, now=timezone.now())


@pytest.mark.parametrize(("outside", "shown"), [(False, BOTH), (True, {"plan": "pro"})])
def test_customer__read_by_a_client__has_confidential_attributes_only_for_ours(caller, person, outside, shown):
    client = caller("customers:read", "customers.pii:read")
    if outside:
        ends = timezone.now().date() + timedelta(days=90)
        values = processor_values(client=client.client.public_id, agreement_ends_on=ends)
        save_entry(row=Processor(), values=values, by=SYSTEM, now=timezone.now())

    one = client.get(f"/api/v1/customers/{person.public_id}")
    many = client.get("/api/v1/customers?fields=attributes")

    assert one.json()["attributes"] == shown
    assert [row["attributes"] for row in many.json()["data"]] == [shown]
