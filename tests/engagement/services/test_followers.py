"""Followers count each event exactly once, whoever dies in between, and never skip a transaction that commits late."""

import select
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from core.models import Cursor
from customers.models import Customer
from engagement.models import DailyMetric
from engagement.services import followers
from tests.engagement.support import store_event

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person() -> Customer:
    return Customer.objects.create(public_id=Customer.new_public_id(), external_id="p1", created_at=NOON)


def _follow(name: str) -> None:
    """Follow until everything committed so far is done; other databases of the server may hold the horizon briefly."""
    written = _current_transaction()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        followers.follow(name=name, now=NOON)
        if Cursor.objects.get(name=name).xid >= written:
            return
        select.select([], [], [], 0.02)
    raise AssertionError(f"{name} did not reach transaction {written}")


def _current_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])


def _total() -> int:
    return sum(DailyMetric.objects.values_list("events", flat=True))


def test_follow__daily_sums__counts_each_event_once(person):
    for minute in range(3):
        store_event(customer_id=person.pk, at=NOON + timedelta(minutes=minute))

    _follow("events.daily_sums")
    _follow("events.daily_sums")

    assert _total() == 3
    assert DailyMetric.objects.get().day == NOON.date()


def test_follow__failure_after_the_effect__undoes_effect_and_cursor(person, monkeypatch):
    store_event(customer_id=person.pk, at=NOON)

    def die(**_):
        raise ConnectionError("the worker died here")

    with monkeypatch.context() as patched, pytest.raises(ConnectionError):
        patched.setattr("core.outbox.move_cursor", die)
        _follow("events.daily_sums")

    assert _total() == 0
    _follow("events.daily_sums")
    assert _total() == 1


def test_follow__transaction_that_commits_late__is_not_skipped(person):
    opened, finish = threading.Event(), threading.Event()

    def slow_writer():
        with transaction.atomic():
            store_event(customer_id=person.pk, at=NOON)
            opened.set()
            finish.wait(20)
        connection.close()

    writer = threading.Thread(target=slow_writer)
    writer.start()
    opened.wait(20)
    store_event(customer_id=person.pk, at=NOON)

    followers.follow(name="events.daily_sums", now=NOON)
    before = _total()
    finish.set()
    writer.join()
    _follow("events.daily_sums")

    assert before == 0
    assert _total() == 2


def test_follow__cursor_held_by_another_worker__answers_at_once(person):
    store_event(customer_id=person.pk, at=NOON)
    Cursor.objects.create(name="events.daily_sums")
    held, finish = threading.Event(), threading.Event()

    def holder():
        with transaction.atomic():
            Cursor.objects.select_for_update().get(name="events.daily_sums")
            held.set()
            finish.wait(20)
        connection.close()

    other = threading.Thread(target=holder)
    other.start()
    held.wait(20)

    changed = followers.follow(name="events.daily_sums", now=NOON)

    finish.set()
    other.join()
    assert changed == 0
    assert _total() == 0


def test_follow__last_seen__moves_forward_only_and_follows_a_merge(person):
    visitor = Customer.objects.create(
        public_id=Customer.new_public_id(), is_known=False, merged_into=person, created_at=NOON
    )
    store_event(customer_id=person.pk, at=NOON)
    store_event(customer_id=visitor.pk, at=NOON + timedelta(hours=1))
    _follow("events.last_seen")
    stamped = Customer.objects.get(pk=person.pk)

    store_event(customer_id=person.pk, at=NOON - timedelta(days=1))
    _follow("events.last_seen")

    assert stamped.last_seen_at == NOON + timedelta(hours=1)
    assert Customer.objects.get(pk=person.pk).last_seen_at == NOON + timedelta(hours=1)
    assert stamped.xid == person_xid(person)


def person_xid(person: Customer) -> int:
    return Customer.objects.values_list("xid", flat=True).get(pk=person.pk)


def test_seconds_behind__event_not_yet_seen__says_how_long_it_waits(person):
    store_event(customer_id=person.pk, at=NOON)

    waiting = followers.seconds_behind(name="events.daily_sums", now=NOON + timedelta(seconds=40))
    _follow("events.daily_sums")
    done = followers.seconds_behind(name="events.daily_sums", now=NOON + timedelta(seconds=40))

    assert waiting == 40
    assert done == 0
