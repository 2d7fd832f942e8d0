"""The screen of data quality."""

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from core.models import Job, Role
from customers.models import Customer
from customers.services.customers import create_customer
from customers.services.quality import run_audit, start_audit
from tests.factories.core import make_staff
from tests.factories.customers import make_duplicate

pytestmark = pytest.mark.django_db
PATH = "/console/quality"


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def audited():
    job = start_audit(by=SYSTEM, now=timezone.now(), run_here=True)
    return run_audit(job_id=job.public_id, clock=timezone.now)


def test_quality__no_audit_yet__says_so(marketer):
    page = marketer.get(PATH).content.decode()

    assert "Nobody has looked yet" in page
    assert "Audit now" in page


def test_quality__audits__shows_score_trend_findings_and_ways_to_the_people(marketer):
    make_duplicate()
    create_customer(properties={"external_id": "1"}, by=SYSTEM, now=timezone.now())
    audited()
    newest = audited()
    finding = newest.findings.get(check_name="missing", field="country")

    page = marketer.get(PATH).content.decode()
    listed = marketer.get(f"/console/customers?quality={finding.public_id}").content.decode()

    assert f"{newest.score} of 100" in page
    assert "+0.0 since the audit before" in page
    assert 'data-chart="quality-trend"' in page
    assert f"/console/customers?quality={finding.public_id}" in page
    assert "/console/duplicates?state=open" in page
    public_id = Customer.objects.get(external_id="1").public_id
    assert public_id in page
    assert public_id in listed
    assert "Country: No value" in listed


def test_audit_now__confirmed__starts_the_job(marketer):
    answer = marketer.post(f"{PATH}/audit", {})

    assert answer.status_code == 302
    assert Job.objects.get().kind == "quality.audit"


def test_audit_now__one_at_work__is_refused_in_words(marketer):
    start_audit(by=SYSTEM, now=timezone.now(), run_here=True)

    answer = marketer.post(f"{PATH}/audit", {})

    assert answer.status_code == 409
    assert "at work already" in answer.content.decode()
    assert Job.objects.count() == 1


def test_audit_now__analyst__is_forbidden_and_reads(client):
    client.force_login(make_staff(Role.ANALYST))

    assert client.get(PATH).status_code == 200
    assert client.post(f"{PATH}/audit", {}).status_code == 403
