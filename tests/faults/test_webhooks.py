"""Senders of webhooks killed in the middle: every event of a healthy receiver arrives, in the order of its thing."""

import json
from collections import defaultdict

import pytest

from tests.support import partner
from tests.support.sinks import sink
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault
EVENTS, THINGS = 1_500, 50
SETTINGS = {"WEBHOOK_LOOPBACK": "1", "WEBHOOK_TIMEOUT_SECONDS": "2"}
SAY = """
from core import outbox
for number in range({events}):
    outbox.publish(topic="campaign.paused", subject="cmp_%d" % (number % {things}), payload={{"number": number}})
"""
WAITING = """SELECT count(*) FROM integrations_webhookdelivery d JOIN integrations_webhookendpoint e
ON e.id = d.endpoint_id WHERE d.state = 'waiting' AND e.description = %s"""
SENDERS = "SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock'"
LATE = "UPDATE integrations_webhookdelivery SET due_at = now() WHERE state = 'waiting'"
HEAL = "UPDATE integrations_webhookendpoint SET failures = 0, closed_until = NULL, failing_since = NULL"


def numbers(receiver):
    """By thing the numbers it was told about, in the order of their first arrival."""
    told = defaultdict(list)
    for got in receiver.got:
        data = json.loads(got.body)["data"]
        if data["number"] not in told[data["id"]]:
            told[data["id"]].append(data["number"])
    return told


def test_webhooks__courier_killed_again_and_again__all_arrive_in_order_and_failing_ones_recover():
    with Stack(SETTINGS) as stack, sink() as healthy, sink(status=500) as failing, sink(hangs=True) as hanging:
        token = partner.register(stack, scopes=("webhooks:manage",))
        with partner.connect(stack, token) as http, stack.connect() as database:
            ids = {}
            for name, receiver in (("healthy", healthy), ("failing", failing), ("hanging", hanging)):
                body = {"url": receiver.url, "event_types": ["campaign.*"], "description": name}
                ids[name] = http.post("/api/v1/webhooks", json=body).json()["id"]
            stack.start("courier")
            stack.manage("shell", "-c", SAY.format(events=EVENTS, things=THINGS))
            for share in (0.2, 0.6):
                assert eventually(lambda share=share: len(healthy.got) >= EVENTS * share), stack.log("courier")[-2000:]
                stack.kill_courier()
                stack.start("courier")
            assert eventually(lambda: len(set(healthy.ids)) == EVENTS), stack.log("courier")[-2000:]
            assert eventually(lambda: database.execute(WAITING, ["healthy"]).fetchone()[0] == 0)

            failing.status = 200
            database.execute(HEAL)
            database.execute(LATE)
            stack.kill_courier()
            stack.start("courier")
            assert eventually(lambda: len({json.loads(got.body)["id"] for got in failing.got}) == EVENTS)

            everything = {f"cmp_{n}": [*range(n, EVENTS, THINGS)] for n in range(THINGS)}
            assert numbers(healthy) == everything
            assert len(healthy.got) - EVENTS <= 2 * 64, "a kill repeats only what was under way"
            assert eventually(lambda: database.execute(WAITING, ["failing"]).fetchone()[0] == 0)
            assert len(hanging.got) < EVENTS


def test_webhooks__two_couriers_one_killed_and_back_again__each_endpoint_has_one_sender_at_a_time():
    with Stack(SETTINGS) as stack, sink() as first, sink() as second, sink() as third:
        receivers = (first, second, third)
        token = partner.register(stack, scopes=("webhooks:manage",))
        with partner.connect(stack, token) as http, stack.connect() as database:
            for receiver in receivers:
                http.post("/api/v1/webhooks", json={"url": receiver.url, "event_types": ["campaign.*"]})
            there = f"{SENDERS} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"

            def senders(number):
                return eventually(lambda: database.execute(there).fetchone()[0] == number)

            stack.start("courier", "second courier")
            assert senders(2), stack.log("courier")[-2000:]
            stack.manage("shell", "-c", SAY.format(events=EVENTS, things=THINGS))
            assert eventually(lambda: sum(len(one.got) for one in receivers) >= EVENTS)
            stack.kill_courier("second courier")
            assert senders(1)
            stack.start("second courier")
            assert eventually(lambda: all(len(set(one.ids)) == EVENTS for one in receivers)), stack.log("courier")[
                -2000:
            ]
            assert senders(2)

            everything = {f"cmp_{n}": [*range(n, EVENTS, THINGS)] for n in range(THINGS)}
            assert [numbers(one) for one in receivers] == [everything] * 3
            assert sum(len(one.got) - EVENTS for one in receivers) <= 3 * 64, "a kill repeats only what was under way"
