"""The example in the documentation of each operator is taken, counted, said in words, and means what it says."""

from datetime import UTC, datetime, timedelta

import pytest

from consent.models import ConsentState
from consent.services.consent import ConsentEntry, record_consent
from consent.services.gpc import apply_gpc
from consent.services.masks import recompute_masks
from core.actors import SYSTEM
from customers.models import Customer, Identity, Purchase, Segment, SegmentMember, TagOrigin
from customers.rules.segments.operators import ALL
from customers.selectors.segments.preview import count_rule
from customers.selectors.segments.registry import grammar, segment_criteria
from customers.services.attributes import define_attribute
from customers.services.segments import change_members, define_segment
from customers.services.tags import put_tags
from engagement.selectors.catalogue import forget_event_catalogue
from tests.engagement.support import store_event

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
EXPECTED = {
    "is": "ana",
    "is_not": "bo cy",
    "is_one_of": "ana bo",
    "is_none_of": "cy",
    "contains": "ana",
    "does_not_contain": "bo cy",
    "starts_with": "cy",
    "ends_with": "ana",
    "is_set": "bo",
    "is_not_set": "ana cy",
    "equals": "ana",
    "does_not_equal": "bo cy",
    "more_than": "ana",
    "at_least": "ana",
    "less_than": "bo cy",
    "at_most": "bo cy",
    "between": "ana bo",
    "top_percent": "ana",
    "bottom_percent": "bo",
    "is_true": "cy",
    "is_false": "ana bo",
    "before": "cy",
    "after": "ana bo",
    "on": "ana",
    "between_dates": "ana bo",
    "within_last": "ana",
    "longer_ago_than": "bo",
    "within_next": "bo",
    "anniversary_within": "bo",
    "has_any": "ana bo",
    "has_all": "ana",
    "has_none": "cy",
    "member_of": "bo",
    "not_member_of": "ana cy",
    "is_allowed": "ana cy",
    "is_not_allowed": "bo",
    "state_is_one_of": "ana",
    "followed_by": "ana",
    "not_followed_by": "bo",
    "changed": "bo",
    "changed_to": "bo",
    "changed_from_to": "bo",
}


def somebody(name, **facts):
    created = {"created_at": NOW - timedelta(days=facts.pop("days")), "updated_at": NOW}
    row = Customer.objects.create(public_id=f"cus_{name:0>22}", first_name=name, **created, **facts)
    recompute_masks(customer_ids=[row.pk], now=NOW)
    return row


@pytest.fixture
def cast():
    forget_event_catalogue()
    define_attribute(key="renews_on", value_type="date", values={"purpose": "contract"}, by=SYSTEM, now=NOW)
    ana = somebody(
        "ana",
        days=10,
        country="DE",
        created_via="import:people.csv",
        orders_count=2,
        orders_total=300,
        birth_date="1990-02-14",
        last_seen_at=NOW - timedelta(days=2),
    )
    bo = somebody(
        "bo",
        days=60,
        country="DE",
        orders_count=1,
        orders_total=20,
        birth_date="1985-03-15",
        last_seen_at=NOW - timedelta(days=90),
        attributes={"renews_on": "2026-03-20"},
    )
    cy = somebody("cy", days=400, country="US", region="US-CA", status="inactive")
    Customer.objects.filter(pk=bo.pk).update(country="FR", updated_at=NOW - timedelta(days=3))
    Identity.objects.create(customer=ana, kind="email", value="ana@example.com")
    Identity.objects.create(customer=bo, kind="phone", value="+491701234567")
    put_tags(
        pairs=[(ana.pk, "vip"), (ana.pk, "newsletter"), (bo.pk, "vip")], origin=TagOrigin.PERSON, by=SYSTEM, now=NOW
    )
    for number, row in enumerate((ana, ana, bo)):
        Purchase.objects.create(
            public_id=f"pur_{number}",
            customer=row,
            order_id=str(number),
            amount=10,
            currency="EUR",
            purchased_at=NOW - timedelta(days=20),
            source="test",
            created_at=NOW,
        )
    yes = ConsentEntry(
        purpose="marketing_email",
        event="granted",
        source="web_form",
        notice_version=1,
        locale="de",
        evidence={"doi_done": True},
    )
    record_consent(customer=ana, entries=[yes], by=SYSTEM, now=NOW)
    apply_gpc(customer_ids=[cy.pk], by=SYSTEM, now=NOW)
    ConsentState.objects.filter(customer=cy).delete()
    for row, days, kind in ((ana, 10, 2), (ana, 9, 9), (bo, 10, 2), (bo, 5, 9), (cy, 1, 2)):
        store_event(customer_id=row.pk, at=NOW - timedelta(days=days), type_id=kind)
    loyal = define_segment(name="Loyal", kind="static", by=SYSTEM, now=NOW)
    change_members(segment=loyal, add=[bo.pk], by=SYSTEM, now=NOW)
    return {ana.pk: "ana", bo.pk: "bo", cy.pk: "cy"}


@pytest.mark.parametrize("operator", ALL, ids=[operator.name for operator in ALL])
def test_operator__its_documented_example__means_what_it_says(cast, operator):
    using = grammar()
    node = using.read({"version": 1, "rule": dict(operator.example)})

    total, statement = count_rule(node=node, grammar=using, now=NOW)

    names = sorted(Customer.objects.raw(statement.select("c.*"), statement.parameters), key=lambda row: row.first_name)
    assert " ".join(row.first_name for row in names) == EXPECTED[operator.name]
    assert total == len(names)
    assert using.read_words(using.write_words(node)) == node


def test_offers__of_every_criterion__can_be_made_into_conditions(cast):
    using = grammar()

    for on, criterion in segment_criteria().items():
        for offer in criterion.offers():
            assert offer.label and offer.group
            members = offer.members | ({"currency": "EUR"} if on == "purchases" else {})
            using.subject_of(on, members, "")


def test_expected__names__cover_every_operator_and_use_stored_members(cast):
    assert set(EXPECTED) == {operator.name for operator in ALL}
    assert SegmentMember.objects.count() == Segment.objects.get().current.members == 1
