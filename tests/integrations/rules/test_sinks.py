"""Which servers a sink may name, and how long it rests after failures."""

import pytest

from integrations.rules.sinks import servers_of, servers_problem, wait_after


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("kafka.example.com:9093", [("kafka.example.com", 9093)]),
        ("a.example.com:1, b.example.com:2", [("a.example.com", 1), ("b.example.com", 2)]),
        ("[2606:4700::1111]:5671", [("2606:4700::1111", 5671)]),
    ],
)
def test_servers__well_formed__are_pairs(text, pairs):
    assert servers_of(text) == pairs


@pytest.mark.parametrize(
    "text", ["", "kafka.example.com", "a:0", "a:65536", "a:1,", "user@a.example.com:1", "a b:1", "a:1," * 10 + "a:1"]
)
def test_servers__of_another_form__are_refused(text):
    assert servers_of(text) is None
    assert servers_problem(text, tls=True, loopback=True)


@pytest.mark.parametrize(
    ("text", "tls", "loopback", "good"),
    [
        ("kafka.example.com:9093", True, False, True),
        ("kafka.example.com:9093", False, False, False),
        ("127.0.0.1:9092", True, False, False),
        ("127.0.0.1:9092", False, True, True),
        ("127.0.0.1:9092,kafka.example.com:9093", False, True, False),
        ("10.0.0.8:9092", True, True, False),
        ("169.254.169.254:80", True, False, False),
        ("[::ffff:10.0.0.8]:9092", True, False, False),
        ("broker.internal:9092", True, False, False),
        ("broker:9092", True, False, False),
    ],
)
def test_servers__by_where_they_lead__are_allowed_or_not(text, tls, loopback, good):
    assert (servers_problem(text, tls=tls, loopback=loopback) == "") is good


def test_wait__more_failures__doubles_up_to_a_minute():
    assert [wait_after(failures) for failures in (1, 2, 3, 7, 100)] == [1, 2, 4, 60, 60]
