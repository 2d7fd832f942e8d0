"""Asking for a merge, approving, refusing, expiring, undoing; and merging by a shared identifier."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from core.actors import SYSTEM, Actor, ActorKind
from core.errors import Conflict, Forbidden, InvalidInput, InvalidState
from core.models import AuditEntry, OutboxMessage
from customers.models import Customer, Identity, Merge, MergeImage, MergeState, Purchase, TagOrigin
from customers.selectors.customers import find_customer, ids_by_reference, tag_names
from customers.selectors.merges import preview_merge
from customers.services import merging
from customers.services.attributes import define_attribute
from customers.services.customers import (
    UpsertInput,
    create_customer,
    delete_customer,
    update_customer,
    upsert_customers,
)
from customers.services.identities import ensure_anonymous, link_identity
from customers.services.merges import (
    approve_merge,
    expire_merges,
    forget_images,
    refuse_merge,
    request_merge,
    resume_moves,
    undo_merge,
)
from customers.services.purchases import NewPurchase, record_purchase, record_purchases
from customers.services.tags import change_tags, replace_tags

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ANN = Actor(kind=ActorKind.STAFF, id="usr_ann")
BOB = Actor(kind=ActorKind.STAFF, id="usr_bob")


def known(**properties):
    """A stored customer."""
    return create_customer(properties=properties, by=SYSTEM, now=NOON)


def fresh(customer):
    """As it is stored now."""
    return Customer.objects.get(pk=customer.pk)


def asked(survivor, absorbed):
    """A merge that waits."""
    return request_merge(survivor=survivor, absorbed=absorbed, reason="same person", by=ANN, now=NOON)


def merged(survivor, absorbed):
    """A merge that two people made."""
    return approve_merge(merge=asked(survivor, absorbed), by=BOB, now=NOON)


@pytest.fixture
def jane():
    """A customer with an external id."""
    return known(external_id="12345", first_name="Jane")


@pytest.fixture
def twin():
    """Her other profile."""
    return known(email="jane@example.com", last_name="Doe", country="DE")


def test_request_merge__two_known_customers__waits_and_moves_nothing(jane, twin):
    merge = asked(jane, twin)

    assert (merge.state, merge.expires_at) == (MergeState.REQUESTED, NOON + timedelta(days=7))
    assert fresh(twin).merged_into_id is None
    assert OutboxMessage.objects.filter(topic="merge.requested", subject=merge.public_id).exists()


def test_request_merge__visitor__is_absorbed_at_once(jane):
    pk = ensure_anonymous(anonymous_ids=["a-1"], by=SYSTEM, now=NOON)["a-1"]

    merge = asked(jane, Customer.objects.get(pk=pk))

    assert merge.state == MergeState.DONE
    assert Customer.objects.get(pk=pk).merged_into_id == jane.pk


def test_request_merge__itself_gone_or_twice__is_refused(jane, twin):
    with pytest.raises(InvalidInput):
        asked(jane, jane)
    asked(jane, twin)
    with pytest.raises(Conflict) as waiting:
        asked(twin, jane)
    gone = known(email="gone@example.com")
    delete_customer(customer=gone, reason="asked", by=SYSTEM, now=NOON)
    with pytest.raises(InvalidState):
        asked(known(email="x@example.com"), gone)

    assert waiting.value.code == "merge_waiting"
    assert Merge.objects.count() == 1


def test_request_merge__too_many_identifiers_together__is_refused(jane, twin, settings):
    settings.IDENTITY_LIMITS = {"email": 1}
    other = known(email="two@example.com")

    with pytest.raises(Conflict) as refusal:
        asked(twin, other)

    assert refusal.value.code == "identifier_limit"
    assert not Merge.objects.exists()


def test_approve_merge__by_whoever_asked__is_refused_and_nothing_moves(jane, twin):
    merge = asked(jane, twin)

    with pytest.raises(Forbidden) as refusal:
        approve_merge(merge=merge, by=ANN, now=LATER)

    assert refusal.value.code == "second_person_required"
    assert fresh(twin).merged_into_id is None


def test_merge__same_person_for_both_steps__is_refused_by_the_database(jane, twin):
    merge = asked(jane, twin)

    with pytest.raises(IntegrityError), transaction.atomic():
        Merge.objects.filter(pk=merge.pk).update(state=MergeState.DONE, decided_by=str(ANN))


def test_approve_merge__by_another__makes_them_one(jane, twin):
    replace_tags(customer=twin, tags=["vip"], origin=TagOrigin.RULE, by=SYSTEM, now=NOON)
    bought = NewPurchase(twin.pk, "o1", Decimal("12.50"), "EUR", NOON)
    record_purchase(purchase=bought, source="shop", by=SYSTEM, now=NOON)

    merge = approve_merge(merge=asked(jane, twin), by=BOB, now=LATER)

    result = fresh(jane)
    assert (result.email, result.first_name, result.last_name, result.country) == (
        "jane@example.com", "Jane", "Doe", "DE",
    )  # fmt: skip
    assert (result.orders_count, result.orders_total) == (1, Decimal("12.50"))
    assert tag_names(result) == ["vip"]
    assert sorted(merge.fields) == ["country", "email", "last_name"]
    assert find_customer(reference=twin.public_id) == result
    told = OutboxMessage.objects.get(topic="customer.merged")
    assert told.payload == {"merged_into": jane.public_id, "merge": merge.public_id}
    assert AuditEntry.objects.filter(action="customer.merged", target=twin.public_id, actor_id="usr_bob").exists()


def test_approve_merge__after_its_days__is_refused(jane, twin):
    merge = asked(jane, twin)

    with pytest.raises(InvalidState, match="in time"):
        approve_merge(merge=merge, by=BOB, now=NOON + timedelta(days=8))

    assert fresh(twin).merged_into_id is None


def test_approve_merge__one_deleted_meanwhile__is_refused(jane, twin):
    merge = asked(jane, twin)
    delete_customer(customer=twin, reason="asked", by=SYSTEM, now=NOON)

    with pytest.raises(Conflict):
        approve_merge(merge=merge, by=BOB, now=LATER)


def test_refuse_merge__then_approve__is_over(jane, twin):
    merge = refuse_merge(merge=asked(jane, twin), reason="sisters", by=BOB, now=LATER)

    with pytest.raises(InvalidState):
        approve_merge(merge=merge, by=BOB, now=LATER)
    assert merge.state == MergeState.REFUSED


def test_expire_merges__past_its_days__is_off(jane, twin):
    merge = asked(jane, twin)

    early = expire_merges(by=SYSTEM, now=LATER)
    late = expire_merges(by=SYSTEM, now=NOON + timedelta(days=7))

    assert (early, late) == (0, 1)
    assert Merge.objects.get(pk=merge.pk).state == MergeState.EXPIRED


def test_undo_merge__after_changes__new_values_stay_with_the_survivor(jane, twin):
    define_attribute(key="plan", value_type="text", values={"purpose": "billing"}, by=SYSTEM, now=NOON)
    update_customer(customer=twin, properties={"attributes": {"plan": "pro"}}, by=SYSTEM, now=NOON)
    merge = merged(jane, fresh(twin))
    update_customer(customer=jane, properties={"last_name": "Roe"}, by=SYSTEM, now=LATER)
    change_tags(customer_ids=[jane.pk], add=["new"], origin=TagOrigin.RULE, by=SYSTEM, now=LATER)
    bought = NewPurchase(jane.pk, "since", Decimal(5), "EUR", LATER)
    record_purchase(purchase=bought, source="shop", by=SYSTEM, now=LATER)

    undo_merge(merge=merge, reason="two people", by=ANN, now=LATER)

    one, other = fresh(jane), fresh(twin)
    assert (one.last_name, one.email, one.country, one.attributes) == ("Roe", None, "", {})
    assert (other.last_name, other.email, other.attributes) == ("Doe", "jane@example.com", {"plan": "pro"})
    assert (tag_names(one), tag_names(other)) == (["new"], [])
    assert Purchase.objects.get(order_id="since").customer_id == jane.pk
    assert OutboxMessage.objects.filter(topic="customer.unmerged", subject=twin.public_id).exists()
    assert not MergeImage.objects.exists()


def test_undo_merge__tag_of_both_taken_off_since__stays_off(jane, twin):
    for customer in (jane, twin):
        change_tags(customer_ids=[customer.pk], add=["vip"], origin=TagOrigin.RULE, by=SYSTEM, now=NOON)
    merge = merged(jane, twin)
    change_tags(customer_ids=[jane.pk], remove=["vip"], origin=TagOrigin.PERSON, by=ANN, now=LATER)

    undo_merge(merge=merge, reason="two people", by=ANN, now=LATER)

    assert (tag_names(jane), tag_names(twin)) == ([], [])


def test_undo_merge__identifier_given_up_since__stays_given_up(jane, twin):
    merge = merged(jane, twin)
    update_customer(customer=jane, properties={"email": "new@example.com"}, by=SYSTEM, now=LATER)
    known(email="jane@example.com")

    undo_merge(merge=merge, reason="two people", by=ANN, now=LATER)

    assert (fresh(jane).email, fresh(twin).email) == ("new@example.com", None)
    assert Identity.objects.filter(value="jane@example.com").count() == 1


def test_undo_merge__too_late_twice_or_erased__is_refused(jane, twin):
    merge = merged(jane, twin)
    with pytest.raises(InvalidState, match="no longer"):
        undo_merge(merge=merge, reason="late", by=ANN, now=NOON + timedelta(days=31))
    undo_merge(merge=merge, reason="two people", by=ANN, now=LATER)
    with pytest.raises(InvalidState, match="nothing to undo"):
        undo_merge(merge=merge, reason="again", by=ANN, now=LATER)
    again = merged(fresh(jane), fresh(twin))
    delete_customer(customer=fresh(jane), reason="erasure", by=SYSTEM, now=LATER)
    with pytest.raises(InvalidState, match="no longer"):
        undo_merge(merge=again, reason="too late", by=ANN, now=LATER)

    assert not MergeImage.objects.exists()
    assert set(Customer.objects.values_list("status", flat=True)) == {"deleted"}


def test_undo_merge__older_of_two__asks_for_the_later_first(jane, twin):
    first = merged(jane, twin)
    second = merged(fresh(jane), known(phone="+4930901820", country="AT"))

    with pytest.raises(InvalidState, match=second.public_id):
        undo_merge(merge=first, reason="order", by=ANN, now=LATER)
    undo_merge(merge=second, reason="order", by=ANN, now=LATER)
    undo_merge(merge=first, reason="order", by=ANN, now=LATER)

    assert not Customer.objects.filter(merged_into__isnull=False).exists()


def test_undo_merge__survivor_absorbed_since__asks_for_that_first(jane, twin):
    first = merged(jane, twin)
    second = merged(known(external_id="9"), fresh(jane))

    with pytest.raises(InvalidState, match="later merges"):
        undo_merge(merge=first, reason="order", by=ANN, now=LATER)
    undo_merge(merge=second, reason="order", by=ANN, now=LATER)
    undo_merge(merge=first, reason="order", by=ANN, now=LATER)

    assert (fresh(twin).email, fresh(jane).email) == ("jane@example.com", None)


def test_undo_merge__visitor_recognised_by_mistake__is_a_visitor_again(jane):
    pk = ensure_anonymous(anonymous_ids=["a-1"], by=SYSTEM, now=NOON)["a-1"]
    link_identity(customer=jane, kind="anonymous_id", value="a-1", by=SYSTEM, now=NOON)

    undo_merge(merge=Merge.objects.get(absorbed=pk), reason="shared tablet", by=ANN, now=LATER)

    assert Identity.objects.get(kind="anonymous_id").customer_id == pk
    assert Customer.objects.get(pk=pk).merged_into_id is None


def test_merge__long_history__moves_in_pieces_and_back(jane, twin, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(merging, "PIECE", 2)
    orders = [NewPurchase(twin.pk, f"o{number}", Decimal(1), "EUR", NOON) for number in range(7)]
    record_purchases(purchases=orders, source="shop", by=SYSTEM, now=NOON)

    merge = merged(jane, twin)
    assert merge.moving
    with pytest.raises(InvalidState, match="still moving"):
        undo_merge(merge=merge, reason="early", by=ANN, now=LATER)
    while merging.move_history(merge_id=merge.public_id, now=LATER):
        pass
    over = fresh(jane).orders_count
    undo_merge(merge=merge, reason="two people", by=ANN, now=LATER)
    while merging.move_history(merge_id=merge.public_id, now=LATER):
        pass

    assert (over, fresh(jane).orders_count, fresh(twin).orders_count) == (7, 0, 7)
    assert not MergeImage.objects.exists()


def test_resume_moves__a_history_that_stopped__moves_on(jane, twin, monkeypatch):
    monkeypatch.setattr(merging, "PIECE", 1)
    orders = [NewPurchase(twin.pk, f"o{number}", Decimal(1), "EUR", NOON) for number in range(4)]
    record_purchases(purchases=orders, source="shop", by=SYSTEM, now=NOON)
    merged(jane, twin)

    assert resume_moves(now=NOON + timedelta(minutes=4)) == 0
    assert resume_moves(now=NOON + timedelta(minutes=6)) == 1


def test_forget_images__after_the_days__are_gone(jane, twin):
    merged(jane, twin)

    early = forget_images(now=NOON + timedelta(days=29))
    late = forget_images(now=NOON + timedelta(days=30))

    assert early == 0
    assert late > 0
    assert not MergeImage.objects.exists()


def test_link_identity__shared_email_and_no_objection__merges_the_two(jane, twin):
    result = link_identity(customer=jane, kind="email", value="jane@example.com", by=SYSTEM, now=LATER)

    merge = Merge.objects.get()
    assert (result.pk, result.email) == (jane.pk, "jane@example.com")
    assert (merge.origin, merge.identifier, merge.state) == ("shared_identifier", "email", MergeState.DONE)
    assert fresh(twin).merged_into_id == jane.pk


def test_link_identity__guard_objects__is_refused_and_nothing_moves(jane):
    other = known(external_id="67890", email="other@example.com")

    with pytest.raises(Conflict) as refusal:
        link_identity(customer=jane, kind="email", value="other@example.com", by=SYSTEM, now=LATER)

    assert refusal.value.code == "duplicate_email"
    assert fresh(other).merged_into_id is None
    assert not Merge.objects.exists()


def test_link_identity__parted_by_people_before__is_refused(jane, twin):
    undo_merge(merge=merged(jane, twin), reason="two people", by=ANN, now=LATER)

    with pytest.raises(Conflict):
        link_identity(customer=fresh(jane), kind="email", value="jane@example.com", by=SYSTEM, now=LATER)

    assert fresh(twin).merged_into_id is None


def test_link_identity__merging_switched_off__is_refused(jane, twin, settings):
    settings.IDENTITY_AUTO_MERGE = False

    with pytest.raises(Conflict):
        link_identity(customer=jane, kind="email", value="jane@example.com", by=SYSTEM, now=LATER)


def test_link_identity__beyond_the_limit__is_refused_and_not_claimed(jane, settings):
    settings.IDENTITY_LIMITS = {"device_id": 1}
    link_identity(customer=jane, kind="device_id", value="tablet-1", by=SYSTEM, now=NOON)

    with pytest.raises(Conflict) as refusal:
        link_identity(customer=jane, kind="device_id", value="tablet-2", by=SYSTEM, now=NOON)

    assert refusal.value.code == "identifier_limit"
    assert list(Identity.objects.filter(kind="device_id").values_list("value", flat=True)) == ["tablet-1"]


def test_identifiers__blocked_by_setting__are_refused_at_every_door(jane, settings):
    settings.IDENTITY_BLOCKED_VALUES = ["Counter@example.com"]

    with pytest.raises(InvalidInput):
        known(email="counter@example.com")
    with pytest.raises(InvalidInput):
        link_identity(customer=jane, kind="email", value="counter@example.com", by=SYSTEM, now=NOON)

    assert not Identity.objects.filter(kind="email").exists()


def test_upsert__by_the_absorbed_external_id__finds_the_survivor_and_keeps_her_own(jane):
    merged(jane, known(external_id="67890"))

    inputs = [UpsertInput("67890", {"language": "de"})]
    drafts = upsert_customers(id_property="external_id", inputs=inputs, by=SYSTEM, now=LATER)

    assert (drafts[0].refusal, drafts[0].public_id) == (None, jane.public_id)
    assert (fresh(jane).external_id, fresh(jane).language) == ("12345", "de")
    assert ids_by_reference(["67890", "12345"]) == {"67890": jane.pk, "12345": jane.pk}


def test_preview_merge__two_profiles__says_what_would_happen(jane, twin, django_assert_max_num_queries):
    with django_assert_max_num_queries(14):
        preview = preview_merge(survivor=jane, absorbed=twin, now=NOON)

    taken = [choice.field for choice in preview.choices if choice.winner == "absorbed"]
    assert taken == ["email", "last_name", "country"]
    assert preview.counts["Identifiers"] == (1, 1)
    assert preview.counts["Events"] == (0, 0)
    assert {line.purpose for line in preview.consents} >= {"marketing_email", "analytics"}
    assert not preview.objections
