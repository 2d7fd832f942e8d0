"""Screens of attribute definitions."""

import pytest

from core.models import Role
from customers.models import AttributeDefinition
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
PATH = "/console/attributes"
PLAN = {"key": "plan", "type": "enum", "options": "free, pro", "purpose": "billing", "pii_class": "none"}


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def test_attributes__defined_changed_archived__through_the_services(marketer):
    marketer.post(f"{PATH}/new", PLAN)
    marketer.post(f"{PATH}/plan/edit", PLAN | {"name": "Plan", "options": "free, pro, gold"})
    marketer.post(f"{PATH}/plan/archive", {})

    row = AttributeDefinition.objects.get()
    assert (row.name, row.options) == ("Plan", ["free", "pro", "gold"])
    assert row.archived_at
    assert "Archived" in marketer.get(PATH).content.decode()


def test_new__bad_key__stands_beside_its_field(marketer):
    answer = marketer.post(f"{PATH}/new", PLAN | {"key": "email"})

    assert answer.status_code == 400
    assert "no name of a profile field" in answer.content.decode()
    assert not AttributeDefinition.objects.exists()


def test_new__analyst__is_forbidden(client):
    client.force_login(make_staff(Role.ANALYST))

    assert client.get(f"{PATH}/new").status_code == 403
    assert client.get(PATH).status_code == 200
