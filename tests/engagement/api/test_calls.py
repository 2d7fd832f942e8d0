"""The Segment HTTP tracking API: every call becomes an event through the same gate, and SDKs never repeat for ever."""

import base64
import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from consent.models import ConsentEvent, ConsentState
from core.actors import SYSTEM
from customers.models import Customer, Identity
from engagement.models import Event, Label, Rejection
from engagement.rules.catalogue import BY_NAME
from engagement.rules.forms import BY_ITSELF
from engagement.services.types import register_type
from integrations.services.clients import revoke_api_key
from integrations.services.write_keys import issue_write_key
from tests.engagement.conftest import agree, token_of, withdraw

pytestmark = pytest.mark.django_db
YES, NO = (
    {"consent": {"categoryPreferences": {"analytics": True}}},
    {"consent": {"categoryPreferences": {"analytics": False}}},
)
GZIPPED = {"Content_Encoding": "gzip"}
SHOP = "https://shop.example.com"


@pytest.fixture
def made(db):
    return issue_write_key(source="Shop backend", by=SYSTEM, now=timezone.now())


@pytest.fixture
def http():
    return Client(raise_request_exception=False)


@pytest.fixture
def sdk(http, made):
    """Send as an SDK does: the write key as user name of Basic authentication."""

    def send(path, body, key=made.secret, **headers):
        basic = base64.b64encode(f"{key}:".encode()).decode()
        said = {"Authorization": f"Basic {basic}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return http.post(path, data, content_type="application/json", headers=said)

    return send


def registered(name="signed-up", **more):
    register_type(name=name, title=name, required=(), properties={"type": "object"}, by=SYSTEM, now=timezone.now())


def track(**changes):
    return {"userId": "12345", "event": "Signed Up", "messageId": "m1", "properties": {"plan": "pro"}} | changes


def stored():
    return list(Event.objects.order_by("occurred_at", "event_id"))


def test_track__recorded_consent__is_an_event_of_the_type_of_its_name(sdk, person, made):
    jane = person()
    registered()

    answer = sdk("/v1/track", track())

    assert answer.status_code == 200
    assert answer.json() == {"success": True, "accepted": 1, "duplicates": 0, "rejected": [], "warnings": []}
    [event] = stored()
    assert (event.customer_id, event.type_id >= 100) == (jane.pk, True)
    assert event.properties["properties"] == {"plan": "pro"}
    assert Label.objects.get(pk=event.source_id).value == made.key.client.public_id


@pytest.mark.parametrize("where", ["basic", "basic without colon", "body", "bearer", "header", "text/plain"])
def test_write_key__wherever_an_sdk_puts_it__opens_the_door(http, made, person, where):
    person()
    registered()
    body, headers, kind = track(), {}, "application/json"
    if where.startswith("basic"):
        colon = "" if "without" in where else ":"
        headers["Authorization"] = "Basic " + base64.b64encode(f"{made.secret}{colon}".encode()).decode()
    elif where == "bearer":
        headers["Authorization"] = f"Bearer {made.secret}"
    elif where == "header":
        headers["X-API-Key"] = made.secret
    else:
        body, kind = body | {"writeKey": made.secret}, "text/plain" if where == "text/plain" else kind

    answer = http.post("/v1/track/", json.dumps(body), content_type=kind, headers=headers)

    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


@pytest.mark.parametrize("key", ["", "wrong", "mk_live_wrong"])
def test_write_key__unknown__is_401_and_nothing_is_stored(sdk, person, key):
    person()

    answer = sdk("/v1/track", track(), key=key)

    assert answer.status_code == 401
    assert (answer.json()["code"], answer.json()["message"]) == ("invalid_write_key", "Invalid write key")
    assert stored() == []


def test_write_key__revoked__is_401(sdk, made):
    revoke_api_key(key=made.key, by=SYSTEM, now=timezone.now())

    assert sdk("/v1/track", track()).status_code == 401


@pytest.mark.parametrize("path", ["/api/v1/engagement/click", "/api/v1/customers", "/api/v1/engagement/rejections"])
def test_write_key__at_any_other_address__opens_nothing(http, made, path):
    answer = http.post(path, {}, content_type="application/json", headers={"X-API-Key": made.secret})

    assert answer.status_code in (403, 405)
    assert http.get(path, headers={"X-API-Key": made.secret}).status_code in (403, 405)


def test_secret_write_key__from_a_web_page__is_refused(sdk):
    answer = sdk("/v1/track", track(), Origin=SHOP)

    assert (answer.status_code, answer.json()["code"]) == (403, "secret_in_browser")


@pytest.mark.parametrize("letter", "tpsiga")
def test_short_address__same_door(sdk, letter):
    assert sdk(f"/v1/{letter}", {}).json()["rejected"][0]["index"] == 0


def test_batch__mixed__is_200_and_says_what_was_refused_and_counts_it(sdk, person, made):
    person()
    person("silent", consent=False)
    registered()
    batch = [
        track(type="track", messageId="a"),
        track(type="track", messageId="a"),
        track(type="track", messageId="b", event="Never Registered"),
        track(type="track", messageId="c", userId="silent"),
        {"type": "dance", "userId": "12345", "messageId": "d"},
        "no call",
        track(type="track", messageId="e", properties=[1]),
    ]

    answer = sdk("/v1/batch", {"batch": batch})

    body = answer.json()
    assert (answer.status_code, body["success"], body["accepted"], body["duplicates"]) == (200, True, 1, 1)
    found = [(one["index"], one["messageId"], one["code"]) for one in body["rejected"]]
    assert found == [
        (2, "b", "unknown_type"),
        (3, "c", "consent_required"),
        (4, None, "unknown_call"),
        (5, None, "invalid_parameter"),
        (6, None, "invalid_parameter"),
    ]
    counted = Rejection.objects.filter(client_id=made.key.client.public_id)
    assert sum(counted.values_list("count", flat=True)) == 5
    assert counted.get(code="unknown_type").event_type == "never-registered"


def test_form_that_names_its_sender__is_refused_so_that_no_contact_gets_into_the_log(sdk, person):
    person()

    sent = {"contact": {"email": "jane@example.com"}, "campaignId": "spring", "elementId": "form"}

    answer = sdk("/v1/track", track(event="Form Submit", properties=sent))

    assert [(one["code"], one["message"]) for one in answer.json()["rejected"]] == [(BY_ITSELF.code, BY_ITSELF.message)]
    assert stored() == []


def test_message_id__sent_again__is_stored_once_whatever_the_request(sdk, person):
    person()
    registered()

    first, second = sdk("/v1/track", track()).json(), sdk("/v1/batch", {"batch": [track(type="track")]}).json()

    assert (first["accepted"], second["accepted"], second["duplicates"]) == (1, 0, 1)
    assert len(stored()) == 1


def test_message_id__absent__is_made_of_the_call_so_that_a_repeat_is_known(sdk, person):
    person()
    registered()
    now = timezone.now()
    call = track(type="track", timestamp=now.isoformat())
    del call["messageId"]

    sent = [(now + timedelta(seconds=n)).isoformat() for n in (1, 2)]
    answers = [sdk("/v1/batch", {"batch": [call], "sentAt": at}).json() for at in sent]

    assert [answer["accepted"] for answer in answers] == [1, 0]


def test_clock__sender_two_hours_behind__is_corrected_by_the_time_of_sending(sdk, person):
    person()
    registered()
    now = datetime.now(UTC)
    sent = now - timedelta(hours=2)
    happened = sent - timedelta(minutes=10)

    sdk("/v1/batch", {"batch": [track(type="track", timestamp=happened.isoformat())], "sentAt": sent.isoformat()})

    assert abs(stored()[0].occurred_at - (now - timedelta(minutes=10))) < timedelta(minutes=1)


@pytest.mark.parametrize("timestamp", ["2026-10-01T10:00:00.123Z", "2026-10-01T10:00:00.123456+00:00"])
def test_clock__without_time_of_sending__is_taken_as_it_is(sdk, person, timestamp):
    person()
    registered()

    sdk("/v1/track", track(timestamp=timestamp))

    assert stored()[0].occurred_at == datetime.fromisoformat(timestamp)


@pytest.mark.parametrize(
    ("timestamp", "code"),
    [
        ("1970-01-01T00:00:00Z", "timestamp_too_old"),
        ("yesterday", "invalid_parameter"),
        ("2026-10-01T10:00:00", "invalid_parameter"),
    ],
)
def test_clock__absurd__is_refused_item_by_item(sdk, person, timestamp, code):
    person()
    registered()

    assert sdk("/v1/track", track(timestamp=timestamp)).json()["rejected"][0]["code"] == code


def test_page_and_screen__are_page_views_with_what_the_context_says(sdk, person):
    person()
    context = {
        "page": {"url": "https://shop.example.com/a", "title": "", "referrer": None},
        "userAgent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)",
        "ip": "192.0.2.7",
        "traits": {"email": "jane@example.com"},
        "campaign": {"name": "spring"},
    }

    sdk("/v1/page", {"userId": "12345", "name": "Home", "context": context, "messageId": "p"})
    sdk("/v1/screen", {"userId": "12345", "name": "Start", "messageId": "s", "context": {"device": {"type": "ios"}}})

    page, screen = sorted(stored(), key=lambda event: event.received_at)
    assert {page.type_id, screen.type_id} == {BY_NAME["page-view"].id}
    assert page.properties["properties"] == {"url": "https://shop.example.com/a", "name": "Home"}
    assert page.device == screen.device == 1
    assert set(page.properties["context"]) == {"page", "campaign"}
    assert "192.0.2.7" not in json.dumps(page.properties) and "jane@" not in json.dumps(page.properties)
    assert Label.objects.get(pk=page.campaign_id).value == "spring"


def test_order_completed__is_a_purchase_with_value_and_currency(sdk, person):
    person()
    properties = {"order_id": "789", "total": 59.98, "revenue": 49.99, "currency": "usd", "products": []}

    answer = sdk("/v1/track", track(event="Order Completed", properties=properties)).json()

    assert answer["accepted"] == 1, answer
    [event] = stored()
    assert event.type_id == BY_NAME["purchase"].id
    assert (event.properties["value"], event.properties["currency"]) == (49.99, "USD")
    assert event.properties["properties"]["orderId"] == "789"


def test_property_named_like_a_member__of_another_kind__stays_a_property(sdk, person):
    person()
    registered()

    sdk("/v1/track", track(properties={"value": "red", "currency": "none of these", "variant": True}))

    assert stored()[0].properties == {
        "properties": {"value": "red", "currency": "none of these", "variant": True},
        "eventId": "m1",
    }


def test_consent__yes_for_somebody_unknown__makes_her_known_and_stores_the_event(sdk):
    registered()

    answer = sdk("/v1/track", track(userId=4711, context=YES)).json()

    assert answer["accepted"] == 1, answer
    customer = Customer.objects.get(external_id="4711")
    entry = ConsentEvent.objects.get(customer=customer)
    assert (entry.purpose.key, entry.event, entry.source) == ("analytics", "granted", "sdk")
    assert entry.notice is not None
    assert entry.evidence == {"reference": "context.consent"}
    assert stored()[0].customer_id == customer.pk


def test_consent__yes_of_a_visitor__makes_a_visitor_and_stores_the_event(sdk):
    answer = sdk("/v1/page", {"anonymousId": "anon-77", "context": YES}).json()

    assert answer["accepted"] == 1, answer
    assert Identity.objects.get(kind="anonymous_id", value="anon-77").customer.is_known is False


def test_consent__nothing_said_and_nothing_on_record__is_refused_and_nobody_becomes_known(sdk):
    registered()

    answer = sdk("/v1/track", track()).json()

    assert answer["rejected"][0]["code"] == "consent_required"
    assert not Customer.objects.exists()
    assert stored() == []


@pytest.mark.parametrize("category", ["analytics", "Analytics", "performance", "C0002"])
def test_consent__no_against_a_yes_on_record__is_refused_and_the_yes_is_withdrawn(sdk, person, category):
    jane = person()
    registered()
    context = {"consent": {"categoryPreferences": {category: False}}}

    answer = sdk("/v1/track", track(context=context)).json()

    assert (answer["accepted"], answer["rejected"][0]["code"]) == (0, "consent_required")
    assert answer["rejected"][0]["param"] == "context.consent"
    assert ConsentState.objects.get(customer=jane).state == "withdrawn"
    assert stored() == []


def test_consent__yes_against_a_no_from_elsewhere__changes_nothing(sdk, person):
    jane = person()
    registered()
    withdraw(jane)

    answer = sdk("/v1/track", track(context=YES)).json()

    assert answer["rejected"][0]["code"] == "consent_required"
    assert ConsentState.objects.get(customer=jane).state == "withdrawn"


def test_consent__yes_after_a_no_that_came_the_same_way__counts_again(sdk, person):
    jane = person()
    registered()
    earlier = (timezone.now() - timedelta(hours=1)).isoformat()
    sdk("/v1/track", track(context=NO, timestamp=earlier))

    answer = sdk("/v1/track", track(context=YES)).json()

    assert answer["accepted"] == 1, answer
    assert ConsentState.objects.get(customer=jane).state == "granted"


@pytest.mark.parametrize(("first", "second", "state"), [(YES, NO, "withdrawn"), (NO, YES, "granted")])
def test_consent__yes_and_no_in_one_request__the_later_one_stands(sdk, first, second, state):
    now = timezone.now()
    said = [(first, now - timedelta(minutes=2)), (second, now - timedelta(minutes=1))]
    batch = [
        {"type": "page", "userId": "new", "messageId": f"m{n}", "context": context, "timestamp": at.isoformat()}
        for n, (context, at) in enumerate(said)
    ]

    assert sdk("/v1/batch", {"batch": batch}).json()["accepted"] == 1

    assert ConsentState.objects.get(customer__external_id="new").state == state


def test_consent__no_in_a_call_that_cannot_be_stored__is_recorded_all_the_same(sdk, person):
    jane = person()

    assert sdk("/v1/track", track(event="Never Registered", context=NO)).json()["accepted"] == 0

    assert ConsentState.objects.get(customer=jane).state == "withdrawn"


def test_consent__rudderstack_lists__are_read_as_well(sdk, person):
    person()
    registered()
    context = {"consentManagement": {"deniedConsentIds": ["analytics"]}}

    assert sdk("/v1/track", track(context=context)).json()["rejected"][0]["code"] == "consent_required"


def test_consent__category_that_names_no_purpose__is_answered_and_counted_and_the_event_stands(sdk, person):
    person()
    registered()
    context = {"consent": {"categoryPreferences": {"Statistik": False, "necessary": True}}}

    answer = sdk("/v1/track", track(context=context)).json()

    assert answer["accepted"] == 1
    assert [(one["code"], one["param"]) for one in answer["warnings"]] == [
        ("unknown_purpose", "context.consent.Statistik")
    ]
    assert Rejection.objects.get().code == "unknown_purpose"


def test_consent_token__in_the_context__counts(sdk, person):
    jane = person()
    registered()
    token = token_of(jane)

    good = sdk("/v1/track", track(context={"consentToken": token})).json()
    bad = sdk("/v1/track", track(messageId="m2", context={"consentToken": "forged"})).json()

    assert (good["accepted"], bad["rejected"][0]["code"]) == (1, "consent_invalid")


def test_identify__traits__stand_on_the_profile_and_unknown_ones_are_answered(sdk):
    traits = {
        "email": "jane@example.com",
        "firstName": "Jane",
        "phone": "not a number",
        "shoeSize": 41,
        "address": {"country": "DE"},
        "createdAt": "2026-01-01",
    }

    answer = sdk("/v1/identify", {"userId": "12345", "traits": traits, "context": YES, "messageId": "i1"}).json()

    assert answer["accepted"] == 1, answer
    jane = Customer.objects.get(external_id="12345")
    assert (jane.email, jane.first_name, jane.country, jane.phone) == ("jane@example.com", "Jane", "DE", None)
    assert [(one["param"], one["code"]) for one in answer["warnings"]] == [
        ("traits.phone", "invalid_phone"),
        ("traits.shoeSize", "unknown_attribute"),
    ]
    [event] = stored()
    assert event.type_id == BY_NAME["profile"].id
    assert "jane@" not in json.dumps(event.properties)


def test_identify__rudderstack_traits_in_the_context__stand_on_the_profile(sdk, person):
    person()

    sdk("/v1/identify", {"userId": "12345", "context": {"traits": {"name": "Jane van Doe"}}})

    jane = Customer.objects.get(external_id="12345")
    assert (jane.first_name, jane.last_name) == ("Jane van", "Doe")


def test_identify__without_consent__stores_no_trait(sdk, person):
    person(consent=False)

    answer = sdk("/v1/identify", {"userId": "12345", "traits": {"firstName": "Jane"}}).json()

    assert answer["rejected"][0]["code"] == "consent_required"
    assert Customer.objects.get(external_id="12345").first_name == ""


def test_identify__email_of_another__is_answered_and_the_event_stands(sdk, person):
    person()
    agree(person("other", consent=False))
    sdk("/v1/identify", {"userId": "other", "traits": {"email": "jane@example.com"}})

    answer = sdk("/v1/identify", {"userId": "12345", "traits": {"email": "jane@example.com"}}).json()

    assert (answer["accepted"], answer["warnings"][0]["code"]) == (1, "duplicate_email")


@pytest.mark.parametrize("path", ["/v1/identify", "/v1/alias"])
def test_identify_and_alias__both_ids__are_the_event_that_links_them(sdk, person, path):
    person()
    ids = {"userId": "12345", "anonymousId": "anon-1"} if path.endswith("identify") else {}
    ids = ids or {"userId": "12345", "previousId": "anon-1"}

    assert sdk(path, ids).json()["accepted"] == 1

    [event] = stored()
    assert (event.type_id, event.properties["anonymousId"]) == (BY_NAME["identify"].id, "anon-1")


def test_group__is_an_event_that_names_the_group(sdk, person):
    person()

    assert sdk("/v1/group", {"userId": "12345", "groupId": "acme", "traits": {"plan": "pro"}}).json()["accepted"] == 1

    [event] = stored()
    assert event.type_id == BY_NAME["group"].id
    assert event.properties["properties"] == {"groupId": "acme", "traits": {"plan": "pro"}}


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        ("/v1/track", {"userId": "12345"}, "event"),
        ("/v1/alias", {"userId": "12345"}, "previousId"),
        ("/v1/group", {"userId": "12345"}, "groupId"),
        ("/v1/identify", {"anonymousId": "anon-1"}, "userId"),
        ("/v1/page", {"name": "Home"}, "userId"),
    ],
)
def test_call__lacking_what_it_needs__says_which(sdk, path, body, param):
    [refused] = sdk(path, body).json()["rejected"]

    assert (refused["code"], refused["param"]) == ("missing_field", param)


def test_payment_card_number__is_refused(sdk, person):
    person()
    registered()

    answer = sdk("/v1/track", track(properties={"card": "4111 1111 1111 1111"})).json()

    assert answer["rejected"][0]["code"] == "sensitive_number"
    assert stored() == []


def test_gzip__is_read(sdk, person):
    person()
    registered()
    body = gzip.compress(json.dumps({"batch": [track(type="track")]}).encode())

    assert sdk("/v1/batch", body, Content_Encoding="gzip").json()["accepted"] == 1


@pytest.mark.parametrize(
    ("body", "code", "headers"),
    [
        (b"{", "malformed_json", {}),
        (b"[" * 5_000, "invalid_parameter", {}),
        (b'{"batch": 1}', "invalid_parameter", {}),
        (b'{"batch": []}', "missing_field", {}),
        (json.dumps({"batch": [{}] * 2_501}).encode(), "batch_too_large", {}),
        (b'{"batch": [{"x": "' + b"a" * 520_000 + b'"}]}', "batch_too_large", {}),
        (
            gzip.compress(b'{"batch": [{"x": "' + b"a" * 520_000 + b'"}]}'),
            "batch_too_large",
            {"Content_Encoding": "gzip"},
        ),
        (b"no gzip", "malformed_json", GZIPPED),
        (b"{}", "malformed_json", {"Content_Encoding": "br"}),
    ],
)
def test_body__that_cannot_be_read__is_400_which_sdks_do_not_repeat_and_is_counted(sdk, body, code, headers):
    answer = sdk("/v1/batch", body, **headers)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert Rejection.objects.get().code == code


def test_call__over_32_kilobytes__is_refused_alone(sdk, person):
    person()
    registered()
    batch = [track(type="track"), track(type="track", messageId="big", properties={"x": "a" * 33_000})]

    answer = sdk("/v1/batch", {"batch": batch}).json()

    assert (answer["accepted"], answer["rejected"][0]["code"]) == (1, "event_too_large")


def test_signal__of_a_refused_call__is_on_record(sdk, person):
    jane = person(consent=False)

    sdk("/v1/track", track(), Sec_GPC="1")

    jane.refresh_from_db()
    assert jane.gpc_first_seen_at is not None


def test_signal__in_the_context_of_one_call__is_that_persons_alone(sdk, person):
    jane, joan = person(), person("other")
    registered()
    batch = [track(type="track", context={"globalPrivacyControl": True}), track(type="track", userId="other")]

    sdk("/v1/batch", {"batch": batch})

    jane.refresh_from_db(), joan.refresh_from_db()
    assert (jane.gpc_first_seen_at is not None, joan.gpc_first_seen_at) == (True, None)


@pytest.fixture
def page_key(db):
    return issue_write_key(source="Shop pages", origins=[SHOP], by=SYSTEM, now=timezone.now())


def from_page(http, key, call, path="/v1/track", origin=SHOP):
    body = json.dumps(call | {"writeKey": key.secret})
    return http.post(path, body, content_type="text/plain", headers={"Origin": origin} if origin else {})


def test_page__without_consent_token__is_refused_although_the_state_allows_it(http, page_key, person):
    person()
    registered()

    answer = from_page(http, page_key, track(context=YES))

    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == SHOP
    [refused] = answer.json()["rejected"]
    assert (refused["code"], refused["param"]) == ("consent_required", "context.consentToken")
    assert stored() == []


def test_page__with_consent_token__sends_events_but_no_traits(http, page_key, person):
    jane = person()
    context = {"consentToken": token_of(jane)}

    answer = from_page(
        http, page_key, {"userId": "12345", "traits": {"firstName": "Eve"}, "context": context}, "/v1/identify"
    ).json()

    assert (answer["accepted"], answer["warnings"][0]["code"]) == (1, "traits_from_page")
    jane.refresh_from_db()
    assert jane.first_name == ""


@pytest.mark.parametrize("origin", ["https://evil.example.com", ""])
def test_page__of_another_origin__is_refused(http, page_key, origin):
    answer = from_page(http, page_key, track(), origin=origin)

    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")


def test_preflight__for_a_known_origin__is_answered(http, page_key):
    said = {"Origin": SHOP, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}

    assert http.options("/v1/batch", headers=said).status_code == 204
    assert http.options("/v1/batch", headers=said | {"Origin": "https://evil.example.com"}).status_code == 403
