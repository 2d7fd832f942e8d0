"""The pages and feeds about the API: versions, changes, codes."""

import gzip
from xml.etree import ElementTree

import pytest
from django.test import Client

from marketing_hub.changelog import PREVIEW, RELEASES
from marketing_hub.documents import schema

pytestmark = pytest.mark.django_db


def test_changelog__page_and_feed__tell_every_release_newest_first(settings):
    page = Client().get("/docs/changelog").content.decode()
    feed = ElementTree.fromstring(Client().get("/api/changelog.atom").content)

    titles = [title.text for title in feed.iterfind("{*}entry/{*}title")]
    assert titles == [release.version for release in RELEASES]
    assert all(text in page.replace("&quot;", '"') for release in RELEASES for _, text in release.changes)
    assert RELEASES[0].version == settings.API_VERSION == schema()["info"]["version"]
    assert sorted(titles, key=lambda text: [int(part) for part in text.split(".")], reverse=True) == titles
    assert Client().get("/api/changelog")["Location"] == "/docs/changelog"


def test_version_two__index__names_both_versions(caller):
    partner = caller("customers:read")

    answer = partner.get("/api/v2")

    bases = {row["base"]: row["status"] for row in answer.json()["versions"]}
    assert bases == {"/api/v1": "current", "/api/v2": "preview"}
    assert answer["API-Version"] == answer["X-API-Version"] == PREVIEW
    assert not answer.has_header("Link")
    assert partner.get("/api/v2/").json() == partner.get("/api/v1/versions").json() == answer.json()


@pytest.mark.parametrize("path", ["me", "limits", "usage"])
def test_version_two__account__answers_as_version_one(caller, path):
    partner = caller("customers:read")

    assert partner.get(f"/api/v2/{path}").json().keys() == partner.get(f"/api/v1/{path}").json().keys()
    assert Client().get(f"/api/v2/{path}").status_code == 401


def test_version_two__unknown_address__is_refused_like_any_other(caller):
    answer = caller("customers:read").get("/api/v2/customers")

    assert (answer.status_code, answer.json()["code"]) == (404, "resource_missing")


def test_error_code__by_name__tells_meaning_and_remedy():
    told = Client().get("/api/errors/rate_limited").json()

    assert (told["status"], told["code"]) == (429, "rate_limited")
    assert told["remedy"]
    assert Client().get("/api/errors/no_such_code").status_code == 404


def test_schema__by_accept__is_json_or_yaml():
    assert Client().get("/api/schema/")["Content-Type"] == "application/json"
    assert Client().get("/api/schema", headers={"Accept": "application/yaml"}).content.startswith(b"openapi: 3.1")
    assert Client().get("/api/schema?format=yaml").content.startswith(b"openapi: 3.1")


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("GZIP", True),
        ("gzip;q=0", False),
        ("identity", False),
        ("", False),
    ],
)
def test_schema__by_accept_encoding__is_packed_for_whoever_takes_that(accepted, packed):
    http = Client()
    plain = http.get("/api/schema.json")

    answer = http.get("/api/schema.json", headers={"Accept-Encoding": accepted})

    assert (answer.headers.get("Content-Encoding"), answer["Vary"]) == ("gzip" if packed else None, "Accept-Encoding")
    assert (gzip.decompress(answer.content) if packed else answer.content) == plain.content
    assert len(answer.content) < len(plain.content) / 10 or not packed
    again = {"Accept-Encoding": accepted, "If-None-Match": answer["ETag"]}
    assert http.get("/api/schema.json", headers=again).status_code == 304
    assert (answer["ETag"] != plain["ETag"]) == packed
