"""Tags: replace, add, remove; one customer or many."""

from datetime import UTC, datetime, timedelta

import pytest

from core.actors import SYSTEM
from core.errors import InvalidInput, NotFound
from core.models import AuditEntry, OutboxMessage
from customers.models import Customer, CustomerTag, Tag, TagOrigin
from customers.services.customers import create_customer
from customers.services.tags import change_tags, colour_tag, expire_tags, replace_tags

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def customer():
    return create_customer(properties={"external_id": "12345"}, by=SYSTEM, now=NOON)


def tags_of(customer):
    return sorted(CustomerTag.objects.filter(customer=customer).values_list("tag__name", flat=True))


def test_replace_tags__new_set__puts_removes_and_tells(customer):
    replace_tags(customer=customer, tags=["a", "b"], origin=TagOrigin.API, by=SYSTEM, now=NOON)

    change = replace_tags(customer=customer, tags=["b", " c ", "c"], origin=TagOrigin.PERSON, by=SYSTEM, now=LATER)

    assert (change.added, change.removed) == (("c",), ("a",))
    assert tags_of(customer) == ["b", "c"]
    assert CustomerTag.objects.get(tag__name="b").origin == TagOrigin.API
    assert Customer.objects.get().updated_at == LATER
    topics = list(OutboxMessage.objects.order_by("-id").values_list("topic", flat=True)[:2])
    assert sorted(topics) == ["customer.tag_added", "customer.tag_removed"]


def test_replace_tags__same_set__changes_nothing(customer):
    replace_tags(customer=customer, tags=["a"], origin=TagOrigin.API, by=SYSTEM, now=NOON)
    before = (OutboxMessage.objects.count(), AuditEntry.objects.count())

    change = replace_tags(customer=customer, tags=["a"], origin=TagOrigin.API, by=SYSTEM, now=LATER)

    assert (change.added, change.removed) == ((), ())
    assert Customer.objects.get().updated_at == NOON
    assert (OutboxMessage.objects.count(), AuditEntry.objects.count()) == before


@pytest.mark.parametrize("bad", [[""], ["a" * 101], ["a,b"], [7], ["4242424242424242"], [f"t{i}" for i in range(201)]])
def test_replace_tags__bad_names__are_refused_and_nothing_changes(customer, bad):
    with pytest.raises(InvalidInput):
        replace_tags(customer=customer, tags=bad, origin=TagOrigin.API, by=SYSTEM, now=NOON)

    assert tags_of(customer) == []


def test_change_tags__many_customers__takes_eleven_statements_at_most(django_assert_max_num_queries):
    ids = [create_customer(properties={"external_id": f"c{i}"}, by=SYSTEM, now=NOON).pk for i in range(30)]
    change_tags(customer_ids=ids[:10], add=["old"], origin=TagOrigin.RULE, by=SYSTEM, now=NOON)

    with django_assert_max_num_queries(11):
        changes = change_tags(
            customer_ids=ids, add=["new"], remove=["old"], origin=TagOrigin.RULE, by=SYSTEM, now=LATER
        )

    assert len(changes) == 30
    assert sum(bool(change.removed) for change in changes.values()) == 10


def test_change_tags__with_an_expiry__come_off_then_and_followers_hear_of_it(customer):
    change_tags(customer_ids=[customer.pk], add=["kept"], origin=TagOrigin.API, by=SYSTEM, now=NOON)
    change_tags(
        customer_ids=[customer.pk], add=["sale:spring"], origin=TagOrigin.RULE, by=SYSTEM, now=NOON, expires_at=LATER
    )

    early = expire_tags(by=SYSTEM, now=NOON)
    late = expire_tags(by=SYSTEM, now=LATER)

    told = OutboxMessage.objects.filter(topic="customer.tag_removed").get()
    assert (early, late, tags_of(customer)) == (0, 1, ["kept"])
    assert told.payload == {"tags": ["sale:spring"]}


def test_change_tags__put_again__keeps_its_expiry_unless_told_otherwise(customer):
    change_tags(customer_ids=[customer.pk], add=["vip"], origin=TagOrigin.API, by=SYSTEM, now=NOON, expires_at=LATER)
    change_tags(customer_ids=[customer.pk], add=["vip"], origin=TagOrigin.API, by=SYSTEM, now=NOON)
    kept = CustomerTag.objects.get().expires_at
    later = LATER + timedelta(days=1)

    change_tags(customer_ids=[customer.pk], add=["vip"], origin=TagOrigin.API, by=SYSTEM, now=NOON, expires_at=later)

    assert (kept, CustomerTag.objects.get().expires_at) == (LATER, later)


def test_change_tags__expiry_in_the_past__is_refused_and_nothing_is_put_on(customer):
    with pytest.raises(InvalidInput):
        change_tags(customer_ids=[customer.pk], add=["vip"], origin=TagOrigin.API, by=SYSTEM, now=NOON, expires_at=NOON)

    assert tags_of(customer) == []


def test_colour_tag__known_and_unknown__is_changed_or_refused(customer):
    change_tags(customer_ids=[customer.pk], add=["loyalty:gold"], origin=TagOrigin.API, by=SYSTEM, now=NOON)

    tag = colour_tag(name="loyalty:gold", colour="yellow", by=SYSTEM, now=LATER)

    assert (tag.namespace, Tag.objects.get().colour) == ("loyalty", "yellow")
    with pytest.raises(InvalidInput):
        colour_tag(name="loyalty:gold", colour="mauve", by=SYSTEM, now=LATER)
    with pytest.raises(NotFound):
        colour_tag(name="nothing", colour="red", by=SYSTEM, now=LATER)
