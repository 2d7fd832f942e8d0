"""A worker killed while segments follow a load and are calculated: afterwards they hold exactly whom the log says."""

import pytest

from tests.faults.load import Load
from tests.support import partner
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault

CLICKERS = {"on": "events", "type": "click", "field": "count", "window": {"last": {"days": 30}}, "op": "at_least"}
MEMBERS = """SELECT m.customer_id FROM customers_segment s JOIN customers_segmentmember m ON m.version_id = s.current_id
WHERE s.slug = %s ORDER BY 1"""
TRUTH = "SELECT customer_id FROM engagement_event GROUP BY 1 HAVING count(*) >= %s ORDER BY 1"
TOLD = """SELECT count(*) FILTER (WHERE topic = 'segment.entered') - count(*) FILTER (WHERE topic = 'segment.exited')
FROM core_outboxmessage WHERE payload ->> 'segment' = %s"""
FAILED = "SELECT slug, failure FROM customers_segment WHERE failure <> ''"


def test_segments__worker_killed_while_they_follow__hold_whom_the_log_says_and_told_each_once():
    with Stack() as stack:
        token = partner.register(stack)
        with partner.connect(stack, token) as http:
            people = partner.people_who_said_yes(http, 20)
            for least in (1, 40):
                rule = {"version": 1, "rule": CLICKERS | {"value": least}}
                body = {"name": f"Clicked {least}", "rule": rule}
                assert http.post("/api/v1/segments", json=body).status_code == 201
            with stack.connect() as database:
                waiting = "SELECT count(*) FROM customers_segment WHERE current_id IS NULL"
                assert eventually(lambda: database.execute(waiting).fetchone()[0] == 0, 40)

            with Load(stack, token, people) as load:
                for _ in range(3):
                    assert load.flows(200), load.refused[:3]
                    assert http.post("/api/v1/segments/clicked-1/refresh").status_code == 202
                    stack.kill_worker()
                    stack.start("worker")

        with stack.connect() as database:
            for least in (1, 40):
                slug = f"clicked-{least}"
                settled = eventually(lambda s=slug, n=least: _members(database, s) == _truth(database, n), 60)
                assert settled, (_members(database, slug), _truth(database, least), database.execute(FAILED).fetchall())
            assert database.execute(TOLD, ["clicked-40"]).fetchone()[0] == len(_members(database, "clicked-40"))
            assert database.execute(FAILED).fetchall() == []


def _members(database, slug):
    return database.execute(MEMBERS, [slug]).fetchall()


def _truth(database, least):
    return database.execute(TRUTH, [least]).fetchall()
