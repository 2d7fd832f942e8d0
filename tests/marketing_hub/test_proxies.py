"""What proxies say about callers, and who may say it."""

from dataclasses import replace

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from marketing_hub.env import ConfigError
from marketing_hub.proxies import Proxies, caller_of, certificate_thumbprint
from marketing_hub.security import read_security

PROXIES = ("127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32")


@pytest.mark.parametrize(
    ("forwarded", "caller"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db9::1", "2001:db9::1"),
        ("2001:db9::1, 2001:db8::5", "2001:db9::1"),
        ("[2001:db9::1]:443", "2001:db9::1"),
        ("", "127.0.0.1"),
        ("unknown", "127.0.0.1"),
        ("203.0.113.9, rubbish", "127.0.0.1"),
        ("\x00", "127.0.0.1"),
    ],
)
def test_caller_of__forwarded_addresses__last_one_that_is_no_proxy_counts(forwarded, caller):
    assert caller_of(forwarded, "127.0.0.1", PROXIES) == caller


def seen(settings, *, peer, trust=True, **headers):
    settings.SECURITY = replace(settings.SECURITY, trust_proxy_headers=trust, trusted_proxies=PROXIES)
    request = RequestFactory().get("/", REMOTE_ADDR=peer, **headers)
    Proxies(lambda request: HttpResponse())(request)
    return request.META["REMOTE_ADDR"]


def test_proxies__connection_from_a_proxy__gives_the_callers_address(settings):
    assert seen(settings, peer="10.9.9.9", HTTP_X_FORWARDED_FOR="203.0.113.9") == "203.0.113.9"


def test_proxies__connection_from_anybody_else__is_taken_as_it_is(settings):
    assert seen(settings, peer="198.51.100.7", HTTP_X_FORWARDED_FOR="203.0.113.9") == "198.51.100.7"


def test_proxies__without_the_setting__headers_are_not_believed(settings):
    assert seen(settings, peer="10.9.9.9", trust=False, HTTP_X_FORWARDED_FOR="203.0.113.9") == "10.9.9.9"


@pytest.mark.parametrize("sent", ["", ":", "::", ":AAAA:", "-----BEGIN CERTIFICATE-----", "%00", "x" * 100_000, "\xe9"])
def test_certificate_thumbprint__rubbish__is_empty(sent):
    assert certificate_thumbprint(sent) == ""


@pytest.mark.parametrize(
    ("name", "value"), [("TRUSTED_PROXIES", "10.0.0.0/8,everybody"), ("CLIENT_CERTIFICATE_HEADER", "X Cert")]
)
def test_read_security__wrong_value__stops_the_start(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError, match=name):
        read_security()
