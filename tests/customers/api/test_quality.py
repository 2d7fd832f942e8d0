"""Audits of data quality over HTTP."""

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from customers.models import Customer
from customers.services.customers import create_customer
from customers.services.quality import run_audit, start_audit

pytestmark = pytest.mark.django_db
PATH = "/api/v1/quality/audits"


@pytest.fixture
def api(caller):
    return caller("customers:read")


@pytest.fixture
def audit(db):
    now = timezone.now()
    create_customer(properties={"external_id": "1", "country": "DE"}, by=SYSTEM, now=now)
    create_customer(properties={"external_id": "2", "first_name": "jane"}, by=SYSTEM, now=now)
    job = start_audit(by=SYSTEM, now=now, run_here=True)
    return run_audit(job_id=job.public_id, clock=timezone.now)


def test_list__audits__newest_first_with_score_and_characteristics(api, audit):
    answer = api.get(PATH).json()

    assert answer["pagination"]["total"] == 1
    row = answer["data"][0]
    assert (row["id"], row["people"], row["score"]) == (audit.public_id, 2, float(audit.score))
    measures = {one["dimension"]: one for one in row["measures"]}
    assert measures["completeness"] == {"dimension": "completeness", "score": 50.0, "defects": 1, "of": 2}


def test_retrieve__latest__is_the_newest(api, audit):
    assert api.get(f"{PATH}/latest").json() == api.get(f"{PATH}/{audit.public_id}").json()


def test_findings__examples__are_public_ids_and_lead_to_the_list(api, audit):
    rows = {(row["check"], row["field"]): row for row in api.get(f"{PATH}/latest/findings").json()["data"]}

    missing = rows["missing", "country"]
    behind = api.get(f"/api/v1/customers?quality={missing['id']}").json()

    assert (missing["title"], missing["count"], missing["of"]) == ("Country: No value", 1, 2)
    assert missing["examples"] == [Customer.objects.get(external_id="2").public_id]
    assert [row["id"] for row in behind["data"]] == missing["examples"]
    assert "jane" not in str(rows)


def test_audits__none_yet__is_an_empty_list_and_not_found(api):
    assert api.get(PATH).json()["data"] == []
    assert api.get(f"{PATH}/latest").status_code == 404
    assert api.get(f"{PATH}/latest/findings").status_code == 404


def test_customers__unknown_finding__is_refused(api):
    answer = api.get("/api/v1/customers?quality=qfi_0")

    assert answer.status_code == 400
    assert answer.json()["param"] == "quality"


def test_audits__without_the_scope__are_forbidden(caller):
    assert caller("segments:read").get(PATH).status_code == 403
