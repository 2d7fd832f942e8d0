"""The page of API usage, its file, and the log of requests."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.meter import shared_redis
from core.models import Role
from integrations.services.usage import hand_on, usage_key
from integrations.services.usage_drain import drain_usage
from tests.factories.core import PASSWORD, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted_before(_empty_redis):
    hand_on()
    cache.clear()
    shared_redis().flushdb()


def recorded():
    hand_on()
    drain_usage(now=timezone.now())


def signed_in(role=Role.MARKETER):
    user, http = make_staff(role), Client()
    http.post("/console/sign-in", {"email": user.email, "password": PASSWORD})
    return http


def page(http, query=""):
    return http.get(reverse("console:api-usage") + query)


def test_api_usage__after_calls__shows_figures_charts_clients_and_operations(caller):
    partner = caller("customers:read")
    partner.get("/api/v1/me")
    partner.get("/api/v1/customers?bogus=1")
    recorded()

    shown = page(signed_in()).content.decode()

    assert 'data-chart="api-calls"' in shown
    assert "/api/v1/customers" in shown
    assert "% of the" in shown  # the quota of the client
    assert reverse("console:api-client", args=[partner.client.public_id]) not in shown  # marketers may not open it


def test_api_usage__of_one_client__leaves_out_the_others(caller):
    one, other = caller("customers:read"), caller("customers:read")
    one.get("/api/v1/me")
    other.get("/api/v1/limits")
    recorded()

    shown = page(signed_in(Role.INTEGRATION), f"?days=7&client={one.client.public_id}").content.decode()

    assert "/api/v1/me" in shown
    assert "/api/v1/limits" not in shown


def test_api_usage__nothing_called__says_so():
    assert "No calls in range" in page(signed_in()).content.decode()


@pytest.mark.parametrize("query", ["?days=5", "?client=cli_nobody"])
def test_api_usage__unknown_span__is_refused(query):
    http = signed_in()

    assert page(http, query).status_code == 422
    assert http.get(reverse("console:api-usage-export") + query).status_code == 422


def test_api_usage__not_drained_for_minutes__says_until_when_it_is_known():
    shared_redis().set(usage_key(what="drained-at"), "2026-01-01T10:00:00+00:00")

    assert "Figures are delayed" in page(signed_in()).content.decode()


def test_export__of_usage__is_a_row_for_each_client_and_operation(caller):
    partner = caller("customers:read")
    partner.get("/api/v1/me")
    recorded()

    lines = signed_in().get(reverse("console:api-usage-export")).content.decode().splitlines()

    assert lines[0].startswith("client,method,address,calls")
    assert lines[1].startswith(f"{partner.client.public_id},GET,/api/v1/me,1,0,0,0,0,0,")


def test_request_log__searched_by_request_id__shows_that_request_alone(caller):
    partner = caller("customers:read")
    answer = partner.get("/api/v1/consent/12345")
    partner.get("/api/v1/me")
    recorded()
    http = signed_in()
    url = reverse("console:request-log")

    everything = http.get(url).content.decode()
    found = http.post(url, {"q": answer["X-Request-Id"]}, follow=True).content.decode()
    by_palette = http.get(f"{url}?request_id={answer['X-Request-Id']}").content.decode()

    assert "/api/v1/me" in everything
    for one in (found, by_palette):
        assert "insufficient_scope" in one
        assert "/api/v1/me" not in one


def test_request_log__by_class_of_answer__narrows(caller):
    partner = caller("customers:read")
    partner.get("/api/v1/me")
    partner.get("/api/v1/consent/12345")
    recorded()

    refused = signed_in().get(reverse("console:request-log") + "?answer=4").content.decode()

    assert "insufficient_scope" in refused
    assert "/api/v1/me" not in refused


def test_refused_requests__of_a_client__name_it_and_the_call_in_words(caller):
    partner = caller("customers:read")
    partner.get("/api/v1/users/12345/tags?bogus=1")
    recorded()

    shown = signed_in(Role.INTEGRATION).get(reverse("console:refused-requests")).content.decode()

    assert f'href="/console/api-clients/{partner.client.public_id}">Partner</a>' in shown
    assert "GET /api/v1/users/{user_id}/tags" in shown
