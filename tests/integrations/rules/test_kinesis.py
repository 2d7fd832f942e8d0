"""Names at Amazon, and what the next call may hold."""

import pytest

from integrations.rules.kinesis import MOST_CALL_BYTES, REGION, next_records, partition_key, pause_before, servers_in
from integrations.rules.sinks import Letter


def letter(n, key, body=b"{}"):
    return Letter(f"msg_{n}", "campaign.paused", key, body)


@pytest.mark.parametrize(
    ("region", "server"),
    [
        ("eu-central-1", "kinesis.eu-central-1.amazonaws.com:443"),
        ("us-gov-west-1", "kinesis.us-gov-west-1.amazonaws.com:443"),
        ("cn-north-1", "kinesis.cn-north-1.amazonaws.com.cn:443"),
        ("eusc-de-east-1", "kinesis.eusc-de-east-1.amazonaws.eu:443"),
    ],
)
def test_servers__of_a_region__are_those_of_its_partition(region, server):
    assert REGION.fullmatch(region)
    assert servers_in(region) == server


@pytest.mark.parametrize("region", ["", "eu", "eu-central", "EU-CENTRAL-1", "eu-central-1.evil.example", "a b-1"])
def test_region__of_another_form__is_none(region):
    assert not REGION.fullmatch(region)


def test_next_records__of_each_key_the_first_that_waits():
    waiting = [letter(n, key) for n, key in enumerate("aabbc")]

    assert next_records(waiting, [False] * 5) == [0, 2, 4]
    assert next_records(waiting, [True, False, False, False, True]) == [1, 2]
    assert next_records(waiting, [True] * 5) == []


def test_next_records__about_nobody__go_side_by_side():
    assert next_records([letter(1, ""), letter(2, "")], [False] * 2) == [0, 1]
    assert partition_key(letter(1, "")) == "msg_1"


def test_next_records__too_many_bytes__end_before_and_one_always_goes():
    large = [letter(n, str(n), b"x" * (MOST_CALL_BYTES // 2 - 1)) for n in range(3)]

    assert next_records(large, [False] * 3) == [0, 1]
    assert next_records([letter(1, "a", b"x" * MOST_CALL_BYTES * 2)], [False]) == [0]


def test_pause__more_failures__doubles_up_to_a_bound():
    assert [round(pause_before(n), 1) for n in (0, 1, 2, 3, 99)] == [0.0, 0.1, 0.2, 0.4, 3.2]
