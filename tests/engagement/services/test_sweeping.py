"""Erasure and events that commit at the same time, on connections of their own: nothing of the person stays."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import connection, transaction

from core.actors import SYSTEM
from customers.models import Customer
from customers.services.customers import delete_customer
from engagement.models import Event
from tests.engagement.api.test_ingest import click
from tests.engagement.services.test_ingest import send
from tests.engagement.support import follow_to_the_end, store_event

pytestmark = pytest.mark.django_db(transaction=True)


def erase(customer):
    delete_customer(customer=customer, reason="asked", by=SYSTEM, now=datetime.now(UTC))


def test_sweep_erased__event_commits_after_the_erasure__does_not_survive(person):
    jane, john = person(), person("67890")
    stored, finish = threading.Event(), threading.Event()

    def slow_sender():
        with transaction.atomic():
            verdicts = send([click(type="click"), click(type="click", userId="67890")])
            stored.set()
            finish.wait(20)
        connection.close()
        return verdicts

    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(slow_sender)
        stored.wait(20)
        erase(jane)
        finish.set()
        assert sent.result() == ["accepted", "accepted"]
    left_behind = Event.objects.filter(customer_id=jane.pk).count()

    follow_to_the_end("events.erased")

    assert left_behind == 1
    assert [event.customer_id for event in Event.objects.all()] == [john.pk]


def test_sweep_erased__erasure_ends_after_the_event_was_followed__does_not_survive(person):
    jane = person()
    looked, finish = threading.Event(), threading.Event()

    def slow_erasure():
        with transaction.atomic():
            erase(jane)
            looked.set()
            finish.wait(20)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        erasing = pool.submit(slow_erasure)
        looked.wait(20)
        store_event(customer_id=jane.pk, at=datetime.now(UTC))
        finish.set()
        erasing.result()
    left_behind = Event.objects.count()

    follow_to_the_end("events.erased")

    assert left_behind == 1
    assert not Event.objects.exists()


def test_sweep_erased__senders_race_with_erasures__nothing_of_the_erased_is_left(person):
    people = [person(f"p{n}") for n in range(12)]
    send([click(type="click", userId="p0")])
    barrier = threading.Barrier(4)

    def flood(sender):
        barrier.wait(20)
        for _ in range(12):
            send([click(type="click", userId=f"p{n}", eventId=None) for n in range(12)])
        connection.close()

    def erase_half():
        barrier.wait(20)
        for jane in people[::2]:
            erase(jane)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        for task in [*(pool.submit(flood, n) for n in range(3)), pool.submit(erase_half)]:
            task.result()
    follow_to_the_end("events.erased")

    gone = set(Customer.objects.filter(status="deleted").values_list("pk", flat=True))
    assert len(gone) == 6
    assert not Event.objects.filter(customer_id__in=gone).exists()
    assert set(Event.objects.values_list("customer_id", flat=True)) == {jane.pk for jane in people[1::2]}
