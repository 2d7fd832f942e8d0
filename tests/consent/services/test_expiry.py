"""Consents run out."""

from datetime import date, timedelta

from consent.models import ConsentEvent, ConsentState
from consent.services import expiry
from consent.services.consent import record_consent
from consent.services.expiry import expire_consents
from consent.tasks import expire_consents as task
from core.models import OutboxMessage
from tests.consent.conftest import NOON, SHOP, yes

END = NOON + timedelta(days=10)


def test_expire_consents__at_the_end__records_it_clears_the_bit_and_tells(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[yes(valid_until=END)], by=SHOP, now=NOON)

    early = expire_consents(now=END - timedelta(seconds=1))
    people = expire_consents(now=END)

    customer.refresh_from_db()
    last = ConsentEvent.objects.order_by("seq").last()
    assert (early, people) == (0, 1)
    assert (last.event, last.occurred_at, last.recorded_at, last.actor) == ("expired", END, END, "system:system")
    assert (customer.consent_mask & 8, customer.consent_until) == (0, None)
    assert ConsentState.objects.get().reason == "consent_expired"
    assert OutboxMessage.objects.order_by("id").last().topic == "consent.withdrawn"
    assert expire_consents(now=END + timedelta(days=1)) == 0


def test_expire_consents__renewed_in_time__stays(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[yes(valid_until=END)], by=SHOP, now=NOON)
    record_consent(customer=customer, entries=[yes(event="renewed")], by=SHOP, now=END - timedelta(days=1))

    expire_consents(now=END)

    assert ConsentState.objects.get().state == "granted"


def test_expire_consents__more_than_a_batch__does_all(make_customer, monkeypatch):
    monkeypatch.setattr(expiry, "BATCH", 2)
    for _ in range(5):
        record_consent(customer=make_customer(), entries=[yes(valid_until=END)], by=SHOP, now=NOON)

    assert expire_consents(now=END) == 5


def test_expire_consents__birthday__brings_the_mask_up_to_date(make_customer):
    customer = make_customer(birth_date=date(2010, 11, 22))
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)
    customer.refresh_from_db()
    before = customer.consent_mask & 8

    expire_consents(now=NOON + timedelta(days=1))

    customer.refresh_from_db()
    assert (before, customer.consent_mask & 8) == (0, 8)


def test_task__run_by_the_timetable__is_safe_to_repeat(make_customer):
    record_consent(customer=make_customer(), entries=[yes(valid_until=NOON + timedelta(days=1))], by=SHOP, now=NOON)

    task()
    task()

    assert ConsentEvent.objects.count() <= 2
