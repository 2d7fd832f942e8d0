"""Merging two profiles and undoing it is identity: whatever the two had, both have again, and nothing else."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent.models import ConsentState
from consent.services.consent import record_consent
from core.actors import SYSTEM, Actor, ActorKind
from core.models import Job
from customers.models import Customer, CustomerScore, CustomerTag, Identity, Purchase, Segment, SegmentMember, TagOrigin
from customers.services.attributes import define_attribute
from customers.services.customers import create_customer
from customers.services.identities import link_identity
from customers.services.merges import approve_merge, request_merge, undo_merge
from customers.services.purchases import NewPurchase, record_purchase
from customers.services.score_runs import compute_scores, rescore
from customers.services.scores import activate_score, define_score
from customers.services.segments import change_members, define_segment
from customers.services.tags import change_tags
from tests.consent.conftest import NOON, SHOP, no, yes
from tests.engagement.support import store_event

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)
ANN, BOB = (Actor(kind=ActorKind.STAFF, id=f"usr_{name}") for name in ("ann", "bob"))
BOOKKEEPING = {"updated_at", "xid", "consent_ref"}
LIVED = st.fixed_dictionaries(
    {
        "profile": st.fixed_dictionaries(
            {},
            optional={
                "first_name": st.sampled_from(["Jane", "Ana"]),
                "country": st.sampled_from(["DE", "FR"]),
                "language": st.sampled_from(["de", "fr"]),
                "birth_date": st.sampled_from(["1984-05-23", "1990-01-01"]),
                "attributes": st.fixed_dictionaries({}, optional={"plan": st.sampled_from(["free", "pro"])}),
            },
        ),
        "browsers": st.integers(0, 2),
        "tags": st.sets(st.sampled_from(["vip", "old", "loyalty:gold"])),
        "orders": st.integers(0, 3),
        "events": st.integers(0, 3),
        "consent": st.lists(st.tuples(st.sampled_from(["analytics", "marketing_email"]), st.booleans()), max_size=3),
        "lists": st.sets(st.sampled_from(["friends", "press"])),
    }
)


class Undone(Exception):
    """Ends an example without leaving a trace."""


def live(name, life):
    """A customer who did and said all this."""
    person = create_customer(properties={"external_id": name, **life["profile"]}, by=SYSTEM, now=NOON)
    for number in range(life["browsers"]):
        link_identity(customer=person, kind="anonymous_id", value=f"{name}-{number}", by=SYSTEM, now=NOON)
    change_tags(customer_ids=[person.pk], add=sorted(life["tags"]), origin=TagOrigin.PERSON, by=SYSTEM, now=NOON)
    for number in range(life["orders"]):
        order = NewPurchase(person.pk, f"{name}-{number}", Decimal(10 + number), "EUR", NOON - timedelta(days=number))
        record_purchase(purchase=order, source="api", by=SYSTEM, now=NOON)
    for number in range(life["events"]):
        store_event(customer_id=person.pk, at=NOON - timedelta(days=number), type_id=2)
    for number, (purpose, agreed) in enumerate(life["consent"]):
        entry = (yes if agreed else no)(purpose)
        record_consent(customer=person, entries=[entry], by=SHOP, now=NOON + timedelta(seconds=number))
    return person


def facts(ids):
    """Everything that is known of these customers, with since when and from where."""

    def rows(model, *, leave=()):
        found = model.objects.filter(customer_id__in=ids).values()
        kept = [{name: value for name, value in row.items() if name not in leave} for row in found]
        return sorted(kept, key=repr)

    customers = Customer.objects.filter(pk__in=ids).order_by("pk").values()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_id, customer_id FROM engagement_event WHERE customer_id = ANY(%s) ORDER BY 1", [ids]
        )
        events = cursor.fetchall()
    standing = ConsentState.objects.filter(customer_id__in=ids).values_list("customer_id", "purpose_id")
    return {
        "customers": [{name: value for name, value in row.items() if name not in BOOKKEEPING} for row in customers],
        "identities": rows(Identity),
        "tags": rows(CustomerTag, leave={"id"}),
        "purchases": rows(Purchase),
        "members": rows(SegmentMember),
        "scores": rows(CustomerScore),
        "granted": sorted(standing.filter(state="granted")),
        "withdrawn": sorted(standing.filter(state="withdrawn")),
        "events": events,
    }


@pytest.fixture
def house():
    """What the two live in: an attribute, two lists, a score by tags and orders."""
    options = {"options": ["free", "pro"], "purpose": "billing"}
    define_attribute(key="plan", value_type="enum", values=options, by=SYSTEM, now=NOON)
    for name in ("friends", "press"):
        define_segment(name=name, kind="static", by=SYSTEM, now=NOON)
    orders = {"on": "purchases", "field": "count", "op": "at_least", "value": 1}
    country = {"on": "profile", "field": "country", "op": "is", "value": "DE"}
    rules = [
        {"name": "Orders", "when": {"version": 1, "rule": orders}, "points": 5, "each": True},
        {"name": "German", "when": {"version": 1, "rule": country}, "points": 10},
    ]
    definition = {"version": 1, "minimum": 0, "maximum": 100, "rules": rules}
    model = define_score(name="Warmth", definition=definition, by=SYSTEM, now=NOON)
    activate_score(model=model, by=SYSTEM, now=NOON)
    compute_scores(job_id=Job.objects.get().public_id, clock=lambda: NOON)


def test_merge_then_undo__random_lives__both_are_as_before(house):
    lists = {row.slug: row for row in Segment.objects.all()}

    @settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(LIVED, LIVED)
    def check(one, other):
        with pytest.raises(Undone), transaction.atomic():
            stays, goes = live("stays", one), live("goes", other)
            for person, life in ((stays, one), (goes, other)):
                for slug in sorted(life["lists"]):
                    change_members(segment=lists[slug], add=[person.pk], by=SYSTEM, now=NOON)
            ids = [stays.pk, goes.pk]
            rescore(customer_ids=ids, now=NOON)
            before = facts(ids)
            masks = dict(Customer.objects.filter(pk__in=ids).values_list("pk", "consent_mask"))

            asked = request_merge(survivor=stays, absorbed=goes, reason="same person", by=ANN, now=LATER)
            merge = approve_merge(merge=asked, by=BOB, now=LATER)
            rescore(customer_ids=ids, now=LATER)
            during = Customer.objects.get(pk=stays.pk)
            assert during.consent_mask & ~(masks[stays.pk] & masks[goes.pk]) == 0, "a merge widened consent"

            undo_merge(merge=merge, reason="two people", by=ANN, now=LATER + timedelta(hours=1))
            assert facts(ids) == before
            raise Undone

    check()
