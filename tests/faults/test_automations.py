"""Automations whose workers are killed again and again: everybody comes through, no effect is doubled, nobody is lost.

HUB_FAULT_PEOPLE sets how many people go through.
"""

import os
from collections import Counter

import pytest

from tests.faults.test_campaigns import AGE, FILL, Sink, ask, sink
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault
__all__ = ["Sink", "sink"]
PEOPLE = int(os.environ.get("HUB_FAULT_PEOPLE", "800"))
PATIENCE = 120 + PEOPLE / 25
PUBLISH = """
from django.utils import timezone
from campaigns.services.automations.definitions import define_automation
from campaigns.services.automations.following import follow_signals
from campaigns.services.automations.publishing import publish_draft
from core.actors import Actor, ActorKind
one, two = (Actor(kind=ActorKind.STAFF, id=name) for name in ("usr_one", "usr_two"))
now = timezone.now()
follow_signals(now=now)
steps = {
    "mark": {"type": "tag", "add": ["seen"], "next": "tell"},
    "tell": {"type": "webhook", "name": "crm", "next": "half"},
    "half": {"type": "ab", "branches": [{"key": key, "weight": 1, "next": "hello"} for key in ("A", "B")]},
    "hello": {"type": "send", "subject": "Hi", "body": "Hello.", "next": "pause"},
    "pause": {"type": "wait", "minutes": 1, "next": None},
}
entry = {"on": "event", "event": "page-view"}
graph = {"version": 1, "entry": entry, "goals": [{"on": "event", "event": "purchase"}], "start": "mark", "steps": steps}
values = {"name": "All", "purpose": "marketing_email", "graph": graph}
publish_draft(automation=define_automation(values=values, by=one, now=now), by=two, now=now)
"""
VIEWED = """
INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref, source_id, type_id,
    schema_version, device, consent_kind)
SELECT gen_random_uuid(), now(), now(), (pg_current_xact_id()::text)::bigint, id, 0, 0, 3, 1, 1, 1
FROM customers_customer WHERE id %% 20 = %s
"""
TOLD = "SELECT count(*), count(DISTINCT payload ->> 'run') FROM core_outboxmessage WHERE topic = 'automation.step'"
RECORDS = "SELECT count(*), count(DISTINCT (run_id, step, outcome)) FROM campaigns_steprecord"
COUNTS = "SELECT sum(times) FROM campaigns_stepcount WHERE step <> ''"


def through(stack: Stack) -> int:
    return int(ask(stack, "SELECT count(*) FROM campaigns_run WHERE step = 'pause'")[0][0])


def test_automation__workers_killed_under_way__everybody_comes_through_once(sink):
    mail = {"EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(sink.port), "EMAIL_USE_TLS": "false"}
    with Stack(mail) as stack:
        with stack.connect() as database:
            database.execute(FILL, [PEOPLE])
        stack.manage("shell", "-c", PUBLISH)
        stack.start("follower")
        with stack.connect() as database:
            for part in range(20):
                database.execute(VIEWED, [part])
        for share in (0.1, 0.5):
            assert eventually(lambda share=share: through(stack) >= PEOPLE * share, PATIENCE)
            stack.kill_follower()
            stack.kill_worker()
            with stack.connect() as database:
                database.execute(AGE)
            stack.start("worker", "follower")
        assert eventually(lambda: len(sink.got) >= PEOPLE * 0.98, PATIENCE)
        ended = "SELECT count(*) FROM campaigns_run WHERE state = 'ended' AND ending = 'finished'"
        assert eventually(lambda: ask(stack, ended)[0][0] == PEOPLE, PATIENCE), stack.log("follower")[-2000:]

        told, records, counted = (ask(stack, question)[0] for question in (TOLD, RECORDS, COUNTS))
        tags = ask(stack, "SELECT count(*) FROM customers_customertag")[0][0]
        states = Counter(dict(ask(stack, "SELECT state, count(*) FROM campaigns_delivery GROUP BY 1")))

    assert told == (PEOPLE, PEOPLE)
    assert tags == PEOPLE
    assert records[0] == records[1] == counted[0]
    assert sum(states.values()) == PEOPLE
    assert max(sink.got.values()) == max(sink.ids.values()) == 1
    assert states["sent"] <= len(sink.got) <= states["sent"] + states["unknown"]
