"""Which addresses webhooks may go to."""

import pytest

from integrations.rules.addresses import address_problem, may_connect


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "not an address",
    ],
)
def test_may_connect__private_or_special_address__is_refused(address):
    assert not may_connect(address, loopback=False)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_may_connect__public_address__is_allowed(address):
    assert may_connect(address, loopback=False)


def test_may_connect__loopback_allowed__opens_this_machine_and_nothing_else():
    assert may_connect("127.0.0.1", loopback=True)
    assert may_connect("::1", loopback=True)
    assert not may_connect("10.0.0.1", loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.com/hooks",
        "https://user:password@crm.example.com/hooks",
        "https://crm.example.com/hooks#part",
        "https://localhost/hooks",
        "https://127.0.0.1/hooks",
        "https://[::1]/hooks",
        "https://10.0.0.1/hooks",
        "https://printer.local/hooks",
        "https://metadata.internal/",
        "https://intranet/hooks",
        "ftp://crm.example.com/",
        "https://",
        "https://crm.example.com:99999/",
        "https://crm.example.com/\n",
        "https://crm.example.com/ü",
        "https://crm.example.com/" + "x" * 500,
    ],
)
def test_address_problem__unusable_address__is_a_sentence(url):
    assert address_problem(url, loopback=False).endswith(".")


@pytest.mark.parametrize("port", [1, 22, 25, 53, 143, 587, 2049, 6000, 6667, 10080])
def test_address_problem__port_of_another_protocol__is_a_bad_port(port):
    assert f"{port} is a bad port" in address_problem(f"https://crm.example.com:{port}/hooks", loopback=False)


@pytest.mark.parametrize("port", [80, 443, 591, 4443, 5432, 6001, 8443, 65535])
def test_address_problem__other_port__is_none(port):
    assert address_problem(f"https://crm.example.com:{port}/hooks", loopback=False) == ""


def test_address_problem__public_https__is_none():
    assert address_problem("https://crm.example.com:8443/hooks?token=1", loopback=False) == ""


def test_address_problem__loopback_allowed__takes_http_there_only():
    assert address_problem("http://127.0.0.1:9000/hooks", loopback=True) == ""
    assert address_problem("http://crm.example.com/hooks", loopback=True) != ""
