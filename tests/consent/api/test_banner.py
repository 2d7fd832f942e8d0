"""The consent banner's address: content by law, recording by a publishable key, signal honoured."""

import pytest
from django.test import Client
from django.utils import timezone

from consent.models import ConsentEvent
from consent.rules.letters import LOCALES
from consent.rules.preferences import banner_words
from consent.selectors.tokens import Claims, verify_tokens
from core.actors import SYSTEM
from customers.models import Customer
from integrations.services.clients import issue_publishable_key, register_client

pytestmark = pytest.mark.django_db
SHOP = "https://shop.example.com"
PATH = "/api/v1/banner"


@pytest.fixture
def page():
    """Calls as a page of the shop does."""
    now = timezone.now()
    made = register_client(name="Shop", scopes=("engagement:write",), by=SYSTEM, now=now)
    key = issue_publishable_key(client=made.client, name="Pages", origins=[SHOP], by=SYSTEM, now=now)
    http = Client(raise_request_exception=False)

    def call(verb, path=PATH, body=None, **headers):
        said = {"X-API-Key": key.text, "Origin": SHOP} | {k.replace("_", "-"): v for k, v in headers.items()}
        return getattr(http, verb)(path, body, **({"content_type": "application/json"} if body else {}), headers=said)

    return call


@pytest.mark.parametrize(
    ("region", "mode", "rule"), [("DE", "opt_in", "DE"), ("US-CA", "opt_out", "US-CA"), ("", "opt_in", "*")]
)
def test_get_banner__place__sets_the_mode_and_records_nothing(page, region, mode, rule):
    answer = page("get", f"{PATH}?region={region}&lang=de" if region else PATH)

    body = answer.json()
    assert (answer.status_code, body["mode"], body["region"]) == (200, mode, rule)
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert {use["purpose"] for use in body["purposes"]} == {
        "analytics",
        "personalisation",
        "sale_share",
        "targeted_ads",
    }
    assert not Customer.objects.exists()


def test_get_banner__country_header_of_the_proxy__counts_without_a_region(page, settings):
    settings.COUNTRY_HEADER = "CF-IPCountry"

    answer = page("get", CF_IPCountry="US")

    assert (answer.json()["mode"], answer.json()["region"]) == ("opt_out", "US")


def test_post_banner__accepted_some__yes_and_no_stand_in_the_ledger_with_words_and_a_token_comes_back(page):
    answer = page("post", body={"anonymousId": "v-1", "region": "FR", "lang": "fr", "accepted": ["analytics"]})

    body = answer.json()
    assert answer.status_code == 201
    assert body["allowed"] == {"analytics": True, "personalisation": False, "sale_share": False, "targeted_ads": False}
    token = body["consentToken"]["token"]
    assert isinstance(verify_tokens([token], timezone.now())[token], Claims)
    entries = dict(ConsentEvent.objects.values_list("purpose__key", "event"))
    assert entries == {
        "analytics": "granted", "personalisation": "refused", "sale_share": "opted_out", "targeted_ads": "opted_out",
    }  # fmt: skip
    assert set(ConsentEvent.objects.values_list("notice__locale", flat=True)) == {"fr"}
    assert "127.0.0.1" not in str(list(ConsentEvent.objects.values()))


def test_post_banner__all_rejected_after_a_yes__withdraws(page):
    page("post", body={"anonymousId": "v-1", "region": "FR", "accepted": ["analytics"]})

    answer = page("post", body={"anonymousId": "v-1", "region": "FR", "accepted": []})

    assert answer.json()["consentToken"] is None
    assert ConsentEvent.objects.filter(event="withdrawn", purpose__key="analytics").exists()


def test_post_banner__signal__is_never_overruled_by_accept_all(page):
    body = {"anonymousId": "v-1", "region": "US-CA", "accepted": ["analytics", "sale_share", "targeted_ads"]}

    answer = page("post", body=body, Sec_GPC="1")

    assert answer.json()["allowed"]["analytics"] is True
    assert (answer.json()["allowed"]["sale_share"], answer.json()["allowed"]["targeted_ads"]) == (False, False)
    assert Customer.objects.get().gpc_first_seen_at is not None


@pytest.mark.parametrize(("region", "status"), [("US-CA", 201), ("FR", 403)])
def test_post_banner__only_shown__gives_a_token_where_notice_is_enough_and_records_nothing(page, region, status):
    answer = page("post", body={"anonymousId": "v-1", "region": region, "shownOnly": True})

    assert answer.status_code == status
    assert not ConsentEvent.objects.exists()
    if status == 201:
        assert answer.json()["consentToken"]["basis"] == "notice_opt_out"


@pytest.mark.parametrize("accepted", [["marketing_email"], ["service"], ["nonsense"]])
def test_post_banner__purpose_that_pages_may_not_ask_for__is_refused_and_nothing_is_stored(page, accepted):
    answer = page("post", body={"anonymousId": "v-1", "accepted": accepted})

    assert (answer.status_code, answer.json()["param"]) == (400, "accepted")
    assert not ConsentEvent.objects.exists()


def test_banner__page_of_another_origin__learns_nothing(page):
    answer = page("get", Origin="https://evil.example.com")

    assert (answer.status_code, answer.has_header("Access-Control-Allow-Origin")) == (403, False)


@pytest.mark.parametrize("locale", LOCALES)
def test_banner_words__each_language__are_complete(locale):
    assert set(banner_words(locale)) == set(banner_words("en"))


@pytest.mark.parametrize("field", ["userId", "email", "customerId"])
def test_post_banner__naming_somebody_else__is_refused_and_nothing_is_recorded(page, field):
    answer = page("post", body={"anonymousId": "v-1", "region": "DE", "accepted": ["analytics"], field: "12345"})

    assert (answer.status_code, answer.json()["param"]) == (400, field)
    assert not ConsentEvent.objects.exists()


@pytest.mark.parametrize("path", ["/api/v1/consent/12345", "/api/v1/consents", "/api/v1/consents/check?subject=1"])
def test_publishable_key__at_other_addresses_of_consent__is_told_what_it_may_do(page, path):
    answer = page("get" if "check" in path else "post", path)

    assert (answer.status_code, answer.json()["code"]) == (403, "publishable_key")
    assert "record banner choices" in answer.json()["message"]
