"""Recording and reading consent over HTTP."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from consent.models import ConsentEvent, ConsentToken
from consent.selectors.tokens import Claims, verify_tokens
from core.models import AuditEntry
from customers.models import Customer
from customers.selectors import direct
from tests.consent.conftest import notice_of
from tests.factories.consent import entry

pytestmark = pytest.mark.django_db


def test_record_consent__one_yes__answers_what_holds_and_a_token_that_verifies(api, jane):
    answer = api.post(
        "/api/v1/consent/12345",
        {"purposes": [entry(evidence={"formId": "banner", "ip": "203.0.113.9", "userAgent": "Mozilla/5.0"})]},
    )

    body = answer.json()
    assert answer.status_code == 201, body
    assert (body["userId"], body["customerId"]) == ("12345", jane.public_id)
    assert body["purposes"][0] | {"why": ""} == {
        "purpose": "analytics",
        "state": "granted",
        "allowed": True,
        "reason": "consent_valid",
        "why": "",
        "ledgerSeq": 1,
        "recorded": True,
    }
    claims = verify_tokens([body["consentToken"]["token"]], timezone.now())[body["consentToken"]["token"]]
    assert isinstance(claims, Claims)
    assert (claims.subject, claims.purposes, claims.seq) == (jane.public_id, ("analytics",), 1)
    stored = ConsentEvent.objects.get().evidence
    assert set(stored) == {"form_id", "ip_hash", "user_agent_hash"}
    assert "203.0.113.9" not in str(stored)
    assert ConsentEvent.objects.get().actor == f"client:{api.client.public_id}"


def test_record_consent__repeated__is_200_and_adds_no_entry(api, jane):
    api.post("/api/v1/consent/12345", {"purposes": [entry()]})

    answer = api.post("/api/v1/consent/12345", {"purposes": [entry()]})

    assert answer.status_code == 200
    assert not answer.json()["purposes"][0]["recorded"]
    assert ConsentEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({}, "purposes", "missing_field"),
        ({"purposes": []}, "purposes", "invalid_parameter"),
        ({"purposes": [{"event": "granted"}]}, "purposes[0].purpose", "missing_field"),
        ({"purposes": [entry(colour="red")]}, "purposes[0].colour", "unknown_parameter"),
        ({"purposes": [entry("unheard_of")]}, "purposes[0].purpose", "invalid_parameter"),
        ({"purposes": [entry(event="expired")]}, "purposes[0].event", None),
        ({"purposes": [entry(noticeVersion=99)]}, "purposes[0].notice", "unknown_notice"),
        ({"purposes": [entry(evidence={"mood": "good"})]}, "purposes[0].evidence.mood", None),
        ({"purposes": [entry(evidence={"reference": "jane@example.com"})]}, "purposes[0].evidence.reference", None),
        ({"purposes": [entry(occurredAt="2099-01-01T00:00:00Z")]}, "purposes[0].occurredAt", None),
        ({"purposes": [entry()] * 51}, "purposes", None),
    ],
)
def test_record_consent__wrong_body__is_400_with_the_member_and_nothing_is_stored(api, jane, body, param, code):
    answer = api.post("/api/v1/consent/12345", body)

    assert answer.status_code == 400, answer.json()
    assert answer.json()["param"] == param
    assert code is None or answer.json()["code"] == code
    assert not ConsentEvent.objects.exists()


def test_record_consent__event_that_cannot_follow__is_409(api, jane):
    api.post("/api/v1/consent/12345", {"purposes": [entry(event="refused")]})

    answer = api.post("/api/v1/consent/12345", {"purposes": [entry(event="imported")]})

    assert answer.status_code == 409
    assert answer.json()["code"] == "state_conflict"
    assert ConsentEvent.objects.count() == 1


def test_record_consent__without_the_scope__is_403(caller, jane):
    reader = caller("consent:read")

    answer = reader.post("/api/v1/consent/12345", {"purposes": [entry()]})

    assert answer.status_code == 403
    assert not ConsentEvent.objects.exists()


def test_record_consent__unknown_customer__is_404(api):
    answer = api.post("/api/v1/consent/nobody", {"purposes": [entry()]})

    assert (answer.status_code, answer.json()["param"]) == (404, "userId")


def test_record_consent__same_idempotency_key__has_one_effect(api, jane):
    first = api.post("/api/v1/consent/12345", {"purposes": [entry()]}, idempotency_key="k1")
    second = api.post("/api/v1/consent/12345", {"purposes": [entry()]}, idempotency_key="k1")

    assert second.status_code == first.status_code == 201
    assert second.json() == first.json()
    assert ConsentToken.objects.count() == 1


@pytest.mark.parametrize(
    ("header", "counts"), [("1", True), ("0", False), ("true", False), ("1;x", False), ("", False)]
)
def test_record_consent__sec_gpc__only_exactly_1_is_an_opt_out_of_sale(api, jane, header, counts):
    api.post("/api/v1/consent/12345", {"purposes": [entry()]}, sec_gpc=header)

    jane.refresh_from_db()
    opted_out = set(ConsentEvent.objects.filter(event="opted_out").values_list("purpose__key", flat=True))
    assert opted_out == ({"sale_share", "targeted_ads"} if counts else set())
    assert (jane.gpc_first_seen_at is not None) == counts
    assert AuditEntry.objects.filter(action="consent.gpc_received").exists() == counts


@pytest.mark.parametrize("key", ["", "k-1"])
def test_record_consent__signal_with_entries_that_are_refused__is_recorded_all_the_same(api, jane, key):
    answer = api.post("/api/v1/consent/12345", {"purposes": [entry("unheard_of")]}, sec_gpc="1", idempotency_key=key)

    jane.refresh_from_db()
    assert answer.status_code == 400
    assert jane.gpc_first_seen_at is not None


def test_visitor_consent__first_visit__creates_the_visitor_at_her_place(api):
    answer = api.post("/api/v1/consent/visitors/anon-1", {"purposes": [entry()], "region": "US-CA"})

    assert answer.status_code == 201, answer.json()
    visitor = Customer.objects.get()
    assert (visitor.is_known, visitor.country, visitor.region) == (False, "US", "US-CA")
    assert api.get("/api/v1/consent/visitors/anon-1").json()["region"] == "US-CA"


def test_record_consent__snake_case_and_one_source_for_all__is_understood(api, jane):
    answer = api.post(
        "/api/v1/consent/12345",
        {
            "purposes": [{"purpose": "analytics", "event": "granted", "notice_version": 1, "locale": "en"}],
            "source": "web_form",
            "region": "US",
        },
    )

    jane.refresh_from_db()
    assert answer.status_code == 201, answer.json()
    assert ConsentEvent.objects.get().source == "web_form"
    assert jane.country == "DE"


def test_record_consent__customer_without_a_place__is_where_the_caller_says(api, make_customer):
    customer = make_customer(external_id="77", country="", at=timezone.now())

    api.post("/api/v1/consent/77", {"purposes": [entry()], "region": "US-CA"})

    customer.refresh_from_db()
    assert (customer.country, customer.region) == ("US", "US-CA")


def test_visitor_consent__never_seen__is_404(api):
    assert api.get("/api/v1/consent/visitors/anon-404").status_code == 404


def test_get_consent__person_with_a_yes__shows_every_purpose_with_reason_and_proof(api, jane):
    api.post("/api/v1/consent/12345", {"purposes": [entry()]})

    body = api.get("/api/v1/consent/12345").json()

    assert [p["purpose"] for p in body["purposes"]][:2] == ["service", "analytics"]
    analytics = body["purposes"][1]
    assert (analytics["allowed"], analytics["reason"], analytics["ledgerSeq"]) == (True, "consent_valid", 1)
    assert analytics["notice"]["id"] == notice_of("analytics").public_id
    assert "GDPR Art. 7(1)" in analytics["why"]
    mail = body["purposes"][3]
    assert (mail["state"], mail["allowed"], mail["reason"]) == ("none", False, "consent_missing")


def test_get_consent__unchanged__is_304(api, jane):
    tag = api.get("/api/v1/consent/12345")["ETag"]

    assert api.get("/api/v1/consent/12345", if_none_match=tag).status_code == 304
    api.post("/api/v1/consent/12345", {"purposes": [entry()]})
    assert api.get("/api/v1/consent/12345", if_none_match=tag).status_code == 200


def test_get_consent__asked_for_another_place__answers_by_its_rule(api, jane):
    body = api.get("/api/v1/consent/12345?region=US-CA").json()

    mail = next(p for p in body["purposes"] if p["purpose"] == "marketing_email")
    assert (body["region"], mail["allowed"], mail["reason"]) == ("US-CA", True, "opt_out_regime")


def test_history__several_entries__come_newest_first_page_by_page(api, jane):
    for number in range(3):
        api.post("/api/v1/consent/12345", {"purposes": [entry(evidence={"formId": f"f{number}"})]})

    first = api.get("/api/v1/consent/history/12345?pagination=cursor&limit=2").json()
    rest = api.get(f"/api/v1/consent/history/12345?limit=2&cursor={first['pagination']['next_cursor']}").json()

    rows = first["data"] + rest["data"]
    assert [row["seq"] for row in rows] == [3, 2, 1]
    assert [row["previousHash"] for row in rows[:2]] == [row["hash"] for row in rows[1:]]
    assert rows[0]["evidence"] == {"formId": "f2"}


def batch(api, *items, **more):
    """Post a batch."""
    return api.post("/api/v1/consents", {"consents": list(items)} | more, idempotency_key=f"b{timezone.now()}")


def test_batch__good_and_bad_items__is_207_with_a_verdict_each(api, jane):
    answer = batch(
        api,
        {"userId": "12345", "purposes": [entry()]},
        {"userId": "nobody", "purposes": [entry()]},
        {"anonymousId": "anon-9", "purposes": [entry("marketing_email")], "region": "FR"},
        {"userId": "12345", "purposes": [entry("unheard_of")]},
        {"userId": "12345", "purposes": "all"},
        {"purposes": [entry()]},
        "nonsense",
        tokens=True,
    )

    results = answer.json()["results"]
    assert answer.status_code == 207
    assert [r["status"] for r in results] == ["recorded", "refused", "recorded", *["refused"] * 4]
    params = [r["error"].get("param") for r in results if "error" in r]
    assert params == ["userId", "purposes[0].purpose", "purposes", "userId", None]
    assert results[0]["consent"]["consentToken"]["purposes"]
    assert ConsentEvent.objects.count() == 2


def test_batch__all_good_is_200__all_bad_is_400__101_is_400(api, jane):
    good = {"userId": "12345", "purposes": [entry()]}
    bad = {"userId": "nobody", "purposes": [entry()]}

    assert batch(api, good).status_code == 200
    assert batch(api, bad, bad).status_code == 400
    assert batch(api, *[good] * 101).status_code == 400


def test_batch__without_idempotency_key__is_400(api, jane):
    answer = api.post("/api/v1/consents", {"consents": [{"userId": "12345", "purposes": [entry()]}]})

    assert answer.status_code == 400
    assert not ConsentEvent.objects.exists()


def test_batch__one_or_fifty_people__takes_the_same_number_of_statements(
    api, make_customer, django_assert_max_num_queries, django_assert_num_queries
):
    for number in range(51):
        make_customer(external_id=f"u{number}", at=timezone.now())
    items = [{"userId": f"u{number}", "purposes": [entry()]} for number in range(51)]
    batch(api, items[0])

    with django_assert_max_num_queries(60) as few:
        batch(api, items[1], tokens=True)
    with django_assert_num_queries(len(few)):
        batch(api, *items[2:], tokens=True)


def test_batch__one_or_fifty_new_visitors_with_a_place__takes_the_same_number_of_statements(
    api, django_assert_max_num_queries, django_assert_num_queries
):
    items = [
        {"anonymousId": f"v-{number}", "purposes": [entry()], "region": "US-CA" if number % 2 else "FR"}
        for number in range(52)
    ]
    batch(api, items[0])

    with django_assert_max_num_queries(60) as few:
        batch(api, items[1])
    with django_assert_num_queries(len(few)):
        answer = batch(api, *items[2:])

    assert answer.status_code == 200
    assert Customer.objects.filter(region="US-CA").count() == 26


def test_check__now__answers_with_reason_and_ledger_entry(api, jane):
    api.post("/api/v1/consent/12345", {"purposes": [entry()]})

    yes = api.get("/api/v1/consents/check?subject=12345&purpose=analytics").json()
    no = api.get(f"/api/v1/consents/check?subject={jane.public_id}&purpose=marketing_email").json()

    assert (yes["answer"], yes["reason"], yes["ledgerSeq"]) == ("allow", "consent_valid", 1)
    assert yes["ledgerId"] == ConsentEvent.objects.get().public_id
    assert (no["answer"], no["reason"], no["ledgerSeq"]) == ("deny", "consent_missing", None)


def test_check__past__answers_what_was_and_what_was_known_then(api, jane):
    at = timezone.now() - timedelta(days=30)
    late = (at - timedelta(days=1)).isoformat()
    api.post("/api/v1/consent/12345", {"purposes": [entry(occurredAt=late)]})

    asked = at.isoformat().replace("+", "%2B")
    body = api.get(f"/api/v1/consents/check?subject=12345&purpose=analytics&at={asked}").json()

    assert (body["answer"], body["ledgerSeq"]) == ("allow", 1)
    assert (body["knownThen"]["answer"], body["knownThen"]["reason"]) == ("deny", "consent_missing")


@pytest.mark.parametrize(
    ("query", "status", "param"),
    [
        ("purpose=analytics", 400, "subject"),
        ("subject=12345", 400, "purpose"),
        ("subject=12345&purpose=x", 400, "purpose"),
        ("subject=nobody&purpose=analytics", 404, None),
        ("subject=12345&purpose=analytics&at=yesterday", 400, "at"),
        ("subject=12345&purpose=analytics&at=2026-03-12T10:03:00", 400, "at"),
        ("subject=12345&purpose=analytics&colour=red", 400, "colour"),
    ],
)
def test_check__wrong_question__is_refused(api, jane, query, status, param):
    answer = api.get(f"/api/v1/consents/check?{query}")

    assert (answer.status_code, answer.json().get("param")) == (status, param)


@pytest.mark.django_db(transaction=True)
def test_check__now__asks_django_for_no_query_and_the_session_for_one_prepared(api, jane, django_assert_num_queries):
    api.get("/api/v1/consents/check?subject=12345&purpose=analytics")

    with django_assert_num_queries(0):
        api.get("/api/v1/consents/check?subject=12345&purpose=analytics")

    prepared = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s"
    assert direct.run(statement=prepared, parameters=["%consent_consentstate%"]) == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_check__connection_lost_in_between__is_answered_all_the_same(api, jane):
    api.get("/api/v1/consents/check?subject=12345&purpose=analytics")
    [(session,)] = direct.run(statement="SELECT pg_backend_pid()")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [session])

    answer = api.get("/api/v1/consents/check?subject=12345&purpose=analytics")

    assert (answer.status_code, answer.json()["reason"]) == (200, "consent_missing")


def test_record__gpp_string__is_kept_decoded_in_the_history_and_refused_as_proof_of_the_contrary(api, jane):
    entry = {"purpose": "sale_share", "noticeVersion": 1, "locale": "en", "evidence": {"gpp": "DBABTA~1YYN"}}

    good = api.post("/api/v1/consent/12345", {"purposes": [entry | {"event": "opted_out"}]})
    bad = api.post("/api/v1/consent/12345", {"purposes": [entry | {"event": "granted"}]})

    row = api.get("/api/v1/consent/history/12345").json()["data"][0]
    assert (good.status_code, bad.status_code, bad.json()["code"]) == (201, 400, "evidence_contradicts")
    assert row["evidence"]["gppSections"] == {
        "uspv1": {"Version": 1, "Notice": "Y", "OptOutSale": "Y", "LspaCovered": "N"}
    }


def test_consent__below_the_customer__is_the_same_as_by_itself(api, caller, jane):
    api.post("/api/v1/consent/12345", {"purposes": [entry()]})

    below, by_itself = api.get(f"/api/v1/customers/{jane.public_id}/consent"), api.get("/api/v1/consent/12345")
    stranger = caller("customers:read").get("/api/v1/customers/12345/consent")

    assert below.status_code == 200
    assert below.json()["purposes"] == by_itself.json()["purposes"]
    assert (stranger.status_code, stranger.json()["code"]) == (403, "insufficient_scope")
