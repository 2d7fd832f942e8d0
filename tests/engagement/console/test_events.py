"""The event log in the console: filters, one query budget for any number of rows, detail with what allowed it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from consent.models import ConsentEvent
from core.actors import SYSTEM
from core.console import paging
from core.models import Role
from customers.services.customers import delete_customer
from engagement.models import Event
from tests.factories.core import make_staff
from tests.factories.engagement import make_event

pytestmark = pytest.mark.django_db
EVENTS = "/console/events"


@pytest.fixture
def marketer(client):
    client.force_login(make_staff(Role.MARKETER))
    return client


def page(client, query=""):
    answer = client.get(f"{EVENTS}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_list__event__shows_client_by_name_and_leads_to_person_and_event(marketer):
    event = make_event()

    shown = page(marketer)

    assert "Web shop" in shown and "cli_" not in shown.split("<tbody>")[1]
    assert reverse("console:event", args=[event.xid, event.event_id]) in shown
    assert "Jane Doe" in shown and "spring" in shown and "Recorded consent" in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?type=click", True),
        ("?type=view", False),
        ("?campaign=spring", True),
        ("?campaign=autumn", False),
        ("?customer=shop-1", True),
        ("?customer=nobody", False),
        ("?since=2020-01-01T00:00", True),
        ("?until=2020-01-01T00:00", False),
    ],
)
def test_list__filter__narrows(marketer, query, found):
    make_event()

    assert ("Web shop</td>" in page(marketer, query)) is found


def test_list__client_filter__offers_names_and_narrows_by_id(marketer):
    make_event()
    choice = page(marketer).split(">Web shop</option>")[0].rpartition('value="')[2].rstrip('"')

    assert choice.startswith("cli_")
    assert "Web shop</td>" in page(marketer, f"?client={choice}")


def test_list__many_events__costs_no_query_more(marketer, django_assert_max_num_queries):
    for _ in range(3):
        make_event()
    page(marketer)

    with django_assert_max_num_queries(13):
        page(marketer)


def test_list__without_start__leaves_out_what_happened_long_ago(marketer):
    event = make_event()
    Event.objects.filter(event_id=event.event_id).update(received_at=timezone.now())
    long_ago = (timezone.now() - timedelta(days=8)).strftime("%Y-%m-%dT%H:%M")

    assert "Web shop</td>" in page(marketer)
    assert "Web shop</td>" not in page(marketer, f"?until={long_ago}")


def test_detail__reader_of_personal_data__sees_payload_and_the_ledger_entry_behind_it(marketer):
    event = make_event()
    entry = ConsentEvent.objects.get(purpose__key="analytics")

    shown = marketer.get(reverse("console:event", args=[event.xid, event.event_id])).content.decode()

    assert "signup-button" in shown and "/spring" in shown
    assert reverse("console:consent-entry", args=[entry.public_id]) in shown
    assert "Allowed." in shown and "Web shop" in shown


def test_detail__reader_without_personal_data__sees_names_of_members_only(client):
    event = make_event()
    client.force_login(make_staff(Role.ANALYST))

    shown = client.get(reverse("console:event", args=[event.xid, event.event_id])).content.decode()

    assert "elementId" in shown and "signup-button" not in shown
    assert "Jane" not in shown and "/console/consent/entries" not in shown


def test_detail__erased_person__is_gone(marketer):
    event = make_event()
    address = reverse("console:event", args=[event.xid, event.event_id])
    from_log = Event.objects.get(event_id=event.event_id).customer_id
    customer = ConsentEvent.objects.filter(customer_id=from_log).first().customer
    delete_customer(customer=customer, reason="asked", by=SYSTEM, now=timezone.now())

    assert marketer.get(address).status_code == 404


def test_list__keyset__goes_on_behind_an_event_of_the_same_transaction():
    for _ in range(3):
        make_event()
    Event.objects.update(xid=7)
    order = paging.ordering("-xid")
    everything = list(Event.objects.order_by(*order))

    word = paging.mark(everything[0], "-xid")
    after = paging.beyond(Event.objects.all(), "-xid", word)

    assert [event.event_id for event in after.order_by(*order)] == [event.event_id for event in everything[1:]]
