"""Segments that follow what happens hold exactly those whom a full calculation at that moment would find."""

import random
from datetime import timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from consent.models import ConsentState
from core import privacy
from core.actors import SYSTEM
from core.ids import time_ordered_uuid
from core.models import Cursor, OutboxMessage
from customers.models import (
    AttributeDefinition,
    Customer,
    CustomerTag,
    Identity,
    Purchase,
    Segment,
    SegmentChange,
    SegmentDay,
    SegmentMember,
    SegmentRun,
    SegmentVersion,
    Tag,
    Touch,
    VersionState,
)
from customers.selectors.segments.followed import mention_of
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import run
from customers.selectors.segments.statement import compile_rule
from customers.services import membership
from customers.services.attributes import define_attribute
from customers.services.customers import create_customer, update_customer
from customers.services.segment_builds import build_segment
from customers.services.segment_members import FOLLOWER
from customers.services.segments import define_segment, refresh_segment
from tests.support.segment_rules import RULES
from tests.support.segment_world import KINDS, NOW, make_world

pytestmark = pytest.mark.django_db
RELAXED = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],
)
STEPS = (30, 3_600, 86_400, 9 * 86_400, 31 * 86_400)
EVENT = """
INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref, source_id, campaign_id,
    type_id, schema_version, device, consent_kind, properties)
VALUES (%s, %s, %s, %s, %s, 1, 1, NULL, %s, 1, 1, 1, '{"value": 7, "properties": {"colour": "blue"}}')
"""


class History:
    """What may happen to people, at random; the number of a round stands for the transaction that wrote it."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.round = 10
        self.now = NOW
        self.everybody = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
        self.count = 0

    def happens(self):
        """A few changes in one round, then time goes by."""
        Touch.objects.all().delete()
        self.round += 1
        for _ in range(self.dice.randint(1, 8)):
            self.dice.choice(self.DEEDS)(self, self.dice.choice(self.everybody))
        Touch.objects.all().update(xid=self.round)
        Cursor.objects.update_or_create(name="events.last_seen", defaults={"xid": self.round})
        Cursor.objects.update_or_create(name=FOLLOWER, defaults={"xid": self.round - 1})
        self.now += timedelta(seconds=self.dice.choice(STEPS))

    def _profile(self, pk):
        values = {
            "country": self.dice.choice(["DE", "FR", "US", ""]),
            "first_name": self.dice.choice(["Ana", "Bo", ""]),
            "orders_count": self.dice.choice([0, 2, 20]),
            "orders_total": self.dice.choice([0, 50]),
        }
        alive = Customer.objects.filter(pk=pk).exclude(status="deleted")
        alive.update(**dict(self.dice.sample(list(values.items()), 2)), updated_at=self.now)

    def _attributes(self, pk):
        found = {"plan": self.dice.choice(["free", "pro"]), "points": self.dice.choice([0, 5.5, 40]), "premium": True}
        kept = dict(self.dice.sample(list(found.items()), self.dice.randint(0, 3)))
        Customer.objects.filter(pk=pk).exclude(status="deleted").update(attributes=kept, updated_at=self.now)

    def _status(self, pk):
        alive = Customer.objects.filter(pk=pk).exclude(status="deleted")
        alive.update(status=self.dice.choice(["active", "inactive"]), is_known=self.dice.random() < 0.7)

    def _merge(self, pk):
        into = self.dice.choice(self.everybody)
        free = Customer.objects.filter(pk=into, merged_into=None).exclude(pk=pk)
        if free.exists() and not Customer.objects.filter(merged_into=pk).exists():
            Customer.objects.filter(pk=pk).update(merged_into_id=into, updated_at=self.now)

    def _part(self, pk):
        Customer.objects.filter(pk=pk, merged_into__isnull=False).update(merged_into=None)

    def _tag(self, pk):
        tag = Tag.objects.get(name=self.dice.choice(["vip", "newsletter", "old"]))
        if CustomerTag.objects.filter(customer_id=pk, tag=tag).delete()[0] == 0:
            ends = self.dice.choice([None, self.now + timedelta(days=1)])
            CustomerTag.objects.create(customer_id=pk, tag=tag, origin="person", expires_at=ends)

    def _identity(self, pk):
        self.count += 1
        Identity.objects.create(customer_id=pk, kind="email", value=f"{self.count}@shop.example.com")

    def _order(self, pk):
        self.count += 1
        Purchase.objects.create(
            public_id=f"new_{self.count}",
            customer_id=pk,
            order_id=f"new {self.count}",
            amount=self.dice.choice([5, 100, -20]),
            currency="EUR",
            purchased_at=self._instant(),
            source="test",
            created_at=self.now,
        )

    def _move_order(self, pk):
        some = Purchase.objects.order_by("?").values_list("pk", flat=True).first()
        Purchase.objects.filter(pk=some).update(customer_id=pk)

    def _event(self, pk):
        kind, at = self.dice.choice(list(KINDS.values())), self._instant()
        with connection.cursor() as cursor:
            cursor.execute("SELECT engagement_ensure_partition(%s)", [at.date()])
            cursor.execute(EVENT, [time_ordered_uuid(), at, self.now, self.round, pk, kind])
        Customer.objects.filter(pk=pk).exclude(last_seen_at__gt=at).update(last_seen_at=at)

    def _consent(self, pk):
        state = self.dice.choice(["granted", "withdrawn"])
        ConsentState.objects.filter(customer_id=pk).update(state=state)
        until = self.dice.choice([None, self.now + timedelta(days=1)])
        Customer.objects.filter(pk=pk).update(consent_mask=self.dice.choice([0, 1, 9, 25]), consent_until=until)

    def _instant(self):
        return self.now + timedelta(seconds=self.dice.choice([-1, -3_600, -20 * 86_400, 60]))

    DEEDS = (
        *(_profile, _attributes, _status, _merge, _part, _tag, _identity, _order, _move_order, _event, _event),
        _consent,
    )


@pytest.fixture
def sweeping(settings):
    settings.SEGMENT_SWEEP_SECONDS = 1
    make_world()


def settled(history):
    """The follower has seen everything; segments of a calendar were calculated by a worker."""
    membership._one_step(history.round + 1, 500, history.now)
    waiting = SegmentVersion.objects.filter(state=VersionState.BUILDING)
    for pk in list(waiting.values_list("pk", flat=True)):
        build_segment(version_id=pk, clock=lambda: history.now)
    history.round += 1
    Touch.objects.filter(xid__gt=history.round).update(xid=history.round)
    membership._one_step(history.round + 1, 500, history.now)


def truth(segment, now):
    using = grammar()
    statement = compile_rule(node=using.read(segment.current.rule), grammar=using, now=now)
    return {row[0] for row in run(statement.select("c.id"), statement.parameters, seconds=30)}


def members(segment):
    return set(SegmentMember.objects.filter(version_id=segment.current_id).values_list("customer_id", flat=True))


@pytest.mark.parametrize("part", range(4))
def test_follow__whatever_happens__members_are_those_of_a_full_calculation(sweeping, part):
    """In parts, since each holds a transaction that readers of the log wait for."""

    @seed(part)
    @RELAXED
    @given(st.lists(RULES, min_size=6, max_size=10), st.integers(0, 10**6))
    def check(rules, chance):
        with transaction.atomic():
            history = History(chance)
            Cursor.objects.update_or_create(name=FOLLOWER, defaults={"xid": 10, "at": NOW})
            segments = [define_segment(name=f"S{n}", rule=rule, by=SYSTEM, now=NOW) for n, rule in enumerate(rules)]
            asks = {"version": 1, "rule": {"not": {"on": "segment", "op": "member_of", "value": segments[0].slug}}}
            settled(history)
            segments.append(define_segment(name="Asks", rule=asks, by=SYSTEM, now=NOW))
            settled(history)

            for _ in range(6):
                history.happens()
                settled(history)
                for segment in Segment.objects.filter(pk__in=[one.pk for one in segments]).select_related("current"):
                    if not mention_of(segment.rule)[1].ranked and not mention_of(segments[0].rule)[1].ranked:
                        assert segment.failure == ""
                        assert members(segment) == truth(segment, history.now), segment.rule
                        assert segment.current.members == len(members(segment))
            transaction.set_rollback(True)

    check()


def rule(country="DE"):
    return {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": country}}


@pytest.fixture
def germans():
    """A calculated segment, the follower at the first round."""
    Cursor.objects.update_or_create(name=FOLLOWER, defaults={"xid": 10, "at": NOW})
    segment = define_segment(name="Germans", rule=rule(), by=SYSTEM, now=NOW)
    build_segment(version_id=SegmentVersion.objects.get(segment=segment).pk, clock=lambda: NOW)
    segment.refresh_from_db()
    return segment


def person(country):
    values = {"properties": {"external_id": f"p{Customer.objects.count()}", "country": country}}
    return create_customer(**values, by=SYSTEM, now=NOW)


def follow(at=NOW):
    """As if everything so far was written by one transaction that has ended."""
    cursor = Cursor.objects.get(name=FOLLOWER)
    Touch.objects.filter(xid__gt=cursor.xid).update(xid=cursor.xid + 1)
    return membership._one_step(cursor.xid + 2, 500, at)


def told():
    rows = OutboxMessage.objects.filter(topic__in=["segment.entered", "segment.exited"]).order_by("pk")
    return [(row.topic, row.subject, row.payload["reason"], row.payload["conditions"]) for row in rows]


def test_follow__customer_moves__enters_and_leaves_with_the_reason(germans):
    ana = person("DE")
    assert follow() == 1
    update_customer(customer=ana, properties={"country": "FR"}, by=SYSTEM, now=NOW)
    assert follow() == 1

    assert members(Segment.objects.get()) == set()
    assert told() == [
        ("segment.entered", ana.public_id, "person", []),
        ("segment.exited", ana.public_id, "profile", ["/rule"]),
    ]
    history = SegmentChange.objects.order_by("pk").values_list("customer_id", "entered", "reason")
    assert list(history) == [(ana.pk, True, "person"), (ana.pk, False, "profile")]
    day = SegmentDay.objects.get()
    assert (day.members, day.entered, day.exited) == (0, 1, 1)


def test_follow__nothing_that_the_rule_mentions__looks_at_nobody(germans, django_assert_max_num_queries):
    ana = person("DE")
    follow()
    update_customer(customer=ana, properties={"first_name": "Ana"}, by=SYSTEM, now=NOW)

    with django_assert_max_num_queries(12) as queries:
        follow()

    assert not [query for query in queries.captured_queries if "verdict" in query["sql"]]


def test_follow__many_people_and_segments__take_as_many_queries_as_one(germans, django_assert_max_num_queries):
    for number in range(20):
        define = define_segment(name=f"Other {number}", rule=rule(), by=SYSTEM, now=NOW)
        build_segment(version_id=SegmentVersion.objects.get(segment=define).pk, clock=lambda: NOW)
    for _ in range(30):
        person("DE")

    with django_assert_max_num_queries(40):
        moved = follow()

    assert moved == 21 * 30


def test_follow__rule_that_cannot_be_evaluated__fails_alone_and_keeps_its_members(germans):
    define_attribute(key="plan", value_type="text", values={"purpose": "x"}, by=SYSTEM, now=NOW)
    broken = {"version": 1, "rule": {"on": "attribute", "field": "plan", "op": "is_not_set"}}
    segment = define_segment(name="No plan", rule=broken, by=SYSTEM, now=NOW)
    ana = person("DE")
    build_segment(version_id=SegmentVersion.objects.get(segment=segment).pk, clock=lambda: NOW)
    AttributeDefinition.objects.update(archived_at=NOW)

    follow()

    segment.refresh_from_db()
    assert members(Segment.objects.get(slug="germans")) == {ana.pk}
    assert "no attribute" in segment.failure and segment.failed_at == NOW
    assert members(segment) == {ana.pk}


def test_build__while_the_follower_goes_on__loses_nothing_and_reports_what_differs(germans):
    ana, bo = person("DE"), person("DE")
    follow()
    SegmentMember.objects.filter(customer_id=bo.pk).delete()
    SegmentVersion.objects.filter(pk=germans.current_id).update(members=1)
    late = person("DE")
    refresh_segment(segment=germans, by=SYSTEM, now=NOW)

    version = SegmentVersion.objects.get(state=VersionState.BUILDING)
    build_segment(version_id=version.pk, clock=lambda: NOW)

    run = SegmentRun.objects.latest("pk")
    assert members(Segment.objects.get()) == {ana.pk, bo.pk, late.pk}
    assert (run.kind, run.entered, run.exited) == ("reconcile", 2, 0)
    assert run.differences == {"unexplained": 1, "waiting": 1}
    assert {row[1:3] for row in told()[2:]} == {(bo.public_id, "rebuilt"), (late.public_id, "rebuilt")}


def test_erasure__member__leaves_and_only_the_outbox_says_so(germans):
    ana = person("DE")
    follow()

    privacy.erase_everywhere([ana.pk])
    follow()

    assert Segment.objects.get().current.members == 0
    assert told()[-1] == ("segment.exited", ana.public_id, "erased", [])
    assert not SegmentChange.objects.exists() and len(told()) == 2
