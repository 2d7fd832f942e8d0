"""Asking the past, asking for another place, asking for a whole list."""

from datetime import timedelta

import pytest

from consent.selectors.decisions import explain, may_process_customer, may_process_queryset
from consent.services.consent import record_consent
from core.errors import InvalidInput
from customers.models import Customer
from tests.consent.conftest import NOON, SHOP, no, yes

DAY = timedelta(days=1)


def ask(customer, at, known_at=None, purpose="marketing_email", **more):
    """(allowed, reason, seq) at a moment."""
    answer = may_process_customer(customer=customer, purpose=purpose, at=at, known_at=known_at or at, **more)
    return answer.decision.allowed, answer.decision.reason.value, answer.decision.ledger_seq


def test_may_process__before_between_and_after__follows_the_ledger(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)
    record_consent(customer=customer, entries=[no()], by=SHOP, now=NOON + 2 * DAY)

    assert ask(customer, NOON - DAY) == (False, "consent_missing", None)
    assert ask(customer, NOON) == (True, "consent_valid", 1)
    assert ask(customer, NOON + DAY) == (True, "consent_valid", 1)
    assert ask(customer, NOON + 2 * DAY) == (False, "withdrawn", 2)


def test_may_process__withdrawal_recorded_late__could_not_be_known_then(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[yes()], by=SHOP, now=NOON)
    record_consent(customer=customer, entries=[no(occurred_at=NOON + DAY)], by=SHOP, now=NOON + 3 * DAY)

    at = NOON + 2 * DAY

    assert ask(customer, at) == (True, "consent_valid", 1)
    assert ask(customer, at, known_at=NOON + 4 * DAY) == (False, "withdrawn", 2)


def test_may_process__after_the_end__is_expired_without_any_sweep(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[yes(valid_until=NOON + DAY)], by=SHOP, now=NOON)

    assert ask(customer, NOON + DAY) == (False, "consent_expired", 1)


def test_may_process__another_place__answers_by_its_rule(make_customer):
    customer = make_customer()

    assert ask(customer, NOON, place="US-CA") == (True, "opt_out_regime", None)


def test_may_process__unknown_purpose__is_refused(make_customer):
    with pytest.raises(InvalidInput):
        ask(make_customer(), NOON, purpose="unheard_of")


def test_explain__all_purposes__takes_two_queries(make_customer, django_assert_num_queries):
    customer = make_customer()
    record_consent(customer=customer, entries=[yes(), yes("analytics")], by=SHOP, now=NOON)

    with django_assert_num_queries(2):
        answers = explain(customer=customer, at=NOON, known_at=NOON)

    assert [a.use.key for a in answers if a.decision.allowed] == [
        "service",
        "analytics",
        "marketing_email",
        "marketing_post",
    ]
    assert all(a.decision.why for a in answers)


def test_queryset__allowed_people__are_those_with_the_bit_and_nobody_run_out(make_customer):
    agreed, silent, ending = make_customer(), make_customer(), make_customer()
    record_consent(customer=agreed, entries=[yes()], by=SHOP, now=NOON)
    record_consent(customer=ending, entries=[yes(valid_until=NOON + DAY)], by=SHOP, now=NOON)

    now = set(may_process_queryset(purpose="marketing_email", now=NOON))
    later = set(may_process_queryset(purpose="marketing_email", now=NOON + DAY))

    assert (now, later) == ({agreed, ending}, {agreed})
    assert silent in set(may_process_queryset(purpose="service", now=NOON))


def test_projection__whatever_is_recorded__agrees_with_the_decision(make_customer):
    people = [make_customer(), make_customer(country="US", region="US-CA"), make_customer(country="")]
    for customer in people:
        record_consent(
            customer=customer, entries=[yes(), no("marketing_post", "objected"), yes("analytics")], by=SHOP, now=NOON
        )

    for customer in Customer.objects.all():
        allowed = {a.use.bit for a in explain(customer=customer, at=NOON, known_at=NOON) if a.decision.allowed}
        assert customer.consent_mask == sum(1 << bit for bit in allowed)
