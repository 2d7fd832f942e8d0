"""Events over HTTP: the documented examples to the letter, every verdict, and what is left behind by each."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from core.models import IdempotencyKey
from engagement.models import ConsentKind, Event, EventKey, Label, Rejection
from tests.engagement.conftest import agree, token_of, withdraw

pytestmark = pytest.mark.django_db
CLICK = {
    "userId": "12345",
    "campaignId": "promo_2024_q2",
    "elementId": "signup-button",
    "timestamp": "2024-06-10T13:45:00Z",
    "deviceType": "mobile",
}


def click(**changes):
    return {key: value for key, value in (CLICK | changes).items() if value is not None}


def stored():
    return list(Event.objects.order_by("occurred_at", "event_id"))


@pytest.mark.parametrize("address", ["/api/engagement/click", "/api/v1/engagement/click", "/api/v1/engagement/click/"])
def test_click__literal_example_with_token__is_accepted(sender, person, address):
    jane = person()

    answer = sender.post(address, CLICK, x_consent_token=token_of(jane))

    assert answer.status_code == 202, answer.content
    assert answer.json()["status"] == "accepted"
    assert answer.json()["eventId"].startswith("evt_")
    [event] = stored()
    assert (event.customer_id, event.type_id, event.occurred_at) == (
        jane.pk,
        1,
        datetime(2024, 6, 10, 13, 45, tzinfo=UTC),
    )
    assert event.properties == {"elementId": "signup-button"}
    assert event.consent_kind == ConsentKind.TOKEN
    assert Label.objects.get(pk=event.campaign_id).value == "promo_2024_q2"


def test_click__recorded_consent_and_no_token__is_accepted(sender, person):
    jane = person()

    answer = sender.post("/api/v1/engagement/click", CLICK)

    assert answer.status_code == 202
    [event] = stored()
    assert (event.consent_kind, event.consent_ref) == (ConsentKind.STATE, jane.consent_ref)


def test_click__token_in_the_body__is_accepted(sender, person):
    answer = sender.post("/api/v1/engagement/click", click(consentToken=token_of(person())))

    assert answer.status_code == 202


def test_click__nobody_consented__is_403_and_nothing_is_stored(sender, person):
    person(consent=False)

    answer = sender.post("/api/v1/engagement/click", CLICK)

    assert (answer.status_code, answer.json()["code"]) == (403, "consent_required")
    assert answer.json()["param"] == "consentToken"
    assert stored() == []
    assert not EventKey.objects.exists()
    assert Rejection.objects.get().code == "consent_required"


def test_click__nobody_by_that_name__is_403_consent_required(sender):
    answer = sender.post("/api/v1/engagement/click", CLICK)

    assert (answer.status_code, answer.json()["code"], answer.json()["param"]) == (403, "consent_required", "userId")


def test_click__nobody_by_that_name_with_a_token__is_403_unknown_user(sender, person):
    token = token_of(person("other"))

    answer = sender.post("/api/v1/engagement/click", CLICK, x_consent_token=token)

    assert (answer.status_code, answer.json()["code"]) == (403, "unknown_user")


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "altered", "of another person", "revoked"])
def test_click__token_that_does_not_hold__is_403_even_with_recorded_consent(sender, person, token):
    jane, other = person(), person("other")
    genuine = token_of(jane)
    sent = {"altered": genuine[:-3] + "AAA", "of another person": token_of(other), "revoked": genuine}.get(token, token)
    if token == "revoked":
        withdraw(jane)
        agree(jane)

    answer = sender.post("/api/v1/engagement/click", CLICK, x_consent_token=sent)

    assert (answer.status_code, answer.json()["code"]) == (403, "consent_invalid")
    assert stored() == []


def test_click__consent_withdrawn__is_403(sender, person):
    withdraw(person())

    answer = sender.post("/api/v1/engagement/click", CLICK)

    assert (answer.status_code, answer.json()["code"]) == (403, "consent_required")


def test_click__missing_campaign__is_400_to_the_letter(sender, person):
    person()

    answer = sender.post("/api/v1/engagement/click", click(campaignId=None))

    body = answer.json()
    assert answer.status_code == 400
    assert list(body)[:2] == ["error", "message"]
    assert (body["error"], body["message"]) == ("BadRequest", "Missing required field 'campaignId'")
    assert (body["code"], body["param"]) == ("missing_field", "campaignId")
    assert stored() == []


@pytest.mark.parametrize("member", ["userId", "campaignId", "elementId", "timestamp", "deviceType"])
def test_click__any_required_member_missing__is_named(sender, member):
    answer = sender.post("/api/v1/engagement/click", click(**{member: None}))

    assert (answer.status_code, answer.json()["param"]) == (400, member)


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"deviceType": "fridge"}, "deviceType", "invalid_parameter"),
        ({"timestamp": "2024-06-10T13:45:00"}, "timestamp", "invalid_parameter"),
        ({"timestamp": "yesterday"}, "timestamp", "invalid_parameter"),
        ({"timestamp": "1970-06-10T13:45:00Z"}, "timestamp", "timestamp_too_old"),
        ({"timestamp": "2099-06-10T13:45:00Z"}, "timestamp", "timestamp_in_future"),
        ({"userId": 12345}, "userId", "invalid_parameter"),
        ({"userId": ""}, "userId", "invalid_parameter"),
        ({"colour": "blue"}, "colour", "unknown_parameter"),
        ({"type": "view"}, "type", "invalid_parameter"),
        ({"properties": []}, "properties", "invalid_parameter"),
        ({"currency": "usd"}, "currency", "invalid_parameter"),
        ({"properties": {"card": "4111 1111 1111 1111"}}, "properties.card", "sensitive_number"),
        ({"elementId": "078-05-1120 ssn"}, "elementId", "sensitive_number"),
        ({"elementId": "a\x00b"}, "elementId", "invalid_parameter"),
        ({"schemaVersion": 7}, "schemaVersion", "invalid_parameter"),
    ],
)
def test_click__wrong_member__is_400_with_pointer_reason_and_nothing_stored(sender, person, changes, param, code):
    person()

    answer = sender.post("/api/v1/engagement/click", click(**changes))

    assert answer.status_code == 400, answer.content
    assert (answer.json()["param"], answer.json()["code"]) == (param, code)
    assert answer.json()["details"][0]["message"]
    assert stored() == []
    assert Rejection.objects.get().param == param


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b'{"userId":"\xff"}', b'{"properties":' * 3_000])
def test_click__no_json__is_400(sender, body):
    answer = sender("post", "/api/v1/engagement/click", body)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


def test_unknown_type__single__is_404(sender):
    answer = sender.post("/api/v1/engagement/teleport", CLICK)

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_type")


def test_click__same_event_id_again_with_another_time__is_duplicate_and_stored_once(sender, person):
    person()
    first = sender.post("/api/v1/engagement/click", click(eventId="order 7 click"))

    again = sender.post("/api/v1/engagement/click", click(eventId="order 7 click", timestamp="2024-06-11T09:00:00Z"))

    assert (first.status_code, first.json()) == (202, {"eventId": "order 7 click", "status": "accepted"})
    assert (again.status_code, again.json()) == (200, {"eventId": "order 7 click", "status": "duplicate"})
    [event] = stored()
    assert event.occurred_at.day == 10
    assert event.properties["eventId"] == "order 7 click"


def test_click__own_id_sent_back__is_the_same_event(sender, person):
    person()
    given = sender.post("/api/v1/engagement/click", CLICK).json()["eventId"]

    again = sender.post("/api/v1/engagement/click", click(eventId=given))

    assert (again.status_code, again.json()["eventId"]) == (200, given)
    assert len(stored()) == 1


def test_click__duplicate_after_withdrawal__still_answers_the_first_result(sender, person):
    jane = person()
    sender.post("/api/v1/engagement/click", click(eventId="e1"))
    withdraw(jane)

    again = sender.post("/api/v1/engagement/click", click(eventId="e1"))

    assert (again.status_code, again.json()["status"]) == (200, "duplicate")


def test_click__same_id_from_another_client__is_another_event(sender, caller, person):
    person()
    other = caller("engagement:write")

    answers = [who.post("/api/v1/engagement/click", click(eventId="e1")).status_code for who in (sender, other)]

    assert answers == [202, 202]
    assert len(stored()) == 2


def test_click__idempotency_key_twice__is_one_event_and_one_answer(sender, person):
    person()

    answers = [sender.post("/api/v1/engagement/click", CLICK, idempotency_key='"k-1"') for _ in range(2)]

    assert [a.status_code for a in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert len(stored()) == 1


def test_click__refused_with_idempotency_key__is_counted_and_not_remembered(sender, person):
    jane = person(consent=False)

    refused = sender.post("/api/v1/engagement/click", CLICK, idempotency_key="k-1")
    agree(jane)
    accepted = sender.post("/api/v1/engagement/click", CLICK, idempotency_key="k-1")

    assert (refused.status_code, accepted.status_code) == (403, 202)
    assert Rejection.objects.get().count == 1
    assert IdempotencyKey.objects.count() == 1


def test_click__clock_an_hour_ahead__is_clamped_with_a_warning(sender, person):
    person()
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    answer = sender.post("/api/v1/engagement/click", click(timestamp=ahead))

    assert answer.status_code == 202
    assert answer.json()["warnings"][0]["code"] == "timestamp_clamped"
    assert stored()[0].occurred_at <= datetime.now(UTC)


def test_click__public_id_or_offset_time__is_understood(sender, person):
    jane = person()

    answer = sender.post(
        "/api/v1/engagement/click", click(userId=jane.public_id, timestamp="2024-06-30T23:30:00-05:00")
    )

    assert answer.status_code == 202
    assert stored()[0].occurred_at == datetime(2024, 7, 1, 4, 30, tzinfo=UTC)


def test_click__without_the_scope__is_403(caller):
    answer = caller("engagement:read").post("/api/v1/engagement/click", CLICK)

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_click__signal_of_gpc__is_recorded_once_and_the_event_stored(sender, person):
    jane = person(country="US", region="US-CA")

    answers = [sender.post("/api/v1/engagement/click", CLICK, sec_gpc="1").status_code for _ in range(2)]

    jane.refresh_from_db()
    assert answers == [202, 202]
    assert jane.gpc_first_seen_at is not None


def test_batch__all_good__is_202_with_a_verdict_each(sender, person):
    person()
    events = [click(type="click", eventId=f"e{n}") for n in range(100)]

    answer = sender.post("/api/engagement/events", {"events": events})

    body = answer.json()
    assert answer.status_code == 202
    assert (body["accepted"], body["duplicates"], body["rejected"]) == (100, 0, 0)
    assert body["results"][99] == {"index": 99, "eventId": "e99", "status": "accepted"}
    assert len(stored()) == 100


def test_batch__bare_array_with_repeats_and_bad_items__is_207_and_each_is_answered(sender, person):
    person()
    person("no-consent", consent=False)
    sender.post("/api/v1/engagement/click", click(eventId="before"))
    events = [
        click(type="click", eventId="a"),
        click(type="click", eventId="a", timestamp="2024-06-12T00:00:00Z"),
        click(type="click", eventId="before"),
        click(type="click", eventId="b", campaignId=None),
        click(type="click", eventId="c", userId="no-consent"),
        click(type="teleport", eventId="d"),
        click(eventId="e"),
        "not an object",
        click(type="click", eventId="f", colour="blue"),
        {
            "type": "view",
            "eventId": "g",
            "userId": "12345",
            "timestamp": "2024-06-10T13:45:00Z",
            "deviceType": "tv",
            "campaignId": "x",
        },
    ]

    answer = sender.post("/api/v1/engagement/events", events)

    results = answer.json()["results"]
    assert answer.status_code == 207
    assert [r["index"] for r in results] == list(range(10))
    assert [r["status"] for r in results] == ["accepted", "duplicate", "duplicate"] + ["rejected"] * 6 + ["accepted"]
    assert [r.get("code") for r in results[3:9]] == [
        "missing_field",
        "consent_required",
        "unknown_type",
        "missing_field",
        "invalid_parameter",
        "unknown_parameter",
    ]
    assert [r.get("param") for r in results[3:9]] == ["campaignId", "consentToken", "type", "type", None, "colour"]
    assert [r["eventId"] for r in results] == ["a", "a", "before", "b", "c", "d", "e", None, "f", "g"]
    assert len(stored()) == 3
    assert sum(Rejection.objects.values_list("count", flat=True)) == 6


def test_batch__nobody_gets_in__is_400_with_results(sender, person):
    person(consent=False)

    answer = sender.post("/api/v1/engagement/events", {"events": [click(type="click"), click(type="click")]})

    assert (answer.status_code, answer.json()["code"]) == (400, "consent_required")
    assert [r["code"] for r in answer.json()["results"]] == ["consent_required"] * 2


@pytest.mark.parametrize(("count", "code"), [(0, "missing_field"), (101, "batch_too_large")])
def test_batch__none_or_too_many__is_400_and_nothing_stored(sender, person, count, code):
    person()

    answer = sender.post("/api/v1/engagement/events", {"events": [click(type="click")] * count})

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert stored() == []


@pytest.mark.parametrize("flaw", [{"campaignId": None}, {"userId": "no-consent"}])
def test_batch__atomic_with_one_flaw__stores_nothing(sender, person, flaw):
    person()
    person("no-consent", consent=False)
    events = [click(type="click", eventId="good"), click(type="click", **flaw)]

    answer = sender.post("/api/v1/engagement/events?atomic=true", {"events": events})

    assert answer.status_code == 400
    assert answer.json()["results"][0]["code"] == "batch_rejected"
    assert stored() == []
    assert not EventKey.objects.exists()


def test_batch__atomic_with_a_duplicate__is_202(sender, person):
    person()
    sender.post("/api/v1/engagement/click", click(eventId="a"))

    answer = sender.post(
        "/api/v1/engagement/events?atomic=1", [click(type="click", eventId="a"), click(type="click", eventId="b")]
    )

    assert answer.status_code == 202
    assert [r["status"] for r in answer.json()["results"]] == ["duplicate", "accepted"]


def test_batch__gzip__is_read(sender, person):
    person()
    body = gzip.compress(json.dumps([click(type="click")]).encode())

    answer = sender("post", "/api/v1/engagement/events", body, content_encoding="gzip")

    assert answer.status_code == 202


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b" " * 1_048_577, {}, 413),
        (gzip.compress(b" " * 2_000_000, mtime=0), {"content_encoding": "gzip"}, 413),
        (b"not gzip", {"content_encoding": "gzip"}, 400),
        (gzip.compress(b"[]", mtime=0)[:-5], {"content_encoding": "gzip"}, 400),
        (b"[]", {"content_encoding": "br"}, 415),
    ],
)
def test_batch__body_that_cannot_be_read__says_so(sender, body, headers, status):
    assert sender("post", "/api/v1/engagement/events", body, **headers).status_code == status


def test_batch__unknown_or_invalid_parameter__is_400(sender):
    assert sender.post("/api/v1/engagement/events?atomic=maybe", []).json()["param"] == "atomic"
    assert sender.post("/api/v1/engagement/events?speed=1", []).json()["code"] == "unknown_parameter"


def test_batch__naughty_strings__break_nothing(sender, person, shared_data):
    person()
    strings = json.loads((shared_data / "vectors/blns.json").read_text())

    for start in range(0, len(strings), 100):
        events = [
            click(type="click", elementId=text[:255] or "x", properties={"note": text, text: 1})
            for text in strings[start : start + 100]
        ]
        answer = sender.post("/api/v1/engagement/events", events)
        assert answer.status_code in (202, 207), answer.content
        codes = {result.get("code") for result in answer.json()["results"]}
        assert codes <= {None, "sensitive_number"}

    notes = set(Event.objects.values_list("properties__properties__note", flat=True))
    assert len(notes) > 450
    assert notes <= set(strings)
