"""The process that writes into brokers killed in the middle: nothing is lost, each key keeps its order."""

import json
from collections import defaultdict
from itertools import count

import pytest

from tests.support import partner
from tests.support.brokers import kafka_cluster
from tests.support.kinesis import ACCESS_KEY, FULL, REGION, SECRET, STREAM, kinesis_server
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault
EVENTS, THINGS = 2_000, 40
SAY = """
from core import outbox
for number in range({events}):
    outbox.publish(topic="campaign.paused", subject="cmp_%d" % (number % {things}), payload={{"number": number}})
"""
SENT = "SELECT sent FROM integrations_logsink"


def test_sinks__process_killed_again_and_again__everything_is_there_in_order():
    with Stack({"WEBHOOK_LOOPBACK": "1"}) as stack:
        kafka = kafka_cluster()
        token = partner.register(stack, scopes=("sinks:manage",))
        with partner.connect(stack, token) as http, stack.connect() as database:
            body = {
                "kind": "kafka",
                "name": "Warehouse",
                "servers": kafka.servers,
                "destination": "events",
                "tls": False,
            }
            made = http.post("/api/v1/sinks", json=body | {"event_types": ["campaign.*"]}).json()
            stack.start("sinks")
            stack.manage("shell", "-c", SAY.format(events=EVENTS, things=THINGS))
            for least in (1, EVENTS // 2):
                assert eventually(lambda least=least: database.execute(SENT).fetchone()[0] >= least), stack.log("sinks")
                stack.kill_sinks()
                stack.start("sinks")
            address = f"/api/v1/sinks/{made['id']}"
            assert eventually(lambda: http.get(address).json()["sent"] >= EVENTS), stack.log("sinks")[-2000:]
            assert eventually(lambda: http.get(address).json()["behind_since"] is None), stack.log("sinks")[-2000:]
            follower = http.get("/readyz").json()["followers"]["sinks"]

        told = defaultdict(list)
        for message in kafka.read("events", EVENTS):
            data = json.loads(message.value())["data"]
            if data["number"] not in told[data["id"]]:
                told[data["id"]].append(data["number"])
        assert told == {f"cmp_{n}": [*range(n, EVENTS, THINGS)] for n in range(THINGS)}
        assert follower["lag_s"] >= 0


def test_kinesis__process_killed_and_every_third_record_refused__everything_is_there_in_order():
    with Stack({"WEBHOOK_LOOPBACK": "1"}) as stack, kinesis_server() as kinesis:
        counted = count()
        kinesis.refuses = lambda *_: FULL if next(counted) % 3 == 0 else ""
        token = partner.register(stack, scopes=("sinks:manage",))
        with partner.connect(stack, token) as http:
            body = {"kind": "kinesis", "name": "Lake", "servers": kinesis.servers, "region": REGION, "tls": False}
            body |= {"destination": STREAM, "username": ACCESS_KEY, "password": SECRET, "event_types": ["campaign.*"]}
            made = http.post("/api/v1/sinks", json=body)
            assert made.status_code == 201, made.text
            stack.start("sinks")
            stack.manage("shell", "-c", SAY.format(events=EVENTS, things=THINGS))
            for least in (1, EVENTS // 2):
                assert eventually(lambda least=least: len(kinesis.taken) >= least), stack.log("sinks")
                stack.kill_sinks()
                stack.start("sinks")
            address = f"/api/v1/sinks/{made.json()['id']}"
            assert eventually(lambda: http.get(address).json()["sent"] >= EVENTS), stack.log("sinks")[-2000:]
            assert eventually(lambda: http.get(address).json()["behind_since"] is None), stack.log("sinks")[-2000:]

        told = defaultdict(list)
        for _, key, event in kinesis.taken:
            if event["data"]["number"] not in told[key]:
                told[key].append(event["data"]["number"])
        assert told == {f"cmp_{n}": [*range(n, EVENTS, THINGS)] for n in range(THINGS)}
