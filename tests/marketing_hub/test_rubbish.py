"""What programs send by mistake or on purpose: refused in words, never a crash, and never a lost connection."""

import pytest

from customers.models import Tag

pytestmark = pytest.mark.django_db
DEEP = b'{"a":' * 3_000 + b"1" + b"}" * 3_000


@pytest.fixture
def partner(caller):
    return caller("customers:read", "customers:write", "campaigns:read", "tags:write", "sandbox:manage")


def test_body__nested_without_end_and_repeatable__is_refused_in_words(partner):
    answer = partner.post("/api/v1/customers", DEEP, idempotency_key="deep")

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/campaigns/%00",
        "/api/v1/users/%00/tags",
        "/api/v1/event-types/%0a/schema",
        "/opendsr/v2/requests/%00",
        "/ofrep/v1/evaluate/flags/%00",
        "/v1/projects/%00/settings",
        "/oauth/%00",
    ],
)
def test_address__with_a_control_character__is_an_address_where_nothing_stands(partner, path):
    answer = partner.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, "resource_missing")


def test_address__with_a_control_character_and_a_key__writes_nothing(partner):
    answer = partner.put("/api/v1/users/%00/tags", {"tags": ["vip"]}, idempotency_key="null")

    assert answer.status_code == 404
    assert not Tag.objects.filter(name="vip").exists()


def test_address__of_a_page_with_a_control_character__is_a_page_that_says_so(client):
    answer = client.get("/docs/%00")

    assert answer.status_code == 404
    assert b"<html" in answer.content


def test_refusal__before_the_body_was_wanted__has_read_it_all_the_same(partner):
    answer = partner.put("/api/v1/sandbox/clock", {"advance_seconds": 60})

    assert (answer.status_code, answer.json()["code"]) == (403, "environment_mismatch")
    assert answer.wsgi_request.read() == b"", "the server would hang up on the caller, who then loses the next call"
