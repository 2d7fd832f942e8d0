"""Global Privacy Control becomes an opt-out of sale and sharing, once."""

from datetime import timedelta

import pytest

from consent.models import ConsentEvent, ConsentState
from consent.selectors.decisions import may_process_customer
from consent.services.consent import record_consent
from consent.services.gpc import apply_gpc
from core.models import AuditEntry, OutboxMessage
from tests.consent.conftest import NOON, SHOP, yes

LATER = NOON + timedelta(days=1)


def may(customer, purpose="sale_share", at=LATER):
    """The answer code for a purpose."""
    customer.refresh_from_db()
    return may_process_customer(customer=customer, purpose=purpose, at=at, known_at=at).decision.reason.value


def test_apply_gpc__first_signal__opts_out_of_sale_and_ads_and_tells(make_customer):
    customer = make_customer(country="US", region="US-CA")

    new = apply_gpc(customer_ids=[customer.pk], by=SHOP, now=NOON)

    customer.refresh_from_db()
    assert new == 1
    assert customer.gpc_first_seen_at == NOON
    assert set(ConsentEvent.objects.values_list("purpose__key", "event", "source")) == {
        ("sale_share", "opted_out", "gpc"),
        ("targeted_ads", "opted_out", "gpc"),
    }
    assert ConsentEvent.objects.first().evidence == {"gpc": True}
    assert set(OutboxMessage.objects.values_list("topic", flat=True)) == {"consent.withdrawn", "consent.gpc_received"}
    assert AuditEntry.objects.get().action == "consent.gpc_received"


def test_apply_gpc__every_further_signal__changes_nothing_and_costs_one_query(make_customer, django_assert_num_queries):
    customer = make_customer()
    apply_gpc(customer_ids=[customer.pk], by=SHOP, now=NOON)

    with django_assert_num_queries(1):
        again = apply_gpc(customer_ids=[customer.pk], by=SHOP, now=LATER)

    assert again == 0
    assert ConsentEvent.objects.count() == 2


def test_apply_gpc__first_party_mail__stays_allowed(make_customer):
    customer = make_customer(country="US", region="US-CA")

    apply_gpc(customer_ids=[customer.pk], by=SHOP, now=NOON)

    assert may(customer, "marketing_email") == "opt_out_regime"
    assert may(customer) == "opted_out"


def test_apply_gpc__yes_given_before__is_outweighed_and_a_yes_naming_the_conflict_counts(make_customer):
    customer = make_customer()
    record_consent(customer=customer, entries=[yes("sale_share")], by=SHOP, now=NOON - timedelta(days=30))
    assert may(customer, at=NOON) == "consent_valid"

    apply_gpc(customer_ids=[customer.pk], by=SHOP, now=NOON)
    after_signal = may(customer)
    plain = yes("sale_share", occurred_at=LATER - timedelta(hours=2))
    record_consent(customer=customer, entries=[plain], by=SHOP, now=LATER)
    plain_yes = may(customer)
    named = yes("sale_share", evidence={"conflict_prompt": True})
    record_consent(customer=customer, entries=[named], by=SHOP, now=LATER)
    apply_gpc(customer_ids=[customer.pk], by=SHOP, now=LATER)

    assert (after_signal, plain_yes, may(customer)) == ("opted_out", "gpc_opt_out", "consent_valid")


def test_apply_gpc__many_people__takes_the_same_number_of_statements(
    make_customer, django_assert_num_queries, django_assert_max_num_queries
):
    people = [make_customer().pk for _ in range(21)]

    with django_assert_max_num_queries(20) as few:
        apply_gpc(customer_ids=people[:1], by=SHOP, now=NOON)
    with django_assert_num_queries(len(few)):
        apply_gpc(customer_ids=people[1:], by=SHOP, now=NOON)

    assert ConsentState.objects.filter(state="opted_out").count() == 42


def test_apply_gpc__nobody_named__does_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert apply_gpc(customer_ids=[], by=SHOP, now=NOON) == 0


@pytest.mark.parametrize("status", ["deleted"])
def test_apply_gpc__tombstone__is_left_alone(make_customer, status):
    customer = make_customer(status=status, deleted_at=NOON)

    assert apply_gpc(customer_ids=[customer.pk], by=SHOP, now=NOON) == 0
    assert not ConsentEvent.objects.exists()
