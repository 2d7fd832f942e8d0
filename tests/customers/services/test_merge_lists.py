"""Hand-kept lists and snapshots follow two profiles into a merge and back out of it."""

from datetime import UTC, datetime, timedelta

import pytest

from core.actors import SYSTEM, Actor, ActorKind
from customers.models import SegmentMember
from customers.services.customers import create_customer
from customers.services.merges import approve_merge, request_merge, undo_merge
from customers.services.segments import change_members, define_segment, take_snapshot

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def twins():
    """A survivor and the profile that it absorbs."""
    return [create_customer(properties={"external_id": x}, by=SYSTEM, now=NOON) for x in ("stays", "goes")]


def listed(name, *members):
    segment = define_segment(name=name, kind="static", by=SYSTEM, now=NOON)
    for at, customer in enumerate(members):
        change_members(segment=segment, add=[customer.pk], by=SYSTEM, now=NOON + timedelta(minutes=at))
    return segment


def rows(segment):
    segment.refresh_from_db()
    found = SegmentMember.objects.filter(version=segment.current).values_list("customer_id", "entered_at")
    return segment.current.members, sorted(found)


def merged(stays, goes):
    first, second = (Actor(kind=ActorKind.STAFF, id=f"usr_{name}") for name in ("ann", "bob"))
    asked = request_merge(survivor=stays, absorbed=goes, reason="same person", by=first, now=NOON)
    return approve_merge(merge=asked, by=second, now=NOON)


def test_merge__lists__hold_the_survivor_once(twins):
    stays, goes = twins
    only, both = listed("Only", goes), listed("Both", goes, stays)
    frozen = take_snapshot(segment=only, by=SYSTEM, now=NOON)

    merged(stays, goes)

    assert rows(only) == (1, [(stays.pk, NOON)])
    assert rows(frozen) == (1, [(stays.pk, NOON)])
    assert rows(both) == (1, [(stays.pk, NOON + timedelta(minutes=1))])


def test_undo__lists__are_as_before(twins):
    stays, goes = twins
    segments = [listed("Only", goes), listed("Both", goes, stays), listed("Hers", stays)]
    segments.append(take_snapshot(segment=segments[1], by=SYSTEM, now=NOON))
    before = [rows(segment) for segment in segments]
    merge = merged(stays, goes)

    undo_merge(merge=merge, reason="two people", by=SYSTEM, now=LATER)

    assert [rows(segment) for segment in segments] == before


def test_undo__survivor_taken_from_a_list_since__neither_is_on_it(twins):
    stays, goes = twins
    only, both = listed("Only", goes), listed("Both", goes, stays)
    merge = merged(stays, goes)
    for segment in (only, both):
        change_members(segment=segment, remove=[stays.pk], by=SYSTEM, now=LATER)

    undo_merge(merge=merge, reason="two people", by=SYSTEM, now=LATER)

    assert rows(only) == (0, [])
    assert rows(both) == (0, [])
