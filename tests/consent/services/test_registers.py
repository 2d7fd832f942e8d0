"""The registers: what may be stored, what is refused, what is on record."""

from datetime import UTC, date, datetime, timedelta

import pytest

from consent.models import Activity, Breach, Processor
from consent.selectors.disclosures import recipients_of
from consent.selectors.registers import endings, open_breaches
from consent.services.disclosures import record_disclosure
from consent.services.register_reminders import remind_of_registers
from consent.services.registers import save_entry
from core.errors import Conflict, InvalidInput
from core.models import AuditEntry
from customers.services.telling import Telling
from tests.consent.conftest import NOON, OFFICER
from tests.factories.core import make_staff
from tests.factories.registers import activity_values, breach_values, processor_values

pytestmark = pytest.mark.django_db


def save(row, **values):
    return save_entry(row=row, values=values, by=OFFICER, now=NOON)


def test_save_entry__new_and_changed__stand_in_the_audit_log():
    row = save(Activity(), **activity_values())
    save(row, name="Newsletter", people="Customers and leads")

    actions = list(AuditEntry.objects.filter(target=row.public_id).order_by("pk").values_list("action", flat=True))
    assert actions == ["activity.added", "activity.changed"]
    assert AuditEntry.objects.filter(action="activity.changed").get().changes == {
        "people": ["Customers", "Customers and leads"]
    }


def test_save_entry__name_that_another_has__is_refused():
    save(Processor(), **processor_values())

    with pytest.raises(Conflict, match="this name"):
        save(Processor(), **processor_values())

    assert Processor.objects.count() == 1


def test_breach__recorded__has_its_clock():
    row = save(Breach(), **breach_values(aware_at=datetime(2026, 11, 20, 17, 25, tzinfo=UTC)))

    assert row.safe_due == datetime(2026, 11, 23, 17, 25, tzinfo=UTC)
    assert list(open_breaches(now=NOON)) == [row]


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"aware_at": NOON + timedelta(minutes=1)}, "aware_at"),
        ({"authority_told_at": NOON - timedelta(days=30)}, "authority_told_at"),
        ({"authority_told_at": NOON}, "delay_reason"),
        ({"closed_at": NOON}, "risk"),
        ({"closed_at": NOON, "risk": "high"}, "authority_told_at"),
    ],
)
def test_breach__that_cannot_be__is_refused_by_field(values, param):
    with pytest.raises(InvalidInput) as refusal:
        save(Breach(), **breach_values(**({"aware_at": NOON - timedelta(days=4)} | values)))

    assert refusal.value.param == param
    assert not Breach.objects.exists()


def test_endings__agreement_and_certificate__the_earliest_first():
    save(Processor(), **processor_values(name="A", agreement_ends_on=date(2027, 1, 10)))
    save(Processor(), **processor_values(name="B", certificate_ends_on=date(2026, 11, 1)))
    save(Processor(), **processor_values(name="C", agreement_ends_on=date(2028, 1, 1)))
    save(Processor(), **processor_values(name="D", agreement_ends_on=date(2026, 1, 1), ended_on=date(2026, 2, 1)))

    found = endings(today=NOON.date())

    assert [(ending.processor.name, ending.what) for ending in found] == [("B", "Certificate"), ("A", "Agreement")]


def test_remind_of_registers__paper_ends_and_breach_runs__officers_hear_of_the_paper_once(mailoutbox):
    make_staff("compliance_officer")
    save(Processor(), **processor_values(agreement_ends_on=date(2027, 1, 10)))
    save(Breach(), **breach_values(aware_at=NOON - timedelta(hours=1)))

    first = remind_of_registers(now=NOON)
    second = remind_of_registers(now=NOON + timedelta(hours=1))

    assert (first, second) == (2, 1)
    assert "Agreement of Mail House ends on 2027-01-10" in mailoutbox[0].body
    assert "Agreement" not in mailoutbox[1].body


def test_recipients__client_of_a_processor__carry_its_purpose_and_basis():
    save(Processor(), **processor_values(client="cli_crm"))
    record_disclosure(telling=Telling("client:cli_crm", "sync", ("name",)), customer_ids=[7], now=NOON)

    found = recipients_of(customer_ids=[7])

    assert [(row.purpose, row.basis) for row in found] == [("E-mail marketing", "Consent (a)")]
