"""The pump against brokers on this machine: what arrives, in which order, and what does not move without a confirm."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from consent.models import DisclosureFlow
from core import outbox
from core.actors import SYSTEM
from core.models import OutboxMessage
from integrations.models import LogSink
from integrations.selectors.sinks import behind_since, seconds_behind
from integrations.services import sinks
from integrations.services.sink_pump import Pump
from marketing_hub.processes import free_port
from tests.factories.consent import make_person
from tests.factories.integrations import make_sink
from tests.support.brokers import NO_RABBITMQ, RABBITMQ, kafka_cluster, rabbit_server
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _loopback(settings):
    settings.WEBHOOK_LOOPBACK = True


@pytest.fixture(scope="module")
def kafka():
    return kafka_cluster()


@pytest.fixture(scope="module")
def rabbit():
    if RABBITMQ is None:
        pytest.skip(NO_RABBITMQ)
    with rabbit_server() as server:
        yield server


def now():
    return datetime.now(UTC)


def say(*subjects, topic="campaign.paused", **payload):
    outbox.publish_many([outbox.Fact(topic, subject, {"number": n, **payload}) for n, subject in enumerate(subjects)])


@contextmanager
def pumping() -> Iterator[None]:
    """The pump runs meanwhile."""
    pump, ready = Pump(clock=now), []

    async def run() -> None:
        ready.append(asyncio.get_running_loop())
        await pump.run()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(asyncio.run, run())
        assert eventually(lambda: ready)
        try:
            yield
        finally:
            ready[0].call_soon_threadsafe(pump.stop)
            running.result(60)


def reached(sink):
    """The sink has passed everything, once nothing older runs on the server: until then the log holds it back."""
    newest = OutboxMessage.objects.order_by("-xid").values_list("xid", flat=True)[0]
    assert eventually(lambda: outbox.horizon() > newest)
    return eventually(lambda: behind_since(sink=LogSink.objects.get(pk=sink.pk)) is None)


def test_kafka__many_events__all_arrive_as_cloud_events_in_the_order_of_their_key(kafka):
    sink = make_sink(servers=kafka.servers, destination="orders", tls=False, event_types=["campaign.*"])
    say(*(f"cmp_{n % 7}" for n in range(600)))
    say("seg_1", topic="segment.rebuilt")

    with pumping():
        assert reached(sink)

    found = kafka.read("orders", 600)
    by_key = defaultdict(list)
    for message in found:
        body = json.loads(message.value())
        assert (body["specversion"], body["type"]) == ("1.0", "campaign.paused")
        assert message.key().decode() == body["subject"] == body["partitionkey"]
        by_key[body["subject"]].append((message.partition(), body["data"]["number"]))
    assert len(found) == 600
    assert {key: [number for _, number in rows] for key, rows in by_key.items()} == {
        f"cmp_{n}": [*range(n, 600, 7)] for n in range(7)
    }
    assert all(len({partition for partition, _ in rows}) == 1 for rows in by_key.values())
    row = LogSink.objects.get()
    assert (row.sent, row.failures, row.last_error) == (600, 0, "")


def test_kafka__person_who_may_not_be_told__is_held_back_but_a_no_reaches_everybody(kafka):
    sink = make_sink(servers=kafka.servers, destination="people", tls=False, purpose="sale_share")
    person = make_person(country="DE")
    say(person.public_id, topic="customer.updated")
    say(person.public_id, topic="consent.withdrawn")

    with pumping():
        assert reached(sink)

    types = [json.loads(message.value())["type"] for message in kafka.read("people", 1)]
    assert "consent.withdrawn" in types
    assert "customer.updated" not in types
    assert DisclosureFlow.objects.filter(way="sink", recipient=f"sink:{sink.public_id}").exists()


def test_kafka__nobody_there__place_stays_until_there_is_somebody(kafka):
    sink = make_sink(servers=f"127.0.0.1:{free_port()}", destination="late", tls=False)
    say("cmp_1", "cmp_2")

    with pumping():
        assert eventually(lambda: LogSink.objects.get().failures)
        failed = LogSink.objects.get()
        sinks.change_sink(sink=sink, values={"servers": kafka.servers}, by=SYSTEM, now=now())
        assert reached(sink)

    healed = LogSink.objects.get()
    assert failed.place == sink.place
    assert "_TRANSPORT" in failed.last_error
    assert seconds_behind(sink=failed, now=now()) > 0
    assert [message.key() for message in kafka.read("late", 2)] and healed.sent == 2
    assert (healed.failures, healed.failing_since) == (0, None)


def test_kafka__test__goes_to_that_sink_alone(kafka):
    one = make_sink(servers=kafka.servers, destination="one", tls=False, event_types=["campaign.*"])
    other = make_sink(servers=kafka.servers, destination="other", tls=False, event_types=["campaign.*"])
    sinks.send_test(sink=one, by=SYSTEM, now=now())

    with pumping():
        assert reached(one)
        assert reached(other)

    assert [json.loads(message.value())["type"] for message in kafka.read("one", 1)] == ["ping"]
    assert LogSink.objects.get(pk=other.pk).sent == 0


def test_sink__address_that_became_private__is_not_connected_to(kafka, settings):
    sink = make_sink(servers=kafka.servers, destination="guarded", tls=False)
    settings.WEBHOOK_LOOPBACK = False
    say("cmp_1")

    with pumping():
        assert eventually(lambda: LogSink.objects.get().failures)

    row = LogSink.objects.get()
    assert "not public" in row.last_error
    assert (row.sent, row.place) == (0, sink.place)


def test_rabbitmq__real_server__confirms_in_order_and_survives_its_restart(rabbit):
    with rabbit.connected() as connection:
        channel = connection.channel()
        channel.exchange_declare("hub", "topic", durable=True, auto_delete=False)
        channel.queue_declare("all", durable=True, auto_delete=False)
    sink = make_sink(
        "rabbitmq", servers=rabbit.servers, destination="hub", tls=False, username="guest", password="guest"
    )
    say("cmp_1")

    with pumping():
        assert eventually(lambda: LogSink.objects.get().failures)
        unrouted = LogSink.objects.get()
        with rabbit.connected() as connection:
            connection.channel().queue_bind("all", "hub", "#")
        say(*["cmp_2"] * 300)
        assert reached(sink)
        rabbit.stop()
        say("cmp_3")
        rabbit.start()
        assert reached(sink)

    found = [json.loads(message.body) for message in rabbit.read("all")]
    numbers = [body["data"]["number"] for body in found if body["subject"] == "cmp_2"]
    assert unrouted.last_error == "No queue takes what is sent there."
    assert unrouted.place == sink.place
    assert {body["subject"] for body in found} == {"cmp_1", "cmp_2", "cmp_3"}
    assert list(dict.fromkeys(numbers)) == [*range(300)]
