"""The main job as a partner does it: over HTTP only, against the running product."""

import json
from uuid import uuid4

import httpx
import pytest

from tests.support.partner import connect, register
from tests.support.stack import Stack
from tests.support.waiting import eventually

SCOPES = (
    "customers:read customers:write customers:delete customers.pii:read tags:write engagement:write engagement:read "
    "consent:read consent:write jobs:write"
)
CLICK = {
    "userId": "12345",
    "campaignId": "promo_2024_q2",
    "elementId": "signup-button",
    "timestamp": "2024-06-10T13:45:00Z",
    "deviceType": "mobile",
}
YES = {"purpose": "analytics", "event": "granted", "noticeVersion": 1, "locale": "en"}
NO = {"purpose": "analytics", "event": "withdrawn"}


@pytest.fixture(scope="module")
def stack():
    """The whole product in processes of its own: web, worker, timetable."""
    with Stack() as running:
        yield running


@pytest.fixture(scope="module")
def api(stack):
    """A partner that registered and got a token by client credentials."""
    token = register(stack, scopes=SCOPES.split())
    with connect(stack, token) as http:
        yield http


@pytest.fixture(scope="module")
def jane(api):
    """Jane Doe, 12345, with an order, as the documented example has her."""
    body = {
        "id_property": "external_id",
        "inputs": [
            {
                "id": "12345",
                "properties": {
                    "email": "jane.doe@example.com",
                    "first_name": "Jane",
                    "last_name": "Doe",
                    "country": "DE",
                },
            }
        ],
    }
    answer = api.post("/api/v1/customers/batch/upsert", json=body, headers={"Idempotency-Key": "jane-1"})
    assert answer.status_code == 200, answer.text
    order = {"order_id": "ord_789", "amount": 49.99, "currency": "USD", "date": "2024-04-10T11:12:00Z"}
    assert api.post("/api/v1/customers/12345/purchases", json=order).status_code == 201
    return api.get("/api/v1/customers/12345").json()


@pytest.fixture(scope="module")
def agreed(api, jane):
    """Jane agreed to analytics; what the ledger answered."""
    consent = {"purposes": [YES], "source": "web_form", "region": "DE"}
    answer = api.post("/api/v1/consent/12345", json=consent)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture
def john(api):
    """Another customer, as yet without any consent; his external id."""
    name = f"john-{uuid4().hex}"
    body = {"external_id": name, "email": f"{name}@example.com", "country": "DE"}
    assert api.post("/api/v1/customers", json=body).status_code == 201
    return name


def timeline(api, reference):
    """The elements that the customer clicked, newest first."""
    answer = api.get(f"/api/v1/customers/{reference}/timeline", params={"source": "events"})
    assert answer.status_code == 200, answer.text
    return [row["details"].get("elementId") for row in answer.json()["data"] if row["kind"] == "click"]


def test_click__without_consent__is_refused_and_nothing_is_stored(api, john):
    answer = api.post("/api/engagement/click", json=CLICK | {"userId": john})

    assert answer.status_code == 403
    assert answer.json()["error"] == "Forbidden"
    assert answer.json()["code"] == "consent_required"
    assert timeline(api, john) == []


def test_main_job__from_consent_to_timeline__works_over_http(api, agreed):
    token = api.post("/api/v1/consent/tokens", json={"userId": "12345", "purposes": ["analytics"], "region": "DE"})
    assert token.status_code == 201, token.text
    headers = {"X-Consent-Token": token.json()["token"]}

    first = api.post("/api/engagement/click", json=CLICK | {"eventId": "click-1"}, headers=headers)
    again = api.post("/api/v1/engagement/click", json=CLICK | {"eventId": "click-1"}, headers=headers)

    assert (first.status_code, first.json()) == (202, {"eventId": "click-1", "status": "accepted"})
    assert (again.status_code, again.json()["status"]) == (200, "duplicate")
    assert first.headers["Link"].startswith("</api/v1/engagement/click>")
    assert "signup-button" in timeline(api, "12345")


def test_click__literal_example_with_a_recorded_consent__is_accepted_verbatim(api, agreed):
    answer = api.post("/api/engagement/click", json=CLICK)

    assert answer.status_code == 202, answer.text
    assert answer.json()["status"] == "accepted"


def test_batch__with_duplicates_and_bad_items__answers_for_each(api, agreed):
    good = CLICK | {"type": "click", "eventId": "batch-1"}
    without_campaign = {k: v for k, v in good.items() if k != "campaignId"} | {"eventId": "batch-2"}
    stranger = good | {"userId": "nobody-knows", "eventId": "batch-3"}

    answer = api.post("/api/engagement/events", json={"events": [good, good, without_campaign, stranger]})

    assert answer.status_code == 207, answer.text
    results = answer.json()["results"]
    assert [r["status"] for r in results] == ["accepted", "duplicate", "rejected", "rejected"]
    assert results[2]["code"] == "missing_field"
    assert results[2]["message"] == "Missing required field 'campaignId'"


def test_batch__of_101__is_refused_whole(api, agreed):
    events = [CLICK | {"type": "click", "elementId": f"many-{n}"} for n in range(101)]

    answer = api.post("/api/engagement/events", json={"events": events})

    assert answer.status_code == 400
    assert answer.json()["code"] == "batch_too_large"
    assert not any(element.startswith("many-") for element in timeline(api, "12345"))


def test_customers__literal_list__has_the_documented_shape(api, jane):
    answer = api.get(
        "/api/v1/customers", params={"created_after": "2024-01-01T00:00:00Z", "status": "active", "limit": 100}
    )

    assert answer.status_code == 200
    row = next(r for r in answer.json()["data"] if r["email"] == "jane.doe@example.com")
    assert row["id"].startswith("cus_")
    assert (row["first_name"], row["last_name"], row["status"]) == ("Jane", "Doe", "active")
    assert row["created_at"].endswith("Z")
    order = row["last_purchase"]
    assert (order["order_id"], order["amount"], order["currency"]) == ("ord_789", 49.99, "USD")
    assert order["date"] == "2024-04-10T11:12:00Z"
    assert isinstance(row["segments"], list)
    pagination = answer.json()["pagination"]
    assert pagination == {"limit": 100, "offset": 0, "total": len(answer.json()["data"])}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"created_after": "yesterday"}, "Invalid 'created_after'"),
        ({"limit": "0"}, "Invalid 'limit'"),
        ({"limit": "201"}, "Invalid 'limit'"),
        ({"limit": "abc"}, "Invalid 'limit'"),
        ({"status": "asleep"}, "Invalid 'status'"),
        ({"colour": "red"}, "Unknown parameter 'colour'"),
    ],
)
def test_customers__bad_query__is_refused_by_name(api, query, message):
    answer = api.get("/api/v1/customers", params=query)

    assert answer.status_code == 400
    assert list(answer.json())[:2] == ["error", "message"]
    assert (answer.json()["error"], answer.json()["message"]) == ("BadRequest", message)


def test_customers__without_a_valid_credential__is_unauthorized(stack):
    answer = httpx.get(f"{stack.base_url}/api/v1/customers", headers={"Authorization": "Bearer nonsense"})

    assert answer.status_code == 401
    assert (answer.json()["error"], answer.json()["message"]) == ("Unauthorized", "Invalid API key")
    assert "resource_metadata=" in answer.headers["WWW-Authenticate"]


def test_tags__literal_put__replaces_the_set(api, jane):
    answer = api.put("/api/users/12345/tags", json={"tags": ["frequent_viewer", "email_subscriber"]})

    assert answer.status_code == 200, answer.text
    assert answer.json()["userId"] == "12345"
    assert sorted(answer.json()["tags"]) == ["email_subscriber", "frequent_viewer"]


def test_consent__withdrawn__stops_events_and_tokens_at_once(api, john):
    granted = api.post(f"/api/v1/consent/{john}", json={"purposes": [YES]})
    token = granted.json()["consentToken"]["token"]

    withdrawn = api.post(f"/api/v1/consent/{john}", json={"purposes": [NO], "source": "preference_centre"})
    answers = [
        api.post("/api/engagement/click", json=CLICK | {"userId": john}, headers=headers)
        for headers in ({"X-Consent-Token": token}, {})
    ]

    assert withdrawn.status_code == 201, withdrawn.text
    assert [answer.status_code for answer in answers] == [403, 403]
    assert [answer.json()["code"] for answer in answers] == ["consent_invalid", "consent_required"]
    assert timeline(api, john) == []


def test_visitor__who_agreed_and_is_then_recognised__has_one_timeline(api, john):
    visitor = f"visitor-{uuid4().hex}"
    recorded = api.post(f"/api/v1/consent/visitors/{visitor}", json={"purposes": [YES], "region": "DE"})
    assert recorded.status_code == 201, recorded.text
    headers = {"X-Consent-Token": recorded.json()["consentToken"]["token"]}
    before = {name: value for name, value in CLICK.items() if name != "userId"}
    click = before | {"anonymousId": visitor, "elementId": "before"}
    sent = api.post("/api/v1/engagement/click", json=click, headers=headers)
    assert sent.status_code == 202, sent.text

    linked = api.post(f"/api/v1/customers/{john}/identities", json={"kind": "anonymous_id", "value": visitor})
    old_token = api.post("/api/v1/engagement/click", json=click | {"elementId": "old-token"}, headers=headers)
    api.post(f"/api/v1/consent/{john}", json={"purposes": [YES]})
    after = api.post("/api/v1/engagement/click", json=click | {"elementId": "after"})

    assert linked.status_code == 200, linked.text
    assert (old_token.status_code, old_token.json()["code"]) == (403, "consent_invalid")
    assert after.status_code == 202, after.text
    assert sorted(timeline(api, john)) == ["after", "before"]


def test_events__read_back__come_as_a_stream_and_as_a_time_series(api, john):
    api.post(f"/api/v1/consent/{john}", json={"purposes": [YES]})
    times = ["2024-06-10T11:15:00Z", "2024-06-10T11:45:00Z", "2024-06-10T12:05:00Z"]
    events = [CLICK | {"type": "click", "userId": john, "timestamp": at} for at in times]
    sent = api.post("/api/v1/engagement/events", json={"events": events})
    assert sent.status_code == 202, sent.text
    window = {"from": "2024-06-10T11:00:00Z", "to": "2024-06-10T13:00:00Z"}

    series = api.get("/api/v1/events", params=window | {"customer": john, "bucket": "hour"}).json()["data"]

    assert series == [
        {"start": "2024-06-10T11:00:00Z", "type": "click", "events": 2},
        {"start": "2024-06-10T12:00:00Z", "type": "click", "events": 1},
    ]
    assert eventually(lambda: stream(api, john) == times)


def stream(api, reference):
    """When the customer's events happened, earliest first."""
    answer = api.get("/api/v1/engagement/events", params={"userId": reference})
    assert answer.status_code == 200, answer.text
    return sorted(row["timestamp"] for row in answer.json()["data"])


def test_click__with_the_gpc_signal__is_recorded_as_opt_out_of_sale_and_sharing(api, john):
    api.post(f"/api/v1/consent/{john}", json={"purposes": [YES]})

    answer = api.post("/api/v1/engagement/click", json=CLICK | {"userId": john}, headers={"Sec-GPC": "1"})

    assert answer.status_code == 202, answer.text
    states = {row["purpose"]: row for row in api.get(f"/api/v1/consent/{john}").json()["purposes"]}
    assert (states["sale_share"]["state"], states["sale_share"]["allowed"]) == ("opted_out", False)
    assert states["analytics"]["allowed"] is True


def test_changes__customer_deleted__reach_a_reader_as_a_tombstone_without_personal_data(api, john):
    public_id = api.get(f"/api/v1/customers/{john}").json()["id"]
    assert eventually(lambda: public_id in upserted(changes(api, "")))
    token = list(changes(api, ""))[-1]["next_token"]

    assert api.delete(f"/api/v1/customers/{john}").status_code == 204

    assert eventually(lambda: [row for page in changes(api, token) for row in page["data"] if is_gone(row, public_id)])
    assert api.get(f"/api/v1/customers/{john}").status_code == 404
    assert john not in str(list(changes(api, token)))


def test_import__small_file_with_bad_rows__tells_each_reason_and_brings_the_good(api):
    mark = uuid4().hex
    rows = [f"{mark}-1,{mark}@example.com,Ann", f"{mark}-2,broken,Ben", f"{mark}-3,,Cem"]
    file = "\n".join(["customer id,email,first name", *rows]).encode()

    sent = api.post("/api/v1/jobs", data={"type": "customers"}, files={"file": ("few.csv", file, "text/csv")})

    assert sent.status_code == 202, sent.text
    address = sent.headers["Location"]
    assert eventually(lambda: api.get(address).json()["state"] == "succeeded"), api.get(address).text
    result = api.get(address).json()["result"]
    assert (result["created"], result["reasons"]) == (2, {"invalid_email": 1})
    assert api.get(f"/api/v1/customers/{mark}-1").json()["first_name"] == "Ann"
    assert api.get(f"/api/v1/customers/{mark}-2").status_code == 404
    lines = api.get(f"{address}/result").text.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("3,invalid_email,email,")


def upserted(pages):
    return [row["data"]["id"] for page in pages for row in page["data"] if row["op"] == "upsert"]


def changes(api, since):
    """Pages of the change feed until there is nothing more."""
    while True:
        page = api.get("/api/v1/customers/changes", params={"since": since} if since else {}).json()
        yield page
        since = page["next_token"]
        if not page["has_more"]:
            return


def is_gone(row, public_id):
    """Whether a row of the feed says that this customer was deleted."""
    return row["op"] == "delete" and row["tombstone"]["id"] == public_id


def test_quota__exceeded__answers_429_with_the_documented_body(stack):
    client = json.loads(stack.manage("client", "create", "--name", "hasty", "--scopes", "customers:read", "--json"))
    with httpx.Client(base_url=stack.base_url, timeout=30) as http:
        grant = {"grant_type": "client_credentials"}
        token = http.post("/oauth/token", data=grant, auth=(client["client_id"], client["client_secret"])).json()
        http.headers["Authorization"] = f"Bearer {token['access_token']}"
        answers = [http.get("/api/v1/customers", params={"limit": 1}) for _ in range(105)]

    refused = [a for a in answers if a.status_code == 429]
    assert refused
    assert (refused[0].json()["error"], refused[0].json()["message"]) == ("RateLimitExceeded", "Quota exceeded")
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert all("X-RateLimit-Remaining" in a.headers for a in answers)
