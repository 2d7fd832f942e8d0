"""What partners may know about purposes, notices and places."""

import hashlib

import pytest

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(caller):
    """A client that may read consent."""
    return caller("consent:read")


def test_purposes__listed__name_the_notice_to_show_in_every_language(api):
    rows = {row["key"]: row for row in api.get("/api/v1/purposes").json()["data"]}

    assert rows["analytics"]["recordRequired"] is True
    assert [n["locale"] for n in rows["marketing_email"]["notices"]] == ["de", "en", "es", "fr"]
    assert rows["service"]["notices"] == []


def test_notices__listed__hold_the_words_and_their_hash(api):
    rows = api.get("/api/v1/purposes/marketing_email/notices").json()["data"]

    assert all(hashlib.sha256(row["text"].encode()).hexdigest() == row["sha256"] for row in rows)


def test_notices__unknown_purpose__is_404(api):
    assert api.get("/api/v1/purposes/unheard_of/notices").status_code == 404


@pytest.mark.parametrize(("place", "code"), [("US-CA", "US-CA"), ("us-ca", "US-CA"), ("DE-BY", "DE"), ("XX", "*")])
def test_jurisdiction__any_place__answers_with_the_rule_that_applies(api, place, code):
    body = api.get(f"/api/v1/jurisdictions/{place}").json()

    assert (body["code"], body["rule"]["code"]) == (code, code)


def test_jurisdictions__listed__say_how_tracking_is_treated(api):
    rows = {row["code"]: row["mode"] for row in api.get("/api/v1/jurisdictions").json()["data"]}

    assert (rows["DE"], rows["US"], rows["*"]) == ("opt_in", "opt_out", "opt_in")


def test_catalogue__unchanged__is_304(api):
    for path in ("/api/v1/purposes", "/api/v1/jurisdictions", "/api/v1/jurisdictions/DE"):
        assert api.get(path, if_none_match=api.get(path)["ETag"]).status_code == 304


def test_gpc_json__asked_by_anybody__says_since_when_the_signal_counts(client, django_assert_num_queries):
    client.get("/.well-known/gpc.json")

    with django_assert_num_queries(0):
        answer = client.get("/.well-known/gpc.json")

    assert answer["Content-Type"] == "application/json"
    assert answer.json() == {"gpc": True, "lastUpdate": "2026-11-01"}
    assert client.post("/.well-known/gpc.json").status_code == 405
