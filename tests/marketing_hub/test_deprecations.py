"""What is to end says so in time, in every answer and in the document, and is refused afterwards."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils.http import parse_http_date

from core.ids import REQUEST_ID_KEY
from marketing_hub import deprecations
from marketing_hub.changelog import RELEASES
from marketing_hub.deprecations import DEPRECATIONS, LEAST_NOTICE_MONTHS
from marketing_hub.documents import schema

pytestmark = pytest.mark.django_db

OLD, NEW = "/api/v1/event-types/click/schema", "/api/v1/engagement/types/click"


def test_deprecated_operation__every_answer__says_since_when_until_when_and_what_instead(caller, settings):
    partner = caller("engagement:read")

    answer = partner.get(OLD)

    assert answer.status_code == 200
    assert answer.json() == partner.get(NEW).json()
    assert answer["Deprecation"] == "@1795219200"
    assert answer["Sunset"] == "Wed, 01 Dec 2027 00:00:00 GMT"
    assert int(answer["Deprecation"][1:]) < parse_http_date(answer["Sunset"])
    assert f'<{NEW}>; rel="successor-version"' in answer["Link"]
    policy = f"{settings.PUBLIC_URL}/docs/guides/versioning#deprecation"
    assert f'<{policy}>; rel="deprecation"; type="text/html"' in answer["Link"]
    assert f'<{policy}>; rel="sunset"; type="text/html"' in answer["Link"]


def test_deprecated_operation__refusals_too__say_it(caller):
    assert caller("customers:read").get(OLD)["Sunset"]


def test_living_operation__answer__says_nothing_of_it(caller):
    answer = caller("engagement:read").get(NEW)

    assert not answer.has_header("Deprecation")
    assert not answer.has_header("Sunset")


def test_deprecated_operation__after_its_last_day__is_gone(monkeypatch, rf):
    monkeypatch.setattr(deprecations.timezone, "now", lambda: DEPRECATIONS[0].sunset)

    answer = deprecations.answered(
        rf.get(OLD, **{REQUEST_ID_KEY: "req_1"}), lambda request: pytest.fail("the view was called")
    )

    assert answer.status_code == 410
    assert json.loads(answer.content)["code"] == "version_sunset"
    assert NEW in json.loads(answer.content)["message"]


def test_document__deprecated_operations__are_marked_and_described():
    for row in DEPRECATIONS:
        operation = schema()["paths"][row.path][row.method.lower()]

        assert operation["deprecated"] is True
        assert operation["x-sunset"] == row.sunset.date().isoformat()
        assert row.successor in operation["description"]
        assert {"Deprecation", "Sunset"} <= set(operation["responses"]["200"]["headers"])
        assert row.method.lower() in schema()["paths"][row.successor]


def test_deprecations__policy__is_kept():
    told = " ".join(text for release in RELEASES for kind, text in release.changes if kind == "deprecated")

    for row in DEPRECATIONS:
        assert row.sunset - row.since >= timedelta(days=365 * LEAST_NOTICE_MONTHS // 12)
        assert row.since >= datetime(2026, 1, 1, tzinfo=UTC)
        assert row.path.removeprefix("/api/v1") in told
