"""The contract of addresses, over every route of the URL map."""

import pytest
from django.test import Client

from tests.contracts.endpoint import assert_carries_what_all_answers_carry, assert_is_refusal
from tests.support.routes import api_routes

pytestmark = pytest.mark.django_db

ROUTES = api_routes()
LISTS = [route for route in ROUTES if route.action == "list" and "<" not in route.path]
ONES = [route for route in ROUTES if route.method == "GET" and route.action == "retrieve"]
LIST_QUERIES = 8


@pytest.fixture
def everything(settings, caller):
    return caller(*settings.API_SCOPES, tier="unlimited")


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_any_address__without_credential__is_refused(route):
    answer = Client().generic(route.method, route.filled(), b"{}", content_type="application/json")

    body = assert_is_refusal(answer, 401, "missing_credentials")
    assert (body["error"], body["message"]) == ("Unauthorized", "Invalid API key")
    assert "resource_metadata=" in answer["WWW-Authenticate"]


@pytest.mark.parametrize("route", [route for route in ROUTES if route.scope], ids=str)
def test_any_address__without_its_scope__is_refused(caller, route):
    other = "introspection" if route.scope != "introspection" else "audit:read"

    answer = caller(other, tier="unlimited")(route.method, route.filled(), {})

    assert assert_is_refusal(answer, 403, "insufficient_scope")["required_scope"] == route.scope


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_any_address__slash_form__is_the_same_address(everything, route):
    plain = everything(route.method, route.filled(), {})
    slashed = everything(route.method, route.filled() + "/", {})

    assert slashed.status_code == plain.status_code


@pytest.mark.parametrize("route", LISTS, ids=str)
@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=abc", "limit=-1", "offset=-1", "offset=10001"])
def test_lists__out_of_bounds__are_refused_by_name(everything, route, query):
    answer = everything.get(f"{route.filled()}?{query}")

    body = assert_is_refusal(answer, 400, "invalid_parameter")
    assert body["param"] == query.partition("=")[0]
    assert body["message"].startswith(f"Invalid '{body['param']}'")


@pytest.mark.parametrize("route", LISTS, ids=str)
@pytest.mark.parametrize("query", ["cursor=x", "sort=nothing", "count=maybe", "pagination=pages"])
def test_lists__values_that_mean_nothing__are_refused_by_name(everything, route, query):
    answer = everything.get(f"{route.filled()}?{query}")

    assert assert_is_refusal(answer, 400, "invalid_parameter")["param"] == query.partition("=")[0]


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_lists__parameter_given_twice__is_refused_by_name(everything, route):
    answer = everything.get(f"{route.filled()}?limit=1&limit=2")

    assert assert_is_refusal(answer, 400, "invalid_parameter")["param"] == "limit"


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_lists__unknown_parameter__is_refused_by_name(everything, route):
    answer = everything.get(f"{route.filled()}?no_such_parameter=1")

    assert assert_is_refusal(answer, 400, "unknown_parameter")["message"] == "Unknown parameter 'no_such_parameter'"


@pytest.mark.parametrize("route", LISTS, ids=str)
def test_lists__nothing_there__answer_the_envelope_within_the_query_budget(
    everything, route, django_assert_max_num_queries
):
    with django_assert_max_num_queries(LIST_QUERIES):
        answer = everything.get(route.filled())

    assert answer.status_code == 200
    assert list(answer.json()) == ["data", "pagination"]
    assert answer.json()["pagination"]["limit"] == 50
    assert_carries_what_all_answers_carry(answer)


@pytest.mark.parametrize("route", ONES, ids=str)
def test_one__unknown_id__is_not_found(everything, route):
    assert_is_refusal(everything.get(route.filled()), 404, "resource_missing")
