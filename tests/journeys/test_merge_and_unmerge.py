"""Merge, then unmerge: everybody is as before, whatever they were (a property over people, orders, events, consent)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.models import ConsentState, Suppression, SuppressionReason
from consent.selectors.decisions import explain
from consent.selectors.ledger import chain_of
from consent.services.consent import record_consent
from consent.services.entries import ConsentEntry
from consent.services.gpc import apply_gpc
from consent.services.suppression import suppress
from core.actors import SYSTEM, Actor, ActorKind
from customers.models import Customer, CustomerTag, Identity, Merge, Purchase, TagOrigin
from customers.services.customers import create_customer
from customers.services.identities import ensure_anonymous, link_identity
from customers.services.merges import approve_merge, request_merge, undo_merge
from customers.services.purchases import NewPurchase, record_purchase
from customers.services.tags import change_tags

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ANN = Actor(kind=ActorKind.STAFF, id="usr_ann")
BOB = Actor(kind=ActorKind.STAFF, id="usr_bob")
CLOCKS = {"updated_at", "xid", "consent_ref", "_state"}
PURPOSES = ("analytics", "marketing_email", "sale_share")

people = st.fixed_dictionaries(
    {
        "identifiers": st.sets(st.sampled_from(["external_id", "email", "phone"]), min_size=1),
        "first_name": st.sampled_from(["", "Jane", "Ana"]),
        "last_name": st.sampled_from(["", "Doe"]),
        "place": st.sampled_from([("", ""), ("DE", ""), ("US", "US-CA"), ("US", "")]),
        "birth_date": st.sampled_from(["", "1984-05-23", "2010-02-28"]),
        "language": st.sampled_from(["", "de"]),
        "tags": st.sets(st.sampled_from(["vip", "new", "b2b"])),
        "orders": st.integers(0, 3),
        "browser": st.booleans(),
        "gpc": st.booleans(),
        "listed": st.integers(0, 9).map(lambda number: number == 0),
        "said": st.lists(
            st.tuples(st.sampled_from(PURPOSES), st.sampled_from(["granted", "withdrawn", "objected", "requested"])),
            max_size=4,
        ),
    }
)


def make(number: int, facts: dict[str, Any]) -> Customer:
    """A stored customer with these facts."""
    values = {"external_id": f"ext-{number}", "email": f"p{number}@example.com", "phone": f"+4930123456{number}0"}
    properties = {kind: values[kind] for kind in facts["identifiers"]}
    properties |= {name: facts[name] for name in ("first_name", "last_name", "birth_date", "language")}
    properties |= {"country": facts["place"][0], "region": facts["place"][1]}
    customer = create_customer(properties=properties, by=SYSTEM, now=NOON)
    change_tags(customer_ids=[customer.pk], add=sorted(facts["tags"]), origin=TagOrigin.RULE, by=SYSTEM, now=NOON)
    for order in range(facts["orders"]):
        bought = NewPurchase(customer.pk, f"o-{number}-{order}", Decimal(order + number), "EUR", NOON)
        record_purchase(purchase=bought, source="shop", by=SYSTEM, now=NOON)
    if facts["browser"]:
        ensure_anonymous(anonymous_ids=[f"browser-{number}"], by=SYSTEM, now=NOON)
        link_identity(customer=customer, kind="anonymous_id", value=f"browser-{number}", by=SYSTEM, now=NOON)
    if facts["gpc"]:
        apply_gpc(customer_ids=[customer.pk], by=SYSTEM, now=NOON + timedelta(minutes=number))
    for step, (purpose, event) in enumerate(facts["said"]):
        notice = {"notice_version": 1, "locale": "en", "evidence": {"doi_done": True}} if event == "granted" else {}
        said = ConsentEntry(purpose=purpose, event=event, source="web", **notice)
        record_consent(customer=customer, entries=[said], by=SYSTEM, now=NOON + timedelta(minutes=step))
    if facts["listed"]:
        named = [(kind, values[kind]) for kind in facts["identifiers"]]
        suppress(identifiers=named, reason=SuppressionReason.OBJECTION, source="test", by=SYSTEM, now=NOON)
    return Customer.objects.get(pk=customer.pk)


def everything(at: datetime) -> dict[str, Any]:
    """All that is stored about anybody, less the clocks of rows."""
    customers = {
        row.pk: {name: value for name, value in vars(row).items() if name not in CLOCKS}
        for row in Customer.objects.order_by("pk")
    }
    tags = CustomerTag.objects.order_by("customer_id", "tag__name")
    states = ConsentState.objects.order_by("customer_id", "purpose_id")
    return {
        "customers": customers,
        "identities": list(Identity.objects.order_by("pk").values()),
        "tags": list(tags.values_list("customer_id", "tag__name", "origin", "created_at")),
        "purchases": list(Purchase.objects.order_by("pk").values_list("pk", "customer_id")),
        "states": list(states.values("customer_id", "purpose_id", "state", "event_id", "allowed", "reason")),
        "granted": list(states.values_list("granted_at", "valid_until")),
        "listed": list(Suppression.objects.order_by("pk").values_list("pk", "customer_id")),
        "answers": {
            row.public_id: [
                (a.use.key, a.decision.allowed, a.event_id) for a in explain(customer=row, at=at, known_at=at)
            ]
            for row in Customer.objects.order_by("pk")
        },
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=people, other=people)
def test_merge_then_unmerge__any_two_people__is_identity_and_consent_never_widens(db, one, other):
    with transaction.atomic():
        first, second = make(1, one), make(2, other)
        later = NOON + timedelta(hours=1)
        before = everything(later)
        narrower = first.consent_mask & second.consent_mask

        merge = request_merge(survivor=first, absorbed=second, reason="same person", by=ANN, now=later)
        approve_merge(merge=merge, by=BOB, now=later)
        merged = Customer.objects.get(pk=first.pk)
        undo_merge(merge=merge, reason="two people", by=ANN, now=later)

        assert merged.consent_mask & ~narrower & ~1 == 0
        assert everything(later) == before
        assert [chain_of(pk) for pk in (first.pk, second.pk)] == [None, None]
        assert Merge.objects.get(pk=merge.pk).state == "undone"
        transaction.set_rollback(True)
