"""The page about each field: the committed one is the generated one, and says what erasure does."""

from datetime import UTC, date, datetime

import pytest

from core.actors import SYSTEM
from customers.models import Customer
from customers.rules.fields import PROFILE_FIELDS
from customers.services.customers import create_customer, delete_customer
from marketing_hub.system.field_guide import KEPT_OF_TOMBSTONES, field_guide
from tests.architecture.sources import ROOT

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_field_guide__committed__is_the_generated_one():
    committed = (ROOT / "docs" / "compliance" / "fields.md").read_text(encoding="utf-8")

    assert committed == field_guide(), "run: python manage.py fieldguide --file docs/compliance/fields.md"


@pytest.mark.django_db
def test_field_guide__fields_it_calls_emptied__are_empty_after_erasure():
    properties = {"email": "jane@example.com", "external_id": "4711", "phone": "+4930901820", "first_name": "Jane"}
    properties |= {"last_name": "Silva", "country": "DE", "language": "de", "birth_date": date(1990, 1, 2).isoformat()}
    person = create_customer(properties=properties, by=SYSTEM, now=NOON)

    delete_customer(customer=person, reason="privacy request", by=SYSTEM, now=NOON)

    gone = Customer.objects.get(pk=person.pk)
    own = {field.name for field in PROFILE_FIELDS} & {field.name for field in Customer._meta.concrete_fields}
    filled = {name for name in own - {"id"} if getattr(gone, name) not in (None, "", {}, 0)}
    assert filled <= set(KEPT_OF_TOMBSTONES)
