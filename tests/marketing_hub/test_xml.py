"""Answers as XML: the same facts as JSON, well-formed whatever stands in them."""

import json
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.actors import SYSTEM
from customers.services.customers import create_customer
from marketing_hub.xml import to_xml

XML = {"accept": "application/xml"}


def parsed(text):
    return as_value(ElementTree.fromstring(text))


def as_value(element):
    """The JSON value behind an element, numbers as text."""
    if element.get("nil") == "true":
        return None
    children = list(element)
    if not children:
        return element.text or ""
    if {child.tag for child in children} == {"item"}:
        return [as_value(child) for child in children]
    return {child.get("name", child.tag): as_value(child) for child in children}


def plain(value):
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()} or ""
    if isinstance(value, list):
        return [plain(inner) for inner in value] or ""
    return value if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.django_db
@pytest.mark.parametrize("media", ["application/xml", "text/xml", "application/json;q=0.5, application/xml"])
def test_answer__as_xml__says_what_json_says(caller, media):
    partner = caller("customers:read", "customers.pii:read")
    profile = {"external_id": "1", "first_name": 'Zoë <&> "O\'Neil"', "country": "DE"}
    create_customer(properties=profile, by=SYSTEM, now=timezone.now())

    as_json = partner.get("/api/v1/customers")
    as_xml = partner.get("/api/v1/customers", accept=media)

    assert as_xml["Content-Type"] == "application/xml; charset=utf-8"
    assert int(as_xml["Content-Length"]) == len(as_xml.content)
    assert "Accept" in as_xml["Vary"]
    assert parsed(as_xml.content) == plain(json.loads(as_json.content, parse_float=str))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"), [("/api/v1/customers?limit=0", 400), ("/api/v1/nothing", 404), ("/api/v1/consent/1", 403)]
)
def test_refusal__as_xml__has_the_members_of_the_error_body(caller, path, status):
    answer = caller("customers:read").get(path, accept="application/xml")

    body = parsed(answer.content)
    assert answer.status_code == status
    assert list(body)[:3] == ["error", "message", "code"]
    assert body["request_id"] == answer["X-Request-Id"]
    assert Client().get("/api/v1/me", headers=XML).content.startswith(b"<?xml")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "application/json; charset=utf-8",
        "application/json, application/xml",
        "application/problem+json",
        "text/html,application/xml;q=0.9,*/*;q=0.8",
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/engagement/types"])
def test_answer__not_asked_for_xml__is_json(caller, path, accept):
    answer = caller("customers:read", "engagement:read").get(path, accept=accept)

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/v1/customers", "/api/v1/engagement/types"])
@pytest.mark.parametrize("accept", ["text/csv", "image/png", "application/xml;q=0", "application/json;q=0"])
def test_answer__in_a_format_there_is_not__is_refused_by_views_of_both_kinds(caller, path, accept):
    answer = caller("customers:read", "engagement:read").get(path, accept=accept)

    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


@pytest.mark.django_db
def test_entity_tag__of_xml__differs_from_that_of_json_and_works_as_well(caller):
    partner = caller("customers:read", "customers:write")
    made = partner.post("/api/v1/customers", {"external_id": "1"}).json()["id"]
    path = f"/api/v1/customers/{made}"

    json_tag = partner.get(path)["ETag"]
    xml_tag = partner.get(path, accept="application/xml")["ETag"]

    assert xml_tag == json_tag.removesuffix('"') + '-xml"'
    assert partner.get(path, accept="application/xml", if_none_match=xml_tag).status_code == 304
    assert partner.get(path, if_none_match=xml_tag).status_code == 200
    changed = partner.patch(path, {"country": "DE"}, accept="application/xml", if_match=xml_tag)
    assert (changed.status_code, changed["Content-Type"]) == (200, "application/xml; charset=utf-8")


@pytest.mark.django_db
def test_body__sent_as_xml__is_refused_unread(caller):
    partner = caller("customers:write")
    bomb = b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><customer>&y;</customer>'

    answer = partner.http.generic(
        "POST", "/api/v1/customers", bomb, "application/xml", headers={"Authorization": f"Bearer {partner.token}"}
    )

    assert answer.status_code == 415


@pytest.mark.django_db
@pytest.mark.parametrize("media", ["application/json", "application/xml", "text/plain"])
def test_body__broken__where_a_header_is_missing_too__is_refused_in_words(caller, media):
    partner = caller("consent:write")
    headers = {"Authorization": f"Bearer {partner.token}"}

    answer = partner.http.generic("POST", "/api/v1/consents", b"\xb1\x29c", media, headers=headers)

    assert answer.status_code in (400, 415)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is slow
@given(JSON)
def test_to_xml__any_json__is_well_formed(value):
    ElementTree.fromstring(to_xml(value).encode())
