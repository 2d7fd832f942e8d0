"""Audit reports: made once a month for every law in use, kept as they were."""

from datetime import UTC, date, datetime

import pytest

from consent.models import AuditReport, DataRequest
from consent.selectors.audit_reports import holds, report_from
from consent.selectors.request_report import law_report, laws_in_use
from consent.services.audit_reports import make_due_reports, make_report
from core.errors import InvalidInput
from core.models import AuditEntry
from tests.consent.conftest import OFFICER
from tests.factories.requests import make_request

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OCTOBER = {"first": date(2026, 10, 1), "last": date(2026, 10, 31)}


def received(place, on=date(2026, 10, 5)):
    row = make_request("access", NOON, contact=f"{place.lower()}@example.com", place=place)
    DataRequest.objects.filter(pk=row.pk).update(received_on=on)


def test_due_reports__laws_in_use__are_kept_once_for_the_month():
    for place in ("DE", "BR", "US-TX"):
        received(place)

    made, again = make_due_reports(now=NOON), make_due_reports(now=NOON)

    kept = AuditReport.objects.order_by("law")
    assert (made, again) == (4, 0)
    assert [row.law for row in kept] == ["ccpa", "gdpr", "lgpd", "us"]
    assert all((row.first_on, row.last_on, row.scheduled) == (*OCTOBER.values(), True) for row in kept)
    assert AuditEntry.objects.filter(action="audit_report.made").count() == 4


def test_report__kept__is_the_report_of_that_moment_whatever_comes_after():
    received("DE")
    row = make_report(law="gdpr", **OCTOBER, by=OFFICER, now=NOON)
    then = law_report(law="gdpr", **OCTOBER, now=NOON)
    received("FR")

    row.refresh_from_db()

    assert report_from(row) == then
    assert then.lines[0].received == 1
    assert holds(row)


def test_report__figures_changed_behind_our_back__does_not_hold():
    row = make_report(law="gdpr", **OCTOBER, by=OFFICER, now=NOON)
    AuditReport.objects.update(figures=row.figures | {"title": "Better"})

    row.refresh_from_db()

    assert not holds(row)


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"law": "salic"}, "law"),
        ({"first": date(2026, 11, 1)}, "first"),
        ({"first": date(2027, 1, 1), "last": date(2027, 1, 2)}, "first"),
    ],
)
def test_report__impossible__is_refused_and_nothing_is_kept(values, param):
    with pytest.raises(InvalidInput) as refusal:
        make_report(**({"law": "gdpr"} | OCTOBER | values), by=OFFICER, now=NOON)

    assert refusal.value.param == param
    assert not AuditReport.objects.exists()


def test_laws__by_regimes_of_requests__cover_each_request_once():
    for place in ("DE", "GB", "US-CA", "US-TX", "CA-QC", "BR", "JP"):
        received(place)

    laws = laws_in_use(last=NOON.date())

    numbers = {law: law_report(law=law, **OCTOBER, now=NOON).lines for law in laws}
    asked = {law: sum(line.received for line in lines) for law, lines in numbers.items()}
    assert asked == {"gdpr": 2, "ccpa": 1, "us": 1, "canada": 1, "lgpd": 1, "elsewhere": 1}
