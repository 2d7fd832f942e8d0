"""Processes killed under a running load: every event that was answered for is stored once, and counted once."""

import httpx
import pytest

from tests.faults.load import Load
from tests.support import partner
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault

LOGGED = """SELECT (occurred_at AT TIME ZONE 'UTC')::date, type_id, coalesce(campaign_id, 0), count(*)
FROM engagement_event GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
SUMS = "SELECT day, type_id, campaign_id, events FROM engagement_dailymetric ORDER BY 1, 2, 3"


def test_events__processes_killed_under_load__are_stored_and_counted_exactly_once(record_property):
    with Stack() as stack:
        token = partner.register(stack)
        with partner.connect(stack, token) as http:
            people = partner.people_who_said_yes(http, 20)

        with Load(stack, token, people) as load:
            assert load.flows(), load.refused[:3]
            for victim in ("web_worker", "web", "worker", "redis"):
                getattr(stack, f"kill_{victim}")()
                if victim == "worker":
                    assert load.flows(), "events must be accepted while no worker runs"
                if victim != "web_worker":
                    stack.start(victim)
                assert load.flows(), f"no events after {victim} was killed\n{stack.log('web')[-2000:]}"

        with stack.connect() as database:
            stored = [row[0] for row in database.execute("SELECT event_id FROM engagement_event")]
            assert load.refused == []
            assert len(stored) == len(set(stored)), "an event is stored twice"
            assert set(stored) == load.accepted
            assert eventually(lambda: database.execute(SUMS).fetchall() == database.execute(LOGGED).fetchall(), 40)
        assert eventually(stack.ready)
        parts = httpx.get(f"{stack.base_url}/readyz").json()["parts"]
        assert parts == {"database": "ok", "redis": "ok", "worker": "ok"}
        record_property("figures", f"{len(stored)} events, {load.repeats} sent again, {load.duplicates} duplicates")
