"""Recording consent: what is stored, what is refused, what follows from it."""

from dataclasses import replace
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from consent.models import ConsentEvent, ConsentState
from consent.rules.chain import GENESIS
from consent.rules.reasons import Reason
from consent.rules.vocabulary import State
from consent.selectors.catalogue import catalogue
from consent.selectors.ledger import broken_chains
from consent.services.consent import PersonEntries, record_consent, record_consents_bulk
from core.errors import Conflict, InvalidInput, NotFound
from core.models import AuditEntry, OutboxMessage
from customers.models import Customer
from tests.consent.conftest import NOON, SHOP, no, notice_of, yes

HOUR = timedelta(hours=1)


def allowed(customer: Customer) -> set[str]:
    """The purposes whose bits are set."""
    customer.refresh_from_db()
    return {use.key for use in catalogue().uses.values() if customer.consent_mask & use.mask}


def test_record_consent__complete_yes__is_in_ledger_state_mask_audit_and_outbox(make_customer):
    customer = make_customer()

    recorded = record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)

    entry = ConsentEvent.objects.get()
    state = ConsentState.objects.get()
    assert (entry.seq, entry.event, entry.legal_basis, entry.place) == (1, "granted", "consent", "DE")
    assert (entry.previous_hash, entry.subject, entry.actor) == (GENESIS, customer.public_id, "client:cli_shop")
    assert entry.notice == notice_of("marketing_email")
    assert (state.state, state.allowed, state.reason, state.event) == ("granted", True, "consent_valid", entry)
    assert recorded.outcomes[0].decision.allowed
    assert "marketing_email" in allowed(customer)
    assert customer.consent_ref == entry.pk
    assert customer.consent_until == state.valid_until == NOON.replace(year=2029)
    assert AuditEntry.objects.get().changes == {"marketing_email": ["none", "granted"]}
    message = OutboxMessage.objects.get()
    assert (message.topic, message.subject) == ("consent.granted", customer.public_id)
    assert message.payload["purposes"] == [
        {"purpose": "marketing_email", "event": "granted", "seq": 1, "allowed": True}
    ]


def test_record_consent__yes_without_notice__is_stored_and_allows_nothing(make_customer):
    customer = make_customer()

    recorded = record_consent(customer=customer, entries=[yes(notice_version=None, locale="")], by=SHOP, now=NOON)

    assert recorded.outcomes[0].state is State.GRANTED
    assert recorded.outcomes[0].decision.reason is Reason.CONSENT_UNPROVEN
    assert "marketing_email" not in allowed(customer)


def test_record_consent__withdrawal__clears_the_bit_and_tells(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)

    record_consent(customer=customer, entries=[no()], by=SHOP, now=NOON + HOUR)

    assert "marketing_email" not in allowed(customer)
    assert customer.consent_until is None
    assert OutboxMessage.objects.order_by("id").last().topic == "consent.withdrawn"
    first, second = ConsentEvent.objects.order_by("seq")
    assert second.previous_hash == first.hash


def test_record_consent__opt_out_place__allows_mail_by_silence_but_not_tracking(make_customer):
    customer = make_customer(country="US", region="US-CA")

    found = allowed(customer)

    assert "marketing_email" in found
    assert "analytics" not in found


def test_record_consent__same_again_within_a_day__adds_no_entry(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)

    again = record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON + HOUR)
    later = record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON + timedelta(days=2))

    assert not again.outcomes[0].recorded
    assert later.outcomes[0].recorded
    assert ConsentEvent.objects.count() == 2


def test_record_consent__yes_older_than_a_no__is_history_and_changes_nothing(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[no()], by=SHOP, now=NOON)

    recorded = record_consent(customer=customer, entries=[yes(occurred_at=NOON - HOUR)], by=SHOP, now=NOON + HOUR)

    assert recorded.outcomes[0].state is State.WITHDRAWN
    assert ConsentEvent.objects.count() == 2
    assert "marketing_email" not in allowed(customer)


def test_record_consent__import_after_a_refusal__is_refused_and_nothing_is_stored(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[no(event="refused")], by=SHOP, now=NOON)

    with pytest.raises(Conflict, match="never replaces what the person has told us") as refusal:
        record_consent(customer=customer, entries=[yes("analytics"), yes(event="imported")], by=SHOP, now=NOON + HOUR)

    assert refusal.value.param == "purposes[1].event"
    assert ConsentEvent.objects.count() == 1
    assert OutboxMessage.objects.count() == AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("entry", "param"),
    [
        (yes("unheard_of"), "purpose"),
        (yes(event="shouted"), "event"),
        (yes(basis="whim"), "basis"),
        (yes(notice_version=9), "notice"),
        (yes(notice="ntc_none", notice_version=None), "notice"),
        (yes(occurred_at=NOON + HOUR), "occurred_at"),
        (yes(valid_until=NOON - HOUR), "valid_until"),
        (yes(evidence={"comment": "x"}), "evidence.comment"),
        (yes(evidence={"reference": "jane.doe@example.com"}), "evidence.reference"),
        (yes(evidence={"wording_sha256": "0" * 64}), "evidence.wording_sha256"),
    ],
)
def test_record_consent__nonsense__is_refused_with_the_field_and_nothing_is_stored(make_customer, entry, param):
    customer = make_customer()

    with pytest.raises(InvalidInput) as refusal:
        record_consent(customer=customer, entries=[entry], by=SHOP, now=NOON)

    assert refusal.value.param == f"purposes[0].{param}"
    assert not ConsentEvent.objects.exists()
    assert not OutboxMessage.objects.exists()


@pytest.mark.parametrize("count", [0, 51])
def test_record_consent__none_or_too_many_entries__is_refused(make_customer, count):
    customer = make_customer()

    with pytest.raises(InvalidInput, match="1 to 50"):
        record_consent(customer=customer, entries=[yes()] * count, by=SHOP, now=NOON)

    assert not ConsentEvent.objects.exists()


def test_record_consent__deleted_customer__is_not_found(make_customer):
    customer = make_customer(status="deleted", deleted_at=NOON)

    with pytest.raises(NotFound):
        record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)

    assert not ConsentEvent.objects.exists()


def test_record_consents_bulk__one_bad_person__leaves_the_others_and_her_page_untouched(make_customer):
    good, bad = make_customer(), make_customer()

    results = record_consents_bulk(
        people=[
            PersonEntries(bad.pk, [yes("analytics"), yes("unheard_of")]),
            PersonEntries(good.pk, [yes(), yes("analytics")]),
            PersonEntries(0, [yes()]),
        ],
        by=SHOP,
        now=NOON,
    )

    assert isinstance(results[0], InvalidInput)
    assert results[1].public_id == good.public_id
    assert isinstance(results[2], NotFound)
    assert set(ConsentEvent.objects.values_list("customer_id", "seq")) == {(good.pk, 1), (good.pk, 2)}
    assert "analytics" not in allowed(bad)


def test_record_consents_bulk__one_person_or_fifty__takes_the_same_number_of_statements(
    make_customer, django_assert_num_queries
):
    people = [PersonEntries(make_customer().pk, [yes(), yes("analytics")]) for _ in range(51)]
    catalogue()

    with django_assert_num_queries(7):
        record_consents_bulk(people=people[:1], by=SHOP, now=NOON)
    with django_assert_num_queries(7):
        record_consents_bulk(people=people[1:], by=SHOP, now=NOON)

    assert ConsentEvent.objects.count() == 102
    assert not list(broken_chains())


@pytest.mark.django_db(transaction=True)
def test_record_consent__24_first_writers_at_once__lose_no_withdrawal(make_customer):
    for _ in range(5):
        customer = make_customer()
        start = Barrier(24)
        threads = [Thread(target=_write, args=(customer, number, start)) for number in range(24)]

        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        events = list(ConsentEvent.objects.filter(customer=customer).order_by("seq"))
        assert [event.seq for event in events] == list(range(1, 25))
        assert sum(event.event == "withdrawn" for event in events) == 1
        assert ConsentState.objects.get(customer=customer).state == "withdrawn"
        assert "marketing_email" not in allowed(customer)
        assert not list(broken_chains())


def _write(customer: Customer, number: int, start: Barrier) -> None:
    """Number 0 withdraws, after all the others have agreed; who gets the lock first is chance."""
    at = NOON + timedelta(seconds=24 - number)
    entry = replace(no() if number == 0 else yes(), source=f"writer-{number}")
    start.wait()
    try:
        record_consent(customer=customer, entries=[entry], by=SHOP, now=at)
    finally:
        connection.close()
