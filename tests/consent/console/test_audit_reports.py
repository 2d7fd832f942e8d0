"""The screens of kept audit reports."""

import pytest

from consent.models import AuditReport
from tests.factories.core import make_staff
from tests.factories.registers import report_example

pytestmark = pytest.mark.django_db
ASKED = {"law": "ccpa", "first": "2026-01-01", "last": "2026-06-30"}


@pytest.fixture
def officer(client):
    client.force_login(make_staff("compliance_officer"))
    return client


def test_make__now__is_kept_and_shown_with_its_digest(officer):
    answer = officer.post("/console/audit-reports/new", ASKED, follow=True)

    row = AuditReport.objects.get()
    shown = answer.content.decode()
    assert answer.redirect_chain[-1][0].endswith(row.public_id)
    assert row.sha256 in shown
    assert "does not match" not in shown
    assert "To delete (1798.105)" in shown


def test_list__with_a_report__leads_to_it(officer):
    public_id = report_example()["public_id"]

    assert f"/console/audit-reports/{public_id}" in officer.get("/console/audit-reports").content.decode()


def test_make__by_a_marketer__is_refused_and_nothing_is_kept(client):
    client.force_login(make_staff("marketer"))

    assert client.post("/console/audit-reports/new", ASKED).status_code == 403
    assert not AuditReport.objects.exists()
