"""The risk panel: what counts as open, what a request cost, and the figures beside it."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from consent.models import Breach, DataRequest, Processor
from consent.selectors.risk import references, risk_panel
from consent.services.references import set_references
from consent.services.registers import save_entry
from core.errors import InvalidInput
from core.models import AuditEntry
from tests.consent.conftest import OFFICER
from tests.factories.registers import breach_values, processor_values
from tests.factories.requests import make_request
from tests.support.tampering import unguarded

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def open_numbers(now=NOON):
    return {(one.what, one.article): one.number for one in risk_panel(now=now).exposures if one.number}


def test_panel__nothing_open__has_no_ceiling():
    risk = risk_panel(now=NOON)

    assert not any(one.number for one in risk.exposures)
    assert (risk.gdpr, risk.ccpa) == (0, 0)


def test_panel__late_requests_by_law__count_towards_their_ceilings():
    for number, place in enumerate(("DE", "US-CA", "US-CA")):
        make_request("access", NOON, contact=f"p{number}@example.com", place=place)

    later = NOON + timedelta(days=200)

    late = "Requests past the lawful day"
    assert open_numbers(later) == {(late, "GDPR Art. 12(3)"): 1, (late, "Cal. Civ. Code 1798.130(a)(2)"): 2}
    assert risk_panel(now=later).gdpr == 20_000_000
    assert risk_panel(now=later).ccpa == 2 * 7988


@pytest.mark.parametrize(
    ("place", "hour", "late"),
    [("US-CA", 7, False), ("US-CA", 9, True), ("DE", 22, False), ("DE", 23, True)],
)
def test_panel__last_lawful_day_at_the_place__is_over_when_it_is_over_there(place, hour, late):
    row = make_request("access", NOON, place=place)
    last = row.law_due if place == "DE" else row.law_due + timedelta(days=1)
    now = datetime.combine(last, time(hour, 30), tzinfo=UTC)
    ahead = datetime.combine(row.safe_due, time(hour, 30), tzinfo=UTC) - timedelta(days=8 - (place == "US-CA"))

    found = {what: number for (what, _), number in open_numbers(now).items()}

    assert ("Requests past the lawful day" in found) is late
    assert ("Requests due within 7 days, or past our own day" in found) is not late
    assert bool(open_numbers(ahead)) is late


def test_panel__companies_and_breaches__stand_by_what_they_lack():
    day = timedelta(days=1)
    ended = {"name": "Ended", "agreement_ends_on": NOON.date() - day}
    proven = {"name": "Proven", "certificate": "ISO 27001", "certificate_ends_on": NOON.date() + day}
    for facts in (ended, {"name": "Bare"}, proven):
        save_entry(row=Processor(), values=processor_values(**facts), by=OFFICER, now=NOON)
    for hours in (5, 100):
        values = breach_values(aware_at=NOON - timedelta(hours=hours))
        save_entry(row=Breach(), values=values, by=OFFICER, now=NOON)

    assert open_numbers() == {
        ("Companies without an agreement that holds", "GDPR Art. 28(3)"): 1,
        ("Companies without proof of security", "GDPR Art. 28(1)"): 1,
        ("Breaches not told after 72 hours", "GDPR Art. 33(1)"): 1,
        ("Breaches whose 72 hours run", "GDPR Art. 33(1)"): 1,
    }


def test_panel__closed_requests__have_effort_and_cost_by_kind(settings):
    settings.PRIVACY_HOUR_COST = 60
    for number, minutes in enumerate((30, 60)):
        row = make_request("access", NOON, contact=f"p{number}@example.com", place="DE")
        with unguarded("consent_datarequest"):
            closed = {"state": "delivered", "closed_at": NOON, "minutes_spent": minutes}
            DataRequest.objects.filter(pk=row.pk).update(received_on=date(2026, 11, 1), **closed)

    risk = risk_panel(now=NOON)

    assert [(one.closed, one.mean, one.cost) for one in risk.efforts] == [(2, 45, Decimal(45))]
    assert (risk.total.closed, risk.total.cost, risk.figures["request_cost"]) == (2, Decimal(45), Decimal(1524))


def test_panel__whatever_it_holds__is_asked_in_five_queries(django_assert_num_queries):
    with django_assert_num_queries(5):
        risk_panel(now=NOON)


def test_set_references__changed__stand_and_are_in_the_audit_log():
    set_references(values={"request_cost": Decimal(900), "turnover": Decimal(0)}, by=OFFICER, now=NOON)
    set_references(values={"request_cost": Decimal(800)}, by=OFFICER, now=NOON)

    assert references()["request_cost"] == 800
    assert list(AuditEntry.objects.order_by("pk").values_list("action", "changes")) == [
        ("risk_references.changed", {"request_cost": ["1524", "900"]}),
        ("risk_references.changed", {"request_cost": ["900.00", "800"]}),
    ]


@pytest.mark.parametrize(("key", "amount"), [("luck", 1), ("request_cost", -1), ("gdpr_share", 101)])
def test_set_references__impossible__is_refused_and_nothing_changes(key, amount):
    with pytest.raises(InvalidInput):
        set_references(values={key: Decimal(amount)}, by=OFFICER, now=NOON)

    assert references()["request_cost"] == 1524
    assert not AuditEntry.objects.exists()
