"""TC strings as the proof of consent, over HTTP."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consent.models import ConsentEvent
from consent.rules.periods import add_months
from customers.models import Customer
from tests.consent.tc_strings import tc_string
from tests.factories.consent import entry

pytestmark = pytest.mark.django_db


def test_record__tc_string__is_kept_decoded_and_lets_the_yes_end_after_13_months(api, jane):
    now = timezone.now()
    text = tc_string(now - timedelta(days=30), consents=[1, 7, 8])

    answer = api.post("/api/v1/consent/12345", {"purposes": [entry(evidence={"tcString": text})]})

    row = api.get("/api/v1/consent/history/12345").json()["data"][0]
    state = next(item for item in answer.json()["purposes"] if item["purpose"] == "analytics")
    assert (answer.status_code, state["allowed"], row["evidence"]["tcString"]) == (201, True, text)
    assert row["evidence"]["tcSection"]["PurposesConsent"] == [1, 7, 8]
    assert row["validUntil"][:10] == add_months(now - timedelta(days=30), 13).date().isoformat()


def test_record__tc_string_without_the_vendors_disclosed__is_kept_and_is_no_consent(api, jane):
    text = tc_string(timezone.now(), consents=[1, 7, 8], disclosed=False)

    answer = api.post(
        "/api/v1/consent/12345", {"purposes": [entry(evidence={"gpp": f"DBABMA~{text}"})], "token": False}
    )

    row = api.get("/api/v1/consent/history/12345").json()["data"][0]
    said = api.get("/api/v1/consents/check?subject=12345&purpose=analytics").json()
    assert (answer.status_code, row["evidence"]["gpp"]) == (201, f"DBABMA~{text}")
    assert (said["answer"], said["reason"]) == ("deny", "consent_unproven")
    assert Customer.objects.get(pk=jane.pk).consent_mask & 2 == 0


@pytest.mark.parametrize(
    ("days_old", "granted", "code", "why"),
    [
        (0, {"consents": [7, 8]}, "evidence_contradicts", "does not grant purpose 1 of"),
        (0, {"interests": [1, 7, 8]}, "evidence_contradicts", "does not grant purpose 1, 7, 8 of"),
        (420, {"consents": [1, 7, 8]}, "evidence_too_old", "older than 13 months"),
    ],
)
def test_record__tc_string_that_proves_no_yes__is_refused_with_code_and_field(api, jane, days_old, granted, code, why):
    text = tc_string(timezone.now() - timedelta(days=days_old), **granted)

    answer = api.post("/api/v1/consent/12345", {"purposes": [entry(evidence={"tcString": text})]})

    body = answer.json()
    assert (answer.status_code, body["code"], body["param"]) == (400, code, "purposes[0].evidence.tcString")
    assert why in body["message"]
    assert not ConsentEvent.objects.exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("COtybn4PA_zT4KjACBENAPC", "ends too early"),
        ("BOEFEAyOEFEAyAHABDENAI4AAAB9vABAASA", "Version 1"),
        ("no base64!", "base64url"),
    ],
)
def test_record__no_tc_string__is_refused_even_beside_a_no(api, jane, text, why):
    refusal = entry(event="refused", evidence={"tcString": text})

    answer = api.post("/api/v1/consent/12345", {"purposes": [refusal]})

    body = answer.json()
    assert (answer.status_code, body["param"], why in body["message"]) == (400, "purposes[0].evidence.tcString", True)
    assert not ConsentEvent.objects.exists()


def test_record__no_with_a_tc_string_of_any_age__is_kept(api, jane):
    old = tc_string(timezone.now() - timedelta(days=420), disclosed=False)

    answer = api.post("/api/v1/consent/12345", {"purposes": [entry(event="refused", evidence={"tcString": old})]})

    assert answer.status_code == 201


def test_record__yes_by_legitimate_interest__counts_only_where_the_tcf_lets_it(api, jane):
    text = tc_string(timezone.now(), interests=range(1, 12))
    yes = entry("personalisation", basis="legitimate_interest", evidence={"tcString": text})

    answer = api.post("/api/v1/consent/12345", {"purposes": [yes]})

    assert (answer.status_code, answer.json()["code"]) == (400, "evidence_contradicts")
    assert "purpose 5, 6 of the TCF" in answer.json()["message"]


def test_record__tc_string_from_the_future__is_no_proof_of_a_yes_and_no_hindrance_to_a_no(api, jane):
    text = tc_string(timezone.now() + timedelta(hours=1), consents=[1, 7, 8])

    yes = api.post("/api/v1/consent/12345", {"purposes": [entry(evidence={"tcString": text})]})
    kept = ConsentEvent.objects.count()
    no = api.post("/api/v1/consent/12345", {"purposes": [entry(event="refused", evidence={"tcString": text})]})

    assert (yes.status_code, yes.json()["param"], kept) == (400, "purposes[0].evidence.tcString", 0)
    assert "in the future" in yes.json()["message"]
    assert no.status_code == 201


def test_record__clock_of_the_banner_a_little_ahead__counts(api, jane):
    text = tc_string(timezone.now() + timedelta(minutes=2), consents=[1, 7, 8])

    answer = api.post("/api/v1/consent/12345", {"purposes": [entry(evidence={"tcString": text})]})

    assert answer.status_code == 201


@pytest.mark.parametrize(("vendors", "status"), [([2], 201), ([3], 400), ([], 400)])
def test_record__with_a_vendor_of_ours__needs_its_consent_in_the_string(api, jane, settings, vendors, status):
    settings.TCF_VENDOR_ID = 2
    text = tc_string(timezone.now(), consents=[1, 7, 8], vendors=vendors)

    answer = api.post("/api/v1/consent/12345", {"purposes": [entry(evidence={"tcString": text})]})

    assert answer.status_code == status
    assert ConsentEvent.objects.exists() == (status == 201)
    if status == 400:
        assert (answer.json()["code"], answer.json()["param"]) == (
            "evidence_contradicts",
            "purposes[0].evidence.tcString",
        )
        assert "our vendor 2" in answer.json()["message"]
