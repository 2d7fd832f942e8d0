"""/exports over HTTP: asking, following, fetching once it is there."""

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from customers.models import MemberExport
from customers.services.segments import change_members, define_segment
from tests.factories.consent import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def url():
    person = make_person(email="ana@example.com", is_known=True)
    segment = define_segment(name="Friends", kind="static", by=SYSTEM, now=timezone.now())
    change_members(segment=segment, add=[person.pk], by=SYSTEM, now=timezone.now())
    return "/api/v1/segments/friends/exports"


BODY = {"purpose": "marketing_email", "reason": "Print shop", "fields": ["email"]}


def test_export__asked_followed_and_fetched(caller, url, django_capture_on_commit_callbacks):
    client, other = caller("customers:read", "customers.pii:read"), caller("customers:read")

    with django_capture_on_commit_callbacks(execute=True):
        asked = client.post(url, BODY)
    seen = client.get(asked["Location"])
    fetched = client.get(seen.json()["file"])
    foreign = other.get(asked["Location"])

    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    assert {name: seen.json()[name] for name in ("state", "rows", "left_out", "downloads_left", "fields")} == {
        "state": "ready",
        "rows": 1,
        "left_out": {},
        "downloads_left": 5,
        "fields": ["id", "email"],
    }
    assert b"".join(fetched.streaming_content).decode().splitlines()[1].endswith(",ana@example.com")
    assert fetched["Content-Type"] == "text/csv; charset=utf-8"
    assert fetched["Content-Disposition"].startswith("attachment")
    assert client.get(asked["Location"]).json()["downloads_left"] == 4
    assert [one["id"] for one in client.get("/api/v1/exports").json()["data"]] == [asked.json()["id"]]
    assert foreign.status_code == 404


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"purpose": "fun"}, 400, "purpose"),
        ({"reason": ""}, 400, "reason"),
        ({"fields": "email"}, 400, "fields"),
        ({"fields": ["shoe"]}, 400, "fields"),
        ({"format": "xls"}, 400, "format"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_export__bad_wishes__are_refused(caller, url, change, status, param):
    answer = caller("customers:read", "customers.pii:read").post(url, BODY | change)

    assert (answer.status_code, answer.json()["param"]) == (status, param)
    assert not MemberExport.objects.exists()


def test_export__addresses_without_the_right__are_refused(caller, url):
    answer = caller("customers:read").post(url, BODY)

    assert answer.status_code == 403
    assert not MemberExport.objects.exists()


def test_file__not_written_yet__is_a_conflict(caller, url):
    client = caller("customers:read")
    asked = client.post(url, BODY | {"fields": ["country"]})

    assert client.get(asked["Location"] + "/file").status_code == 409
