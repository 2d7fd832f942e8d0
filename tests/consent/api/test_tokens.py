"""Consent tokens over HTTP."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consent.models import ConsentEvent, ConsentToken
from consent.selectors.tokens import Claims, verify_tokens
from customers.models import Customer
from tests.consent.conftest import notice_of

pytestmark = pytest.mark.django_db
PATH = "/api/v1/consent/tokens"
GRANTED = {"purposes": [{"purpose": "analytics", "event": "granted", "noticeVersion": 1, "locale": "en"}]}


def test_issue__with_consent__is_a_token_that_verifies_and_is_not_cached(api, jane):
    api.post("/api/v1/consent/12345", GRANTED | {"token": False})

    answer = api.post(PATH, {"userId": "12345", "purposes": ["analytics"], "region": "DE"})

    body = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    assert isinstance(verify_tokens([body["token"]], timezone.now())[body["token"]], Claims)
    assert (body["purposes"], body["basis"], body["region"]) == (["analytics"], "consent", "DE")


def test_issue__without_consent__is_403_with_each_purpose_and_why(api, jane):
    answer = api.post(PATH, {"userId": "12345", "purposes": ["analytics", "marketing_email"]})

    body = answer.json()
    assert (answer.status_code, body["error"], body["code"]) == (403, "Forbidden", "consent_required")
    assert {detail["code"] for detail in body["details"]} == {"consent_missing"}
    assert "ePrivacy" in body["details"][0]["message"]
    assert not ConsentToken.objects.exists()


def test_issue__visitor_in_an_opt_out_place_who_was_told__rests_on_notice(api):
    notice = notice_of("analytics").public_id
    ask = {"anonymousId": "a-1", "region": "US-CA", "purposes": ["analytics"]}

    refused = api.post(PATH, ask)
    issued = api.post(PATH, ask | {"notices": [notice]})

    assert (refused.status_code, issued.status_code) == (403, 201)
    assert issued.json()["basis"] == "notice_opt_out"
    state = api.get(f"{PATH}/{issued.json()['jti']}").json()
    assert (state["notices"], state["active"], state["region"]) == ([notice], True, "US-CA")


@pytest.mark.parametrize("key", ["", "k-1"])
def test_issue__with_the_signal__records_it_even_when_the_token_is_refused(api, key):
    notice = notice_of("sale_share").public_id

    answer = api.post(
        PATH,
        {"anonymousId": "a-1", "region": "US-CA", "purposes": ["sale_share"], "notices": [notice]},
        sec_gpc="1",
        idempotency_key=key,
    )

    assert answer.status_code == 403
    assert Customer.objects.get().gpc_first_seen_at is not None
    assert ConsentEvent.objects.filter(event="opted_out").count() == 2


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"purposes": ["analytics"]}, 400, "userId"),
        ({"userId": "nobody"}, 404, "userId"),
        ({"userId": "12345", "purposes": ["x"]}, 400, "purposes"),
        ({"userId": "12345", "notices": ["ntc_x"]}, 400, "notices"),
        ({"userId": "12345", "region": "Germany"}, 400, "region"),
        ({"userId": "12345", "colour": "red"}, 400, "colour"),
    ],
)
def test_issue__nonsense__is_refused_by_name(api, jane, body, status, param):
    answer = api.post(PATH, body)

    assert (answer.status_code, answer.json().get("param")) == (status, param)
    assert not ConsentToken.objects.exists()


def test_revoke__twice__is_204_and_the_state_says_so(api, jane):
    jti = api.post("/api/v1/consent/12345", GRANTED).json()["consentToken"]["jti"]

    first, second = api.delete(f"{PATH}/{jti}"), api.delete(f"{PATH}/{jti}")

    state = api.get(f"{PATH}/{jti}").json()
    assert (first.status_code, second.status_code) == (204, 204)
    assert (state["active"], state["revokedBecause"]) == (False, "revoked")


def test_state__unknown_token__is_404(api):
    assert api.get(f"{PATH}/tok_none").status_code == 404
    assert api.delete(f"{PATH}/tok_none").status_code == 404


def test_state__expired_token__is_not_active(api, jane):
    jti = api.post("/api/v1/consent/12345", GRANTED).json()["consentToken"]["jti"]
    ConsentToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert api.get(f"{PATH}/{jti}").json()["active"] is False


def test_tokens__with_the_scope_to_read_only__cannot_be_issued_or_revoked(caller, jane):
    reader = caller("consent:read")

    assert reader.post(PATH, {"userId": "12345"}).status_code == 403
    assert reader.delete(f"{PATH}/tok_x").status_code == 403
