"""Sinks that lead to Kinesis: what is refused when one is set up, and what the pump writes."""

from collections import defaultdict
from datetime import UTC, datetime

import pytest

from core.actors import SYSTEM
from core.errors import InvalidInput
from integrations.models import LogSink
from integrations.services import sinks
from tests.factories.integrations import make_kinesis_sink
from tests.integrations.services.test_sink_pump import pumping, reached, say
from tests.support.kinesis import ACCESS_KEY, FULL, kinesis_server
from tests.support.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings):
    settings.WEBHOOK_LOOPBACK = True
    with kinesis_server() as server:
        yield server


def test_create__region_alone__leads_to_the_endpoint_of_amazon_with_the_secret_sealed():
    made = make_kinesis_sink(password="a-long-secret")

    target = sinks.target_of(sink=made)
    assert target.servers == (("kinesis.eu-central-1.amazonaws.com", 443),)
    assert (target.region, target.username, target.password) == ("eu-central-1", ACCESS_KEY, "a-long-secret")
    assert "a-long-secret" not in made.password + repr(target)


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"region": ""}, "region"),
        ({"region": "eu-central-1.evil.example"}, "region"),
        ({"username": ""}, "username"),
        ({"password": ""}, "password"),
        ({"destination": ""}, "destination"),
        ({"destination": "s" * 129}, "destination"),
        ({"tls": False}, "tls"),
        ({"servers": "10.0.0.8:443"}, "servers"),
        ({"servers": "a.example.com:443,b.example.com:443"}, "servers"),
        ({"mechanism": "PLAIN"}, "mechanism"),
    ],
)
def test_create__wrong_value__is_refused_and_nothing_stored(values, param):
    with pytest.raises(InvalidInput) as refused:
        make_kinesis_sink(**values)

    assert refused.value.param == param
    assert not LogSink.objects.exists()


def test_change__secret_taken_away__is_refused():
    made = make_kinesis_sink()

    with pytest.raises(InvalidInput) as refused:
        sinks.change_sink(sink=made, values={"password": ""}, by=SYSTEM, now=datetime.now(UTC))

    assert refused.value.param == "password"
    assert LogSink.objects.get().password == made.password


def test_pump__part_of_each_call_fails__everything_arrives_once_in_the_order_of_its_key(server):
    seen = set()

    def refuses(place, record):
        once = place % 3 == 0 and record["Data"] not in seen
        seen.add(record["Data"])
        return FULL if once else ""

    server.refuses = refuses
    sink = make_kinesis_sink(servers=server.servers, tls=False, event_types=["campaign.*"])
    say(*(f"cmp_{n % 40}" for n in range(200)))

    with pumping():
        assert reached(sink)

    by_key = defaultdict(list)
    for _, key, body in server.taken:
        assert key == body["subject"] == body["partitionkey"]
        by_key[key].append(body["data"]["number"])
    row = LogSink.objects.get()
    assert by_key == {f"cmp_{n}": [*range(n, 200, 40)] for n in range(40)}
    assert (row.sent, row.failures, row.last_error) == (200, 0, "")


def test_pump__stream_is_full_for_long__place_stays_and_what_was_taken_is_not_sent_again(server, monkeypatch):
    monkeypatch.setattr("integrations.connectors.kinesis.CONFIRM_S", 0.3)
    server.refuses = lambda _, record: FULL if record["PartitionKey"] == "cmp_0" else ""
    sink = make_kinesis_sink(servers=server.servers, tls=False)
    say("cmp_0", "cmp_1", "cmp_2")

    with pumping():
        assert eventually(lambda: LogSink.objects.get().failures)
        failing = LogSink.objects.get()
        server.refuses = lambda *_: ""
        assert reached(sink)

    row = LogSink.objects.get()
    assert failing.place == sink.place
    assert FULL in failing.last_error
    assert [key for _, key, _ in server.taken] == ["cmp_1", "cmp_2", "cmp_0"]
    assert (row.sent, row.failures) == (3, 0)
