"""Months past retention go while others write; the run is audited, and one that was interrupted is finished."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction

from consent.models import LegalHold
from consent.services.request_decisions import place_hold
from core.actors import SYSTEM
from core.models import AuditEntry
from customers.models import Customer
from engagement.models import Event, HeldEvent, HourlyMetric
from engagement.selectors.personal import collect_events, collect_held_events
from engagement.services import partitions
from engagement.services.held import drop_month
from engagement.services.retention import apply_retention
from tests.engagement.support import store_event
from tests.factories.consent import make_person

NOW = datetime.now(UTC)
OLD = datetime(2019, 1, 15, tzinfo=UTC)
TABLE = "engagement_event_2019_01"
WAITS = (
    "query LIKE 'ALTER TABLE engagement_event DETACH%%' AND wait_event_type = 'Lock' AND datname = current_database()"
)
pytestmark = pytest.mark.django_db(transaction=True)


def run():
    return apply_retention(keep_months=37, keep_days=31, by=SYSTEM, now=NOW)


def tables():
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'engagement\\_event\\_2%%'")
        return {name for (name,) in cursor.fetchall()}


def test_apply_retention__month_past_retention__is_gone_and_the_run_is_audited():
    partitions.ensure_partitions(first=NOW.date(), now=NOW)
    before = tables()
    store_event(customer_id=1, at=OLD)
    store_event(customer_id=1, at=NOW)
    HourlyMetric.objects.create(hour=OLD, type_id=1, events=1)

    expired = run()

    assert (expired.months, expired.hours) == ([TABLE], 1)
    assert tables() == before
    assert [event.occurred_at for event in Event.objects.all()] == [NOW]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.changes["months"], entry.changes["hours"]) == (
        "events.expired",
        [[TABLE], None],
        [1, None],
    )


def test_apply_retention__nothing_past_retention__takes_nothing_and_audits_nothing():
    store_event(customer_id=1, at=NOW - timedelta(days=1))

    assert run().months == []
    assert Event.objects.count() == 1
    assert not AuditEntry.objects.exists()


def test_apply_retention__others_write_meanwhile__nobody_waits_for_it():
    store_event(customer_id=1, at=OLD)
    writing, finish = threading.Event(), threading.Event()

    def slow_writer():
        with transaction.atomic():
            store_event(customer_id=1, at=NOW)
            writing.set()
            finish.wait(60)
        connection.close()

    def retention():
        run()
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(slow_writer)
        writing.wait(60)
        expiring = pool.submit(retention)
        _until_it_waits()
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '30s'")
            store_event(customer_id=2, at=NOW)
            cursor.execute("SELECT count(*) FROM engagement_event WHERE customer_id = 2")
            seen = cursor.fetchone()[0]
            cursor.execute("RESET statement_timeout")
        waited = not expiring.done()
        finish.set()
        slow.result(timeout=60)
        expiring.result(timeout=60)

    assert (seen, waited) == (1, True)
    assert TABLE not in tables()


@pytest.mark.parametrize("leftover", ["pending", "detached"])
def test_apply_retention__earlier_run_was_interrupted__is_finished(leftover):
    store_event(customer_id=1, at=OLD)
    if leftover == "detached":
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE engagement_event DETACH PARTITION {TABLE}")
    else:
        _interrupt_detaching()

    assert run().months == [TABLE]
    assert TABLE not in tables()


def _until_it_waits():
    """Until the detaching waits for the writer."""
    with connection.cursor() as cursor:
        for _ in range(6_000):
            cursor.execute(f"SELECT count(*), pg_sleep(0.005) FROM pg_stat_activity WHERE {WAITS}")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("the detaching never waited")


def _interrupt_detaching():
    writing, finish = threading.Event(), threading.Event()

    def slow_writer():
        with transaction.atomic():
            store_event(customer_id=1, at=NOW)
            writing.set()
            finish.wait(60)
        connection.close()

    def detach():
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE engagement_event DETACH PARTITION {TABLE} CONCURRENTLY")

    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(slow_writer)
        writing.wait(60)
        detaching = pool.submit(detach)
        _until_it_waits()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {WAITS}")
        assert detaching.exception(timeout=60) is not None
        finish.set()
        slow.result(timeout=60)


def on_hold(**facts) -> LegalHold:
    customer = make_person(**facts)
    return place_hold(customer=customer, scope="C-1", reason="Claim", review_on=date(2100, 1, 1), by=SYSTEM, now=NOW)


def test_apply_retention__person_on_legal_hold__keeps_her_events_and_nobody_elses():
    hold = on_hold()
    visitor = Customer.objects.create(public_id=Customer.new_public_id(), merged_into=hold.customer)
    for pk in (hold.customer_id, visitor.pk, visitor.pk + 1):
        store_event(customer_id=pk, at=OLD)

    expired = run()

    assert expired.months == [TABLE] and TABLE not in tables()
    ids = [hold.customer_id, visitor.pk]
    assert sorted(HeldEvent.objects.values_list("customer_id", flat=True)) == sorted(ids)
    assert [row["occurred_at"] for row in collect_held_events(ids)] == [OLD.isoformat()] * 2
    assert not list(collect_events(ids))


def test_apply_retention__hold_lifted__lets_the_kept_events_go_and_says_so():
    hold = on_hold()
    store_event(customer_id=hold.customer_id, at=OLD)
    run()
    LegalHold.objects.update(lifted_at=NOW, lifted_by="staff:usr_one")

    expired = run()

    assert (expired.released, HeldEvent.objects.count()) == (1, 0)
    assert AuditEntry.objects.filter(action="events.expired").latest("pk").changes["released"] == [1, None]


def test_drop_month__failing_on_the_way__loses_neither_month_nor_event():
    hold = on_hold()
    store_event(customer_id=hold.customer_id, at=OLD)

    with pytest.raises(RuntimeError), transaction.atomic():
        drop_month(table=TABLE)
        raise RuntimeError

    assert TABLE in tables()
    assert not HeldEvent.objects.exists()
    assert Event.objects.count() == 1
