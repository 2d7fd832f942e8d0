"""Reading events back: the stream in commit order, the list, the time series."""

from datetime import UTC, datetime, timedelta

import pytest

from engagement.services import followers
from tests.engagement.api.test_ingest import CLICK, click
from tests.engagement.support import committed, follow_to_the_end

LITERAL_AT = "2024-06-10T13:45:00Z"


@pytest.fixture
def stored(transactional_db, sender, person):
    """Jane has three clicks on one day and a search on the next; another person has a view."""
    jane = person()
    person("other")
    events = [click(type="click", eventId=f"e{n}", timestamp=f"2024-06-10T1{n}:30:00Z") for n in range(3)]
    search = {"type": "search", "userId": "12345", "timestamp": "2024-06-11T08:00:00Z", "deviceType": "tv"}
    events += [search | {"properties": {"query": "teapot"}, "eventId": "s"}]
    events += [click(type="view", userId="other", eventId="v", elementId=None)]
    assert sender.post("/api/v1/engagement/events", events).status_code == 202
    committed()
    return jane


@pytest.mark.django_db(transaction=True)
def test_stream__literal_example__comes_back_with_its_members(sender, person):
    jane = person()
    sender.post("/api/engagement/click", CLICK | {"eventId": "click-1", "properties": {"colour": "blue"}})
    committed()

    [row] = sender.get("/api/v1/engagement/events?userId=12345").json()["data"]

    assert row.pop("id").startswith("evt_")
    assert row.pop("receivedAt").endswith("Z")
    assert row.pop("source").startswith("cli_")
    assert row == CLICK | {
        "eventId": "click-1",
        "type": "click",
        "schemaVersion": 1,
        "customerId": jane.public_id,
        "properties": {"colour": "blue"},
        "consent": "recorded",
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("query", ["", "type=click&", "userId=12345&", "since=2024-01-01T00:00:00Z&"])
def test_stream__page_by_page__gives_everything_once_and_goes_on(sender, stored, query):
    seen, cursor, more = [], "", True
    while more:
        answer = sender.get(
            f"/api/v1/engagement/events?{query}limit=2" + (f"&cursor={cursor}" if cursor else "")
        ).json()
        seen += [row["eventId"] for row in answer["data"]]
        cursor, more = answer["pagination"]["next_cursor"], answer["pagination"]["has_more"]

    wanted = {"": "e0 e1 e2 s v", "type=click&": "e0 e1 e2", "userId=12345&": "e0 e1 e2 s"}.get(query, "e0 e1 e2 s v")
    assert sorted(seen) == wanted.split()
    sender.post("/api/v1/engagement/click", click(eventId="later"))
    committed()
    again = sender.get(f"/api/v1/engagement/events?{query}cursor={cursor}").json()["data"]
    assert [row["eventId"] for row in again] == ["later"]


@pytest.mark.django_db(transaction=True)
def test_stream__since_and_until__bound_the_time_of_receipt(sender, stored):
    now = datetime.now(UTC)
    before, after = (now - timedelta(hours=1)).isoformat(), (now + timedelta(hours=1)).isoformat()

    def count(query):
        return len(sender.get(f"/api/v1/engagement/events?{query.replace('+', '%2B')}").json()["data"])

    assert count(f"since={before}") == 5
    assert count(f"since={after}") == 0
    assert count(f"until={before}") == 0
    assert count(f"since={before}&until={after}") == 5


@pytest.mark.django_db(transaction=True)
def test_list__of_a_person__is_newest_first_and_pages(sender, stored):
    first = sender.get("/api/v1/events?customer=12345&limit=3").json()
    second = sender.get(f"/api/v1/events?customer=12345&limit=3&cursor={first['pagination']['next_cursor']}").json()

    assert [row["eventId"] for row in first["data"] + second["data"]] == ["s", "e2", "e1", "e0"]
    assert second["pagination"]["has_more"] is False


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", ["customer=12345&", ""])
def test_series__by_hour__counts_each_type(sender, stored, who):
    follow_to_the_end("events.hourly_sums")

    answer = sender.get(f"/api/v1/events?{who}type=click&from=2024-06-10T11:00:00Z&to=2024-06-10T12:59:00Z&bucket=hour")

    assert answer.json()["data"] == [
        {"start": "2024-06-10T11:00:00Z", "type": "click", "events": 1},
        {"start": "2024-06-10T12:00:00Z", "type": "click", "events": 1},
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("who", ["customer=12345&", ""])
def test_series__by_day__counts_each_type_from_sums_or_events(sender, stored, who):
    follow_to_the_end("events.daily_sums")

    answer = sender.get(f"/api/v1/events?{who}from=2024-06-01T00:00:00Z&to=2024-07-01T00:00:00Z&bucket=day")

    rows = answer.json()["data"]
    assert {"start": "2024-06-10T00:00:00Z", "type": "click", "events": 3} in rows
    assert {"start": "2024-06-11T00:00:00Z", "type": "search", "events": 1} in rows
    assert len(rows) == (2 if who else 3)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "param"),
    [
        ("/api/v1/events?bucket=week", "bucket"),
        ("/api/v1/events?from=yesterday", "from"),
        ("/api/v1/events?from=2024-06-02T00:00:00Z&to=2024-06-01T00:00:00Z", "from"),
        ("/api/v1/events?from=2024-01-01T00:00:00Z&to=2024-06-01T00:00:00Z", "from"),
        ("/api/v1/events?from=2020-01-01T00:00:00Z&bucket=hour", "from"),
        ("/api/v1/events?customer=12345&to=0002-01-01T00:00:00Z", "to"),
        ("/api/v1/events?type=teleport", "type"),
        ("/api/v1/events?cursor=x", "cursor"),
        ("/api/v1/events?limit=201", "limit"),
        ("/api/v1/events?colour=1", "colour"),
        ("/api/v1/engagement/events?since=2024-06-02", "since"),
        ("/api/v1/engagement/events?cursor=x", "cursor"),
        ("/api/v1/engagement/events?type=teleport", "type"),
        ("/api/v1/engagement/events?limit=0", "limit"),
    ],
)
def test_reading__wrong_parameter__is_400_by_name(sender, path, param):
    answer = sender.get(path)

    assert (answer.status_code, answer.json()["param"]) == (400, param)


@pytest.mark.django_db
def test_reading__nobody_by_that_name__is_an_empty_list(sender):
    assert sender.get("/api/v1/engagement/events?userId=nobody").json()["data"] == []
    assert sender.get("/api/v1/events?customer=nobody").json()["data"] == []


@pytest.mark.django_db
def test_reading__verb_that_is_not_offered__is_405(sender):
    answer = sender.delete("/api/v1/engagement/events")

    assert (answer.status_code, answer["Allow"]) == (405, "GET, POST")


def test_followers__names__are_those_of_the_timetable(settings):
    timed = {e["kwargs"]["name"] for e in settings.CELERY_BEAT_SCHEDULE.values() if "follow_events" in e["task"]}

    assert timed == set(followers.FOLLOWERS)
