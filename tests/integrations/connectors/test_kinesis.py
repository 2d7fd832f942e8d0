"""Kinesis against a server on this machine that checks each signature: what is sent, and what is sent again."""

import json
from collections import defaultdict

import pytest

from integrations.connectors.brokers import Target
from integrations.connectors.kinesis import Kinesis
from integrations.rules.sinks import Letter, servers_of
from marketing_hub.processes import free_port
from tests.support.kinesis import ACCESS_KEY, FULL, REGION, SECRET, STREAM, kinesis_server


@pytest.fixture
def server():
    with kinesis_server() as server:
        yield server


def writer(servers, **facts):
    known = {"servers": tuple(servers_of(servers)), "destination": STREAM, "routing_key": "", "virtual_host": "/"}
    known |= {"tls": False, "mechanism": "", "username": ACCESS_KEY, "password": SECRET, "region": REGION}
    return Kinesis(Target(**{**known, "loopback": True, **facts}))


def letters(number, keys=7, size=0):
    filling = "x" * size
    return [
        Letter(f"msg_{n}", "campaign.paused", f"cmp_{n % keys}", json.dumps([n, filling]).encode())
        for n in range(number)
    ]


def taken_by_key(server):
    found = defaultdict(list)
    for _, key, body in server.taken:
        found[key].append(body[0])
    return found


def test_send__all_taken__one_record_of_a_key_in_a_call_and_each_key_on_one_shard(server):
    receipt = writer(server.servers).send(letters(50))

    shards = {(key, shard) for shard, key, _ in server.taken}
    assert (all(receipt.confirmed), receipt.error, server.described) == (True, "", 1)
    assert taken_by_key(server) == {f"cmp_{n}": [*range(n, 50, 7)] for n in range(7)}
    assert all(len({one["PartitionKey"] for one in call}) == len(call) for call in server.calls)
    assert len(shards) == 7


def test_send__half_of_the_records_fail_once__only_those_go_again_and_order_holds(server):
    failed = set()

    def refuses(place, record):
        once = place % 2 == 0 and record["Data"] not in failed
        failed.add(record["Data"]) if once else None
        return "InternalFailure" if once else ""

    server.refuses = refuses

    receipt = writer(server.servers).send(letters(40))

    assert (sum(receipt.fresh), receipt.error) == (40, "")
    assert len(server.taken) == 40
    assert taken_by_key(server) == {f"cmp_{n}": [*range(n, 40, 7)] for n in range(7)}
    assert sum(map(len, server.calls)) == 40 + len(failed)


def test_send__one_key_is_throttled_for_long__the_others_are_confirmed_and_never_sent_again(server, monkeypatch):
    monkeypatch.setattr("integrations.connectors.kinesis.CONFIRM_S", 0.5)
    server.refuses = lambda _, record: FULL if record["PartitionKey"] == "cmp_0" else ""
    kinesis, batch = writer(server.servers), letters(21)

    first = kinesis.send(batch)
    calls = len(server.calls)
    server.refuses = lambda *_: ""
    second = kinesis.send(batch)

    assert (first.in_order, sum(first.confirmed)) == (0, 18)
    assert first.error == f"The stream takes no more at the moment ({FULL})."
    assert calls <= 6
    assert (all(second.confirmed), sum(second.fresh), second.error) == (True, 3, "")
    assert len(server.taken) == 21
    assert taken_by_key(server)["cmp_0"] == [0, 7, 14]


def test_send__whole_call_throttled__is_tried_again_after_a_pause(server):
    server.troubles.extend([FULL, "ThrottlingException"])

    receipt = writer(server.servers).send(letters(7))

    assert (all(receipt.confirmed), len(server.calls), len(server.taken)) == (True, 3, 7)


def test_send__more_than_a_call_holds__is_split_by_number_and_by_bytes(server):
    by_number = writer(server.servers).send(letters(700, keys=700))
    numbers = [len(call) for call in server.calls]
    server.calls.clear()
    by_bytes = writer(server.servers).send(letters(400, keys=400, size=20_000))

    assert all(by_number.confirmed) and all(by_bytes.confirmed)
    assert numbers == [500, 200]
    assert [len(call) for call in server.calls] == [261, 139]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"password": "another"}, "The secret access key does not fit the access key."),
        ({"destination": "nothing"}, "There is no such stream in this region."),
        ({"loopback": False}, "127.0.0.1 leads to an address that is not public."),
        ({"servers": f"127.0.0.1:{free_port()}"}, "The endpoint cannot be reached."),
        ({"tls": True}, "The certificate of the endpoint is not valid."),
    ],
)
def test_send__refused__says_why_and_confirms_nothing(server, facts, words):
    receipt = writer(**{"servers": server.servers, **facts}).send(letters(3))

    assert (receipt.error, receipt.in_order, server.taken) == (words, 0, [])
    assert SECRET not in receipt.error


def test_send__stream_is_being_deleted__waits(server):
    server.status = "DELETING"

    receipt = writer(server.servers).send(letters(3))

    assert (receipt.error, server.taken) == ("The stream is deleting.", [])


def test_send__keys_of_this_process__are_not_used(server, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OURSOURSOURSOURSOURS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ours")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "ours")
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")

    assert all(writer(server.servers).send(letters(3)).confirmed)
