"""With every worker gone or busy, a follower alone keeps segments up to date, and nobody takes it for a worker."""

from datetime import UTC, datetime

import pytest

from tests.support import partner
from tests.support.stack import Stack
from tests.support.waiting import eventually

NOW = datetime.now(UTC).isoformat()
pytestmark = pytest.mark.fault
CLICKED = {"on": "events", "type": "click", "field": "count", "window": {"last": {"days": 30}}, "op": "at_least"}
CLICK = {"campaignId": "spring", "elementId": "a", "timestamp": NOW, "deviceType": "mobile"}
SEGMENT = "SELECT current_id IS NOT NULL, members FROM customers_segment s LEFT JOIN customers_segmentversion v"
SEGMENT += " ON v.id = s.current_id"


def test_followers__worker_killed__segments_go_on_and_health_misses_the_worker():
    with Stack() as stack:
        token = partner.register(stack)
        with partner.connect(stack, token) as http, stack.connect() as database:
            people = partner.people_who_said_yes(http, 3)
            body = {"name": "Clicked", "rule": {"version": 1, "rule": CLICKED | {"value": 1}}}
            assert http.post("/api/v1/segments", json=body).status_code == 201
            assert eventually(lambda: database.execute(SEGMENT).fetchone()[0])
            stack.kill_worker()
            stack.start("follower")

            for person in people:
                sent = http.post("/api/v1/engagement/click", json=CLICK | {"userId": person})
                assert sent.status_code == 202, sent.text

            assert eventually(lambda: database.execute(SEGMENT).fetchone()[1] == 3), stack.log("follower")[-2000:]
            assert eventually(lambda: http.get("/readyz").json()["parts"]["worker"] == "missing")
