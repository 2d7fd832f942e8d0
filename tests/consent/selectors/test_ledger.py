"""The chain: what the database refuses, and what shows when somebody goes around it."""

import pytest
from django.db import IntegrityError, connection, transaction

from consent.models import ConsentEvent
from consent.selectors.ledger import broken_chains, chain_of
from consent.services.consent import record_consent
from tests.consent.conftest import NOON, SHOP, no, yes
from tests.support.tampering import unguarded


@pytest.fixture
def customer(make_customer):
    """Somebody with three entries; another person stands beside her."""
    person = make_customer()
    record_consent(customer=person, entries=[yes(), no("marketing_sms"), yes("analytics")], by=SHOP, now=NOON)
    record_consent(customer=make_customer(), entries=[yes()], by=SHOP, now=NOON)
    return person


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_consentevent SET event = 'granted'",
        "DELETE FROM consent_consentevent",
        "UPDATE consent_noticeversion SET text = 'other words'",
        "DELETE FROM consent_noticeversion",
    ],
)
@pytest.mark.parametrize("retention", ["off", "on"])
def test_database__update_or_delete__is_refused_whatever_the_session_says(customer, statement, retention):
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('hub.retention', %s, true)", [retention])
        cursor.execute(statement)

    assert ConsentEvent.objects.count() == 4


def test_chain__untouched__holds(customer):
    assert chain_of(customer.pk) is None
    assert list(broken_chains()) == []


FORGET_STATE = "WITH forgotten AS (DELETE FROM consent_consentstate)"
TAMPERING = {
    "an event is changed": ("UPDATE consent_consentevent SET event = 'granted' WHERE seq = 2", 2),
    "a time is changed": ("UPDATE consent_consentevent SET occurred_at = now() WHERE seq = 1", 1),
    "evidence is slipped in": ("""UPDATE consent_consentevent SET evidence = '{"doi_done": false}' WHERE seq = 1""", 1),
    "an entry is removed": (f"{FORGET_STATE} DELETE FROM consent_consentevent WHERE seq = 2", 2),
    "the first is removed": (f"{FORGET_STATE} DELETE FROM consent_consentevent WHERE seq = 1", 1),
    "a hash is changed": ("UPDATE consent_consentevent SET hash = repeat('0', 64) WHERE seq = 1", 1),
    "entries are exchanged": (
        "UPDATE consent_consentevent SET purpose_id = CASE seq WHEN 2 THEN 2 ELSE 5 END WHERE seq > 1",
        2,
    ),
    "a notice is reworded": ("UPDATE consent_noticeversion SET sha256 = repeat('0', 64)", 1),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_chain__somebody_goes_around_the_trigger__shows_where(customer, how):
    statement, seq = TAMPERING[how]
    with unguarded("consent_consentevent", "consent_noticeversion") as cursor:
        cursor.execute(statement)

    found = chain_of(customer.pk)

    assert found is not None
    assert found.seq == seq
    assert customer.public_id in [broken.subject for broken in broken_chains()]
