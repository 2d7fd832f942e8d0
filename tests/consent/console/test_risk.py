"""The screen of risk and effort."""

import pytest

from consent.selectors.risk import references
from tests.factories.core import make_staff
from tests.factories.registers import breach_example

pytestmark = pytest.mark.django_db
FIGURES = {"request_cost": "900", "gdpr_cap": "20000000", "gdpr_share": "4", "turnover": "0", "ccpa_violation": "7988"}


@pytest.fixture
def officer(client):
    client.force_login(make_staff("compliance_officer"))
    return client


def test_panel__open_breach__is_shown_with_the_figures(officer):
    breach_example()

    shown = officer.get("/console/risk").content.decode()

    assert "Breaches whose 72 hours run" in shown
    assert "1,524.00" in shown
    assert "No request was closed within a year" in shown


def test_figures__changed__stand(officer):
    answer = officer.post("/console/risk/references", FIGURES)

    assert answer.headers["Location"] == "/console/risk"
    assert references()["request_cost"] == 900


def test_figures__of_an_analyst__are_refused(client):
    client.force_login(make_staff("analyst"))

    assert client.post("/console/risk/references", FIGURES).status_code == 403
    assert references()["request_cost"] == 1524
