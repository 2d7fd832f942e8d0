"""Linking identifiers and absorbing visitors."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput
from core.models import OutboxMessage
from customers.models import Customer, Identity, TagOrigin
from customers.selectors.customers import all_ids, find_customer
from customers.services import guards
from customers.services.customers import create_customer, delete_customer
from customers.services.identities import ensure_anonymous, link_identity
from customers.services.purchases import NewPurchase, record_purchase
from customers.services.tags import replace_tags

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def known(external_id="12345", **more):
    return create_customer(properties={"external_id": external_id} | more, by=SYSTEM, now=NOON)


def visitor(anonymous_id="anon-1"):
    pk = ensure_anonymous(anonymous_ids=[anonymous_id], by=SYSTEM, now=NOON)[anonymous_id]
    return Customer.objects.get(pk=pk)


def test_ensure_anonymous__unknown_ids__become_visitors_once_and_silently():
    first = ensure_anonymous(anonymous_ids=["a1", "a2"], by=SYSTEM, now=NOON)
    again = ensure_anonymous(anonymous_ids=["a2", "a3"], by=SYSTEM, now=NOON)

    assert first["a2"] == again["a2"]
    assert Customer.objects.filter(is_known=False).count() == 3
    assert not Customer.objects.known().exists()
    assert not OutboxMessage.objects.exists()


def test_link_identity__visitor_of_a_known_customer__is_absorbed_with_tags_and_orders():
    customer, guest = known(), visitor()
    replace_tags(customer=guest, tags=["curious"], origin=TagOrigin.RULE, by=SYSTEM, now=NOON)
    record_purchase(
        purchase=NewPurchase(guest.pk, "o1", Decimal("12.50"), "EUR", NOON), source="shop", by=SYSTEM, now=NOON
    )
    calls = []
    part = guards.MergePart("test", lambda pair, by, now: calls.append((pair.absorbed_id, pair.into_id)) or {}, print)
    guards.register_merge_part(part=part)

    result = link_identity(customer=customer, kind="anonymous_id", value="anon-1", by=SYSTEM, now=NOON)
    guards._parts.pop("test")

    assert result.pk == customer.pk
    assert all_ids(customer) == [customer.pk, guest.pk]
    assert find_customer(reference=guest.public_id) == customer
    assert Identity.objects.get(kind="anonymous_id").customer_id == customer.pk
    assert (result.orders_count, result.orders_total) == (1, Decimal("12.50"))
    assert [tag.tag.name for tag in result.customer_tags.all()] == ["curious"]
    assert calls == [(guest.pk, customer.pk)]


def test_link_identity__twice__changes_nothing_more():
    customer, _ = known(), visitor()
    link_identity(customer=customer, kind="anonymous_id", value="anon-1", by=SYSTEM, now=NOON)
    count = OutboxMessage.objects.count()

    link_identity(customer=customer, kind="anonymous_id", value="anon-1", by=SYSTEM, now=NOON)

    assert OutboxMessage.objects.count() == count


def test_link_identity__visitor_with_a_free_email__becomes_that_customer():
    guest = visitor()

    result = link_identity(customer=guest, kind="email", value="Jane@Example.com", by=SYSTEM, now=NOON)

    assert (result.pk, result.is_known, result.email) == (guest.pk, True, "jane@example.com")
    assert OutboxMessage.objects.get().topic == "customer.created"


def test_link_identity__visitor_with_a_known_external_id__is_absorbed_by_its_owner():
    customer, guest = known(), visitor()

    result = link_identity(customer=guest, kind="external_id", value="12345", by=SYSTEM, now=NOON)

    assert result.pk == customer.pk
    assert Customer.objects.get(pk=guest.pk).merged_into_id == customer.pk


def test_link_identity__second_email__is_kept_beside_the_first():
    customer = known(email="jane@example.com")

    result = link_identity(customer=customer, kind="email", value="work@example.com", by=SYSTEM, now=NOON)

    assert result.email == "jane@example.com"
    assert Identity.objects.filter(customer=customer, kind="email").count() == 2


def test_link_identity__identifier_of_another_known_customer__is_refused_and_nothing_moves():
    customer, other = known(), known("67890", email="other@example.com")

    with pytest.raises(Conflict) as refusal:
        link_identity(customer=customer, kind="email", value="other@example.com", by=SYSTEM, now=NOON)

    assert refusal.value.code == "duplicate_email"
    assert Identity.objects.get(kind="email").customer_id == other.pk


def test_link_identity__blocked_value__is_refused():
    with pytest.raises(InvalidInput) as refusal:
        link_identity(customer=known(), kind="anonymous_id", value="undefined", by=SYSTEM, now=NOON)

    assert refusal.value.code == "blocked_value"


def test_delete_customer__with_an_absorbed_visitor__erases_both():
    customer, guest = known(), visitor()
    link_identity(customer=customer, kind="anonymous_id", value="anon-1", by=SYSTEM, now=NOON)

    delete_customer(customer=customer, reason="asked", by=SYSTEM, now=NOON)

    assert set(Customer.objects.values_list("status", flat=True)) == {"deleted"}
    assert not Identity.objects.exists()
    assert guest.pk != customer.pk
