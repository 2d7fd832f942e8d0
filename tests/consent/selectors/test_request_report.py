"""The figures of 11 CCR 7102 and of the GDPR report, counted from requests."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from consent.models import DataRequest
from consent.rules.effort import cost_of
from consent.selectors.request_report import year_report
from consent.services.requests import comment_request
from tests.factories.core import make_staff
from tests.factories.requests import ONE, make_request
from tests.support.tampering import unguarded

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def closed(number, days, state="delivered", kind="erasure", **facts):
    row = make_request(kind, NOON, contact=f"p{number}@example.com", place=facts.pop("place", "US-CA"))
    code = {"refusal_code": "unverified"} if state == "refused" else {}
    DataRequest.objects.filter(pk=row.pk).update(received_on=date(2026, 1, 10))
    move_to(row, state, days, code | facts)
    return row


def move_to(row, state, days, facts):
    with unguarded("consent_datarequest"):
        DataRequest.objects.filter(pk=row.pk).update(
            state=state, closed_at=datetime(2026, 1, 10, 12, tzinfo=UTC) + timedelta(days=days), **facts
        )


def test_ccpa_metrics__delivered_in_part_denied_and_open__are_counted_apart():
    closed(1, 10)
    closed(2, 20)
    closed(3, 60, refused_parts=["engagement.events"])
    closed(4, 40, state="refused")
    closed(6, 5, place="DE")
    make_request("erasure", NOON, contact="p5@example.com", place="US-CA")

    line = year_report(law="ccpa", year=2026, now=NOON).lines[0]

    assert (line.received, line.complied, line.complied_in_part, line.denied, line.pending) == (5, 2, 1, 1, 1)
    assert (line.median_days, line.mean_days) == (30.0, 32.5)


def test_reports__other_year_and_other_law__hold_nothing():
    closed(1, 10)

    assert year_report(law="ccpa", year=2025, now=NOON).lines[0].received == 0
    assert all(line.received == 0 for line in year_report(law="gdpr", year=2026, now=NOON).lines)


def test_gdpr_report__minutes_on_record__are_cost(settings):
    settings.PRIVACY_HOUR_COST = 90
    row = make_request("access", NOON, place="DE")
    comment_request(request=row, text="Looked at it.", minutes=20, by=ONE, now=NOON)
    comment_request(request=DataRequest.objects.get(pk=row.pk), text="Again.", minutes=10, by=ONE, now=NOON)

    line = year_report(law="gdpr", year=2026, now=NOON).lines[0]

    assert (line.minutes, line.cost) == (30, Decimal("45.00"))
    assert cost_of(minutes=1, hour=50) == Decimal("0.83")


def test_report_screen__both_laws_and_a_file__open_for_the_officer(client):
    closed(1, 10)
    client.force_login(make_staff("compliance_officer"))

    page = client.get("/console/privacy-requests/report?law=ccpa&year=2026")
    asked = {"law": "ccpa", "year": "2026", "format": "json"}
    file = client.post("/console/privacy-requests/report/export", asked)

    assert "metrics of 11 CCR 7102" in page.content.decode()
    assert file.json()[0]["received"] == 1
    assert client.get("/console/privacy-requests/report?law=none&year=2026").status_code == 400
