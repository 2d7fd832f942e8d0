"""The screens about webhooks: a secret seen once, deliveries with their attempts, replay."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from core.models import Job, Role
from integrations.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from tests.factories.core import PASSWORD, make_staff
from tests.factories.integrations import make_client, make_delivery, make_webhook

pytestmark = pytest.mark.django_db
FORM = {
    "url": "https://crm.example.com/hooks",
    "description": "CRM",
    "event_types": ["customer.updated"],
    "purpose": "service",
    "payload": "thin",
    "format": "standard",
    "keep_order": "on",
    "parallel": "8",
    "client": "",
}


@pytest.fixture
def admin():
    user = make_staff(Role.INTEGRATION)
    http = Client()
    http.post("/console/sign-in", {"email": user.email, "password": PASSWORD})
    return http


def at(name, *arguments):
    return reverse(f"console:{name}", args=arguments)


def test_list__endpoints__show_how_they_did_in_few_queries(admin, django_assert_max_num_queries):
    for number in range(5):
        make_delivery(make_webhook(description=f"CRM {number}"), status=200)
    admin.get(at("webhooks"))

    with django_assert_max_num_queries(10):
        page = admin.get(at("webhooks")).content.decode()

    assert "CRM 4" in page
    assert "100.0 %" in page


def test_new__set_up__shows_the_secret_once(admin):
    answer = admin.post(at("webhook-new"), FORM)

    secret = re.search(r"<code>(whsec_[^<]+)</code>", answer.content.decode()).group(1)
    endpoint = WebhookEndpoint.objects.get()
    assert answer["Cache-Control"] == "no-store"
    assert secret not in admin.get(at("webhook", endpoint.public_id)).content.decode()


def test_new__private_address__keeps_what_was_typed_and_stores_nothing(admin):
    answer = admin.post(at("webhook-new"), FORM | {"url": "https://10.0.0.1/"})

    assert answer.status_code == 400
    assert "must be a public one" in answer.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_delivery__opened__shows_attempts_payload_and_answer(admin):
    endpoint = make_webhook()
    row = make_delivery(endpoint)

    page = admin.get(at("webhook-delivery", endpoint.public_id, row.public_id)).content.decode()

    assert "HTTP 500" in page
    assert "upstream error" in page
    assert endpoint.public_id in page


def test_replay__delivery_and_stretch__queue_and_start_a_job(admin):
    endpoint = make_webhook()
    row = make_delivery(endpoint)
    WebhookDelivery.objects.update(state=DeliveryState.EXHAUSTED)

    one = admin.post(at("webhook-delivery-replay", endpoint.public_id, row.public_id), {})
    many = admin.post(at("webhook-replay", endpoint.public_id), {"since": "2026-01-01T00:00", "what": "missed"})

    assert (one.status_code, many.status_code) == (302, 302)
    assert WebhookDelivery.objects.get().state == DeliveryState.WAITING
    assert Job.objects.filter(kind="webhooks.replay").count() == 1


def test_replay__endpoint_of_today__begins_with_it(admin):
    endpoint = make_webhook()

    page = admin.get(at("webhook-replay", endpoint.public_id)).content.decode()

    since = re.search(r'name="since" value="([^"]+)"', page).group(1)
    assert since.replace("T", " ") == endpoint.created_at.strftime("%Y-%m-%d %H:%M:%S")


def test_deliveries__of_an_endpoint__say_whose_they_are(admin):
    endpoint = make_webhook(description="CRM <north>")

    page = admin.get(at("webhook-deliveries", endpoint.public_id)).content.decode()

    assert "<h1>Deliveries to CRM &lt;north&gt;</h1>" in page


def test_webhook__of_a_client__names_it_and_its_own_description(admin):
    client = make_client("Loyalty app")
    endpoint = make_webhook(description="CRM north")
    WebhookEndpoint.objects.update(client=client.public_id)

    page = admin.get(at("webhook", endpoint.public_id)).content.decode()

    assert "CRM north" in page
    assert f'<a href="{at("api-client", client.public_id)}">Loyalty app</a>' in page
