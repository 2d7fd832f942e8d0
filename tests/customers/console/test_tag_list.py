"""All tags in the console."""

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from core.models import Role
from customers.models import Tag, TagOrigin
from customers.services.customers import create_customer
from customers.services.tags import change_tags
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db


def test_tags__list_and_colour__show_who_has_them(client):
    now = timezone.now()
    customer = create_customer(properties={"external_id": "1"}, by=SYSTEM, now=now)
    change_tags(customer_ids=[customer.pk], add=["loyalty:gold"], origin=TagOrigin.RULE, by=SYSTEM, now=now)
    client.force_login(make_staff(Role.MARKETER))
    tag = Tag.objects.get()

    page = client.get("/console/tags").content.decode()
    client.post(f"/console/tags/{tag.pk}/edit", {"colour": "green"})

    assert "loyalty:gold" in page
    assert Tag.objects.get().colour == "green"
    assert "tag-green" in client.get(f"/console/customers/{customer.public_id}").content.decode()


def test_tags__over_http__are_listed_by_namespace_and_coloured(caller):
    Tag.objects.create(name="loyalty:gold")
    Tag.objects.create(name="vip")
    partner = caller("customers:read", "tags:write")

    listed = partner.get("/api/v1/tags?namespace=loyalty").json()["data"]
    changed = partner.patch("/api/v1/tags/vip", {"colour": "red"}).json()

    assert [(row["name"], row["namespace"], row["customers"]) for row in listed] == [("loyalty:gold", "loyalty", 0)]
    assert changed["colour"] == "red"
    assert partner.patch("/api/v1/tags/vip", {"colour": "mauve"}).status_code == 400
