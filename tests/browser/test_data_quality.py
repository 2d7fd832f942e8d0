"""The screens of data quality when there is something to show: two audits, findings, and a list that they lead to."""

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from core.models import Role
from customers.services.attributes import define_attribute
from customers.services.customers import create_customer
from customers.services.quality import run_audit, start_audit
from tests.browser.conftest import DARK_PHONE, LIGHT
from tests.factories.core import make_staff
from tests.factories.customers import make_duplicate


def audited():
    job = start_audit(by=SYSTEM, now=timezone.now(), run_here=True)
    return run_audit(job_id=job.public_id, clock=timezone.now)


@pytest.mark.parametrize("mode", [LIGHT, DARK_PHONE], ids=str)
def test_quality__findings_and_trend__have_no_fault(visit, mode):
    define_attribute(key="city", value_type="text", values={"purpose": "x"}, by=SYSTEM, now=timezone.now())
    for number, city in enumerate(("Berlin", "Berlin", "berlin", "2024-01-01", "12")):
        properties = {"external_id": f"q{number}", "first_name": "jane", "attributes": {"city": city}}
        create_customer(properties=properties, by=SYSTEM, now=timezone.now())
    make_duplicate()
    finding = [audited(), audited()][1].findings.get(check_name="missing")
    visitor = visit(make_staff(Role.SUPERUSER), mode)

    faults = []
    for path in ("quality", "quality/audit", "fields", "fields/country/edit", f"customers?quality={finding.public_id}"):
        faults += [] if visitor.open(f"/console/{path}") == 200 else [f"{path}: not 200"]
        faults += visitor.faults(f"{path} {mode}")

    assert faults == []
