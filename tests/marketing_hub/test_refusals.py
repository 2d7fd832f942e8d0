"""403, 404, 500 and a form without its token: pages for people, bodies for programs."""

import pytest
from django.test import Client

from customers.models import Customer
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db


def test_not_found__staff__is_offered_the_search(client):
    client.force_login(make_staff())

    response = client.get("/console/nowhere")

    assert response.status_code == 404
    assert b"Search for it" in response.content
    assert b'id="menu"' in response.content


def test_not_found__stranger__sees_no_menu(client):
    response = client.get("/console/nowhere")

    assert response.status_code == 404
    assert b'id="menu"' not in response.content


def test_not_found__program__gets_the_error_body(client):
    response = client.get("/api/nowhere", headers={"X-Request-Id": "req_abc"})

    assert response.status_code == 404
    assert response.json()["error"] == "NotFound"
    assert response.json()["message"] == "Nothing stands at this address."
    assert response.json()["request_id"] == "req_abc"


def test_broken__person__sees_the_request_id(kit):
    response = Client(raise_request_exception=False).get("/crash", headers={"X-Request-Id": "req_abc"})

    assert response.status_code == 500
    assert b"<code>req_abc</code>" in response.content


def test_broken__program__gets_the_error_body_without_details(kit):
    response = Client(raise_request_exception=False).get("/api/crash", headers={"X-Request-Id": "req_abc"})

    assert response.status_code == 500
    assert response.json()["request_id"] == "req_abc"
    assert "crash" not in response.json()["message"]


def test_form__without_its_token__is_refused_in_words():
    response = Client(enforce_csrf_checks=True).post("/console/sign-in", {"email": "a@example.com", "password": "x"})

    assert response.status_code == 403
    assert b"stood open for too long" in response.content


def test_form__far_too_large__is_answered_by_a_page_that_says_so(client):
    client.force_login(make_staff())

    answer = client.post("/console/search", {"q": "x" * 10_000_000})

    assert answer.status_code == 400
    assert b"too large or was altered" in answer.content
    assert b"Home" in answer.content


def test_body__larger_than_any_that_is_read__is_413_with_the_bound(caller, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000

    answer = caller("customers:write").post("/api/v1/customers", {"external_id": "a" * 10_000})

    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert "10000 bytes" in answer.json()["message"]
    assert not Customer.objects.exists()


def test_host__unknown__is_refused_in_words(client, settings):
    settings.ALLOWED_HOSTS = ["hub.example.com"]

    answer = client.get("/console/sign-in", headers={"host": "evil.example.com"})

    assert answer.status_code == 400
    assert b"could not be read" in answer.content
