"""What a client may say about itself, read without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.rules.registrations import (
    UnusableMetadata,
    bound_of,
    read_wish,
    redirect_problem,
    scopes_within,
    token_state,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SERVER = {"grant_types": ["client_credentials"]}


@pytest.mark.parametrize(
    "uri",
    [
        "https://partner.example.com/cb",
        "https://partner.example.com:8443/cb?tenant=1",
        "http://127.0.0.1:3000/cb",
        "http://localhost/cb",
        "http://[::1]/cb",
    ],
)
def test_redirect__usable__has_no_problem(uri):
    assert redirect_problem(uri) == ""


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/cb",
        "https:///cb",
        "http://partner.example.com/",
        "ftp://partner.example.com/",
        "https://a.example.com/#",
        "https://a.example.com/\n",
        "https://a.example.com:0/",
        "https://a.example.com:99999/",
        "https://ä.example.com/",
        "javascript:alert(1)",
    ],
)
def test_redirect__unusable__has_a_sentence(uri):
    assert redirect_problem(uri).endswith(".")


def test_wish__unknown_members__are_passed_over():
    wish = read_wish({**SERVER, "id_token_signed_response_alg": "RS256", "x": {"y": [1]}}, certificates=False)

    assert wish.grants == ("client_credentials",)
    assert set(wish.told) == {"token_endpoint_auth_method", "grant_types"}


def test_wish__refresh_token_alone__is_refused():
    with pytest.raises(UnusableMetadata, match="refresh_token comes with"):
        read_wish({"grant_types": ["client_credentials", "refresh_token"]}, certificates=False)


def test_wish__certificate__is_known_by_one_name():
    said = {**SERVER, "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "a.example.com"}

    assert read_wish(said, certificates=True).proof.certificate_name == "dns:a.example.com"
    with pytest.raises(UnusableMetadata, match="one name"):
        read_wish({**said, "tls_client_auth_subject_dn": "CN=a"}, certificates=True)


def test_scopes__above_the_bound__are_refused_by_name():
    with pytest.raises(UnusableMetadata, match="'audit:read'"):
        scopes_within(asked=("audit:read", "customers:read"), allowed=["customers:read"])


@pytest.mark.parametrize(
    ("now_has", "alive", "bound"),
    [(["a"], True, ["a", "b"]), (["a"], False, ["a"]), (["a", "c"], True, ["a", "c"]), ([], True, [])],
)
def test_bound__staff_changed_the_client_or_the_token_ended__is_what_it_has(now_has, alive, bound):
    assert bound_of(token=["b", "a"], now_has=now_has, registered=["a"], alive=alive) == bound


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, "active"),
        ({"uses": 2}, "used"),
        ({"expires_at": NOW}, "expired"),
        ({"revoked_at": NOW, "uses": 2}, "revoked"),
    ],
)
def test_token_state__facts__name_it(facts, state):
    values = {"revoked_at": None, "expires_at": NOW + timedelta(days=1), "uses": 1, "most_uses": 2}

    assert token_state(**values | facts, now=NOW) == state
