"""All tags in the console."""

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from core.models import Role
from customers.models import Customer, SegmentVersion, Tag, TagOrigin, TagRule
from customers.services.customers import create_customer
from customers.services.segment_builds import build_segment
from customers.services.segments import define_segment
from customers.services.tag_rules import define_tag_rule
from customers.services.tags import change_tags, settle_rule_tags
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
GERMANS = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}


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


@pytest.fixture
def germans():
    create_customer(properties={"external_id": "1", "country": "DE"}, by=SYSTEM, now=timezone.now())
    define_segment(name="Germans", rule=GERMANS, by=SYSTEM, now=timezone.now())
    build_segment(version_id=SegmentVersion.objects.get().pk, clock=timezone.now)


def test_tag_rule__defined_and_ended_in_the_console__is_shown_with_its_segment(client, germans):
    client.force_login(make_staff(Role.MARKETER))

    made = client.post("/console/tags/rule", {"name": "highly engaged", "segment": "germans", "words": ""})

    rule = TagRule.objects.get()
    page = client.get("/console/tags").content.decode()
    assert made.status_code == 302
    assert "Members of" in page and "/console/segments/germans" in page and "End rule" in page
    confirm = client.get(f"/console/tags/{rule.tag_id}/rule/end").content.decode()
    assert "comes off whoever has it from the rule" in confirm
    client.post(f"/console/tags/{rule.tag_id}/rule/end", {})
    rule.refresh_from_db()
    assert rule.ended_at is not None
    assert client.get(f"/console/tags/{rule.tag_id}/rule/end").status_code == 404


def test_tag_rule__in_words__becomes_a_segment(client, germans):
    client.force_login(make_staff(Role.MARKETER))
    words = 'country is "DE"'

    client.post("/console/tags/rule", {"name": "near", "segment": "", "words": words})
    wrong = client.post("/console/tags/rule", {"name": "far", "segment": "", "words": "country is"})

    assert TagRule.objects.get().segment.rule == GERMANS
    assert wrong.status_code == 422 or "is-invalid" in wrong.content.decode()
    assert not Tag.objects.filter(name="far").exists()


def test_tag_rule__on_the_page_of_a_customer__says_by_which_segment(client, germans):
    customer = Customer.objects.get()
    rule = define_tag_rule(name="near", segment="germans", by=SYSTEM, now=timezone.now())
    settle_rule_tags(rule=rule, give=[customer.pk], take=[], by=SYSTEM, now=timezone.now())
    client.force_login(make_staff(Role.MARKETER))

    page = client.get(f"/console/customers/{customer.public_id}").content.decode()

    assert "by rule, as a member of Germans" in page


def test_tag_rule__over_http__is_defined_shown_and_ended(caller, germans):
    partner = caller("customers:read", "tags:write")

    made = partner.post("/api/v1/tags/near/rule", {"segment": "germans"})
    again = partner.post("/api/v1/tags/near/rule", {"segment": "germans"})
    own = partner.post("/api/v1/tags/far/rule", {"words": 'country is "DE"'})

    assert (made.status_code, made.json()["rule"]["segment"], made.json()["rule"]["given"]) == (201, "germans", 0)
    assert (again.status_code, again.json()["code"]) == (409, "duplicate_tag_rule")
    assert (own.status_code, own.json()["required_scope"]) == (403, "segments:write")
    assert partner.get("/api/v1/tags").json()["data"][0]["rule"]["segment"] == "germans"
    assert partner.delete("/api/v1/tags/near/rule").status_code == 204
    assert partner.get("/api/v1/tags").json()["data"][0]["rule"] is None
    assert partner.delete("/api/v1/tags/near/rule").status_code == 404
    writer = caller("tags:write", "segments:write", "customers:read")
    assert writer.post("/api/v1/tags/far/rule", {"rule": GERMANS}).json()["rule"]["segment"] == "tagged-far"
