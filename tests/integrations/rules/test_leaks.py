"""Reports of scanning partners: what is one, who signed it, what is a secret of ours."""

import json

import pytest

from core.crypto import new_secret
from integrations.rules.leaks import MOST_REPORTS, Report, find_key, hint_of, is_signed, kind_of, read_reports

# The sample of the documentation of GitHub's partner program, with the key that signed it then.
BODY = b'[{"token":"some_token","type":"some_type","url":"some_url"}]'
SIGNATURE = "MEUCIQDKZokqnCjrRtw0tni+2Ltvl/uiMJ1EGumEsp1BsNr32AIgQY1YXD2nlj+XNfGK4rBfkMJ1JDOQcYXxa2sY8FNkrKc="
KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9MJJHnMfn2+H4xL4YaPDA4RpJqUq
kCmRCBnYERxZanmcpzQSXs1X/AljlKkbJ8qpVIW4clayyef9gWhFbNHWAA==
-----END PUBLIC KEY-----
"""


def test_is_signed__sample_of_the_program__holds_for_exactly_these_bytes():
    assert is_signed(body=BODY, signature=SIGNATURE, key=KEY)
    assert not is_signed(body=BODY + b"\n", signature=SIGNATURE, key=KEY)


@pytest.mark.parametrize(
    ("signature", "key"),
    [("", KEY), ("%%%", KEY), ("é", KEY), ("AAAA", KEY), (SIGNATURE, ""), (SIGNATURE, "no key"), (SIGNATURE, "\x00")],
)
def test_is_signed__what_is_no_signature_or_key__does_not_hold(signature, key):
    assert not is_signed(body=BODY, signature=signature, key=key)


def test_find_key__by_identifier__finds_it_or_nothing():
    keys = json.dumps({"public_keys": [{"key_identifier": "one", "key": KEY, "is_current": True}]}).encode()

    assert find_key(keys, "one") == KEY
    assert find_key(keys, "two") == ""
    for wrong in (b"", b"[]", b"{}", b'{"public_keys": 5}', b'{"public_keys": [5]}', b"[" * 50_000):
        assert find_key(wrong, "one") == ""


def test_read_reports__sample__is_a_match():
    assert read_reports(BODY) == [Report("some_token", "some_type", "some_url")]
    assert read_reports(b'[{"token": "t", "url": null}]') == [Report("t", "", "")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"[5]",
        b"[{}]",
        b'[{"token": 5}]',
        b'[{"token": "t", "type": []}]',
        b'[{"token": "\\ud800"}]',
        b"[" * 50_000,
        json.dumps([{"token": "t"}] * (MOST_REPORTS + 1)).encode(),
    ],
)
def test_read_reports__what_is_no_report__is_none(body):
    assert read_reports(body) is None


@pytest.mark.parametrize("kind", ["mhs", "mk", "mha", "mhr"])
def test_kind_of__texts_that_we_make__are_known_and_hinted_at(kind):
    text = new_secret(f"{kind}_live_")

    assert kind_of(text) == kind
    assert hint_of(text) == f"{kind}_live_…{text[-4:]}"


def test_kind_of__other_texts__are_none_of_ours():
    for text in (new_secret("pk_live_"), new_secret("mk_test_"), "mk_live_short", new_secret("mk_live_") + "x", ""):
        assert kind_of(text) == ""
