"""The hot path on connections of its own: exactly once whoever races, one statement whatever the size."""

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from core.actors import Actor, ActorKind
from customers.selectors import direct
from engagement.models import Event, EventKey
from engagement.rules.clock import Clock
from engagement.rules.events import read_batch
from engagement.selectors.catalogue import event_catalogue
from engagement.services.ingest import ingest
from tests.engagement.api.test_ingest import click

pytestmark = pytest.mark.django_db(transaction=True)
SHOP = Actor(kind=ActorKind.CLIENT, id="cli_shop")


def send(events):
    now = datetime.now(UTC)
    clock = Clock.at(now, tolerance=timedelta(minutes=5), oldest=now - timedelta(days=1_000))
    ready = read_batch(json.dumps(events).encode(), find=event_catalogue().find, clock=clock)
    return [verdict.value for verdict in ingest(events=ready, by=SHOP, now=now)]


def test_ingest__same_events_raced_in_different_orders__are_each_stored_once(person):
    person()
    events = [click(type="click", eventId=f"e{n}") for n in range(60)]
    send([click(type="click", eventId="warm")])

    def shuffled(seed):
        return send(Random(seed).sample(events, len(events)))

    with ThreadPoolExecutor(6) as pool:
        verdicts = [verdict for found in pool.map(shuffled, range(12)) for verdict in found]

    assert verdicts.count("accepted") == 60
    assert verdicts.count("duplicate") == 11 * 60
    assert Event.objects.count() == EventKey.objects.count() == 61


@pytest.mark.parametrize("size", [1, 100])
def test_ingest__any_size__is_one_statement(person, size):
    person()
    send([click(type="click")])
    connection = direct._idle[-1].connection

    with tempfile.NamedTemporaryFile() as trace:
        connection.pgconn.trace(trace.fileno())
        send([click(type="click") for _ in range(size)])
        connection.pgconn.untrace()
        sent = [line.split("\t") for line in Path(trace.name).read_text().splitlines()]

    assert sum("Execute" in field for line in sent for field in line) == 1


def test_ingest__connection_dropped_by_the_server__is_replaced(person):
    person()
    send([click(type="click", eventId="a")])
    number = direct.run(statement="SELECT pg_backend_pid()", parameters={})[0][0]
    with ThreadPoolExecutor(1) as other:
        other.submit(direct.run, statement="SELECT pg_terminate_backend(%(n)s)", parameters={"n": number}).result()

    assert send([click(type="click", eventId="b")]) == ["accepted"]
    assert Event.objects.count() == 2


@pytest.mark.parametrize("at", ["2024-06-30T23:59:59.999999Z", "2024-07-01T00:00:00Z", "2025-03-30T02:30:00+01:00"])
def test_ingest__edges_of_months__find_their_partition(person, at):
    person()

    assert send([click(type="click", timestamp=at)]) == ["accepted"]
    assert Event.objects.get().occurred_at == datetime.fromisoformat(at)
