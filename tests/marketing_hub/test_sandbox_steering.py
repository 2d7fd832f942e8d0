"""Steering the sandbox: what is due after its clock went forward, what it kept, and that nothing works elsewhere."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from celery.schedules import crontab
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import InvalidInput, NotFound
from core.models import Job, OutboxMessage, Role
from customers.models import Customer, Purchase
from customers.selectors.customers import find_customer
from customers.services.customers import create_customer, delete_customer
from integrations.connectors.kept import KeptDoor
from marketing_hub.sandbox import clock
from marketing_hub.sandbox.bounds import database
from marketing_hub.sandbox.drive import driver, is_due
from marketing_hub.sandbox.mock import PEOPLE, seed_mock
from marketing_hub.sandbox.sends import list_sends
from marketing_hub.sandbox.triggers import trigger
from tests.factories.core import PASSWORD, make_staff

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PATHS = [
    ("get", "clock"),
    ("put", "clock"),
    ("post", "reset"),
    ("get", "reset"),
    ("post", "seed"),
    ("get", "seed"),
    ("post", "trigger/ping"),
    ("get", "sends"),
]


def somebody(email):
    return create_customer(properties={"email": email}, by=SYSTEM, now=timezone.now())


@pytest.fixture
def clocked():
    with connection.cursor() as cursor:
        clock.build(cursor)
    yield
    clock._Ahead.by = timedelta()


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_steering__by_a_live_credential__is_refused(caller, method, path):
    answer = caller("sandbox:manage")(method, f"/api/v1/sandbox/{path}", {})

    assert (answer.status_code, answer.json()["code"]) == (403, "environment_mismatch")
    assert not OutboxMessage.objects.filter(topic="ping").exists()
    assert not Job.objects.filter(kind__startswith="sandbox.").exists()
    assert not Customer.objects.exists()


def test_seed__by_a_test_credential__puts_in_what_is_missing_and_leaves_the_rest(
    caller, settings, clocked, django_capture_on_commit_callbacks
):
    settings.SANDBOX = True
    tester = caller("sandbox:manage")
    own = somebody("own@example.com")
    changed = create_customer(properties={"external_id": "mock-0001", "first_name": "Ada"}, by=SYSTEM, now=NOON)

    nothing_yet = tester.get("/api/v1/sandbox/seed").status_code
    with django_capture_on_commit_callbacks(execute=True):
        answer = tester.post("/api/v1/sandbox/seed")
    told = tester.get("/api/v1/sandbox/seed").json()
    orders = Purchase.objects.count()
    with django_capture_on_commit_callbacks(execute=True):
        tester.post("/api/v1/sandbox/seed")
    again = tester.get("/api/v1/sandbox/seed").json()

    assert (nothing_yet, answer.status_code, answer.json()["job"]) == (404, 202, told["job"])
    assert (told["state"], told["done"], told["total"], told["made"]) == ("succeeded", PEOPLE, PEOPLE, PEOPLE - 1)
    assert (again["state"], again["made"], Purchase.objects.count()) == ("succeeded", 0, orders)
    assert Customer.objects.count() == PEOPLE + 1
    assert Customer.objects.get(pk=changed.pk).first_name == "Ada"
    assert Customer.objects.filter(pk=own.pk).exists()


def test_seed__somebody_who_was_deleted__is_made_anew_as_the_first_time():
    assert seed_mock() == PEOPLE
    first = find_customer(reference="mock-0007")
    delete_customer(customer=first, reason="request", by=SYSTEM, now=timezone.now())

    assert seed_mock() == 1

    again = find_customer(reference="mock-0007")
    assert (again.pk != first.pk, again.email) == (True, "mock.0007@example.com")


@pytest.mark.parametrize(
    ("schedule", "last", "due"),
    [
        (5.0, None, True),
        (crontab(hour=4), None, False),
        (60.0, NOON - timedelta(seconds=59), False),
        (60.0, NOON - timedelta(seconds=60), True),
        (crontab(hour=4), NOON - timedelta(hours=11), False),
        (crontab(hour=4), NOON - timedelta(days=1), True),
    ],
)
def test_is_due__lines_of_the_timetable__by_seconds_or_by_day(schedule, last, due):
    assert is_due(schedule=schedule, last=last, now=NOON) is due


def test_clock__put_forward__is_the_time_of_statements_too(clocked):
    wanted = timezone.now() + timedelta(days=10)

    clock.put_forward(to=wanted)

    assert timedelta(0) <= clock.sandbox_now() - wanted < timedelta(minutes=5)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = public, clock, pg_catalog")
        cursor.execute("CREATE TABLE clock_trial (at timestamptz DEFAULT statement_timestamp(), n int)")
        cursor.execute("INSERT INTO clock_trial (n) VALUES (1) RETURNING at, now()")
        assert all(timedelta(days=9) < at - timezone.now() < timedelta(days=11) for at in cursor.fetchone())
        cursor.execute("SET LOCAL search_path = public")


@pytest.mark.parametrize("ahead", [timedelta(days=-1), timedelta(days=6 * 366)])
def test_clock__back_or_far_ahead__is_refused_and_stays(clocked, ahead):
    with pytest.raises(InvalidInput):
        clock.put_forward(to=timezone.now() + ahead)

    assert clock.read() == timedelta()


@pytest.mark.parametrize(("sandbox", "path"), [(True, "-c search_path=public,clock,pg_catalog"), (False, None)])
def test_database__of_a_sandbox__asks_its_own_clock(sandbox, path):
    name = "hub_sandbox" if sandbox else "hub"

    entry = database({"NAME": name, "OPTIONS": {"sslmode": "require"}}, sandbox=sandbox)

    assert entry["OPTIONS"].get("options") == path
    assert entry["OPTIONS"]["sslmode"] == "require"


def test_ask_reset__is_a_job_that_waits_for_the_transaction():
    job = driver().ask_reset(by=SYSTEM, now=timezone.now())

    assert (Job.objects.get(pk=job.pk).state, driver()._asked) == ("queued", [])


def test_trigger__types_about_people__name_one_and_say_what_is_asked():
    first, second = somebody("a@example.com"), somebody("b@example.com")

    one = trigger(event_type="customer.updated", subject="", data={}, by=SYSTEM)
    other = trigger(event_type="segment.entered", subject=second.public_id, data={"segment": "gold"}, by=SYSTEM)

    assert (one.subject, one.payload) == (first.public_id, {"changed": ["first_name"]})
    assert (other.subject, other.payload) == (second.public_id, {"segment": "gold"})


@pytest.mark.parametrize(("event_type", "subject"), [("no.such", ""), ("customer.updated", "cus_nobody")])
def test_trigger__what_is_not_there__is_refused(event_type, subject):
    somebody("a@example.com")
    before = OutboxMessage.objects.count()

    with pytest.raises(NotFound):
        trigger(event_type=event_type, subject=subject, data={}, by=SYSTEM)

    assert OutboxMessage.objects.count() == before


def test_sends__mail_and_webhooks__are_read_back_newest_first(settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH, settings.WEBHOOK_KEPT_PATH = str(tmp_path / "mail"), str(tmp_path / "webhooks")
    EmailMessage(subject="Grüße", body="Hallo,\nJörg", to=["mock.0001@example.com"]).send()

    async def keep():
        async with KeptDoor(tmp_path / "webhooks") as door:
            return await door.post(url="https://crm.example.com/h", body=b'{"a": 1}', headers={"webhook-id": "msg_1"})

    answer = asyncio.new_event_loop().run_until_complete(keep())
    found = {send.kind: send for send in list_sends(limit=10)}

    assert answer.arrived
    assert (found["email"].to, found["email"].subject) == ("mock.0001@example.com", "Grüße")
    assert found["email"].body == "Hallo,\nJörg"
    assert (found["webhook"].to, found["webhook"].subject) == ("https://crm.example.com/h", "msg_1")
    assert [send.kind for send in list_sends(kind="webhook", limit=10)] == ["webhook"]


def test_screen__on_the_live_product__says_where_the_sandbox_is_and_steers_nothing():
    user, http = make_staff(Role.INTEGRATION), Client()
    http.post("/console/sign-in", {"email": user.email, "password": PASSWORD})

    shown = http.get("/console/sandbox").content.decode()
    refused = http.post("/console/sandbox/reset", {})

    assert "This is the live product." in shown
    assert "/console/sandbox/reset" not in shown
    assert refused.status_code == 403
    assert not Job.objects.filter(kind="sandbox.reset").exists()
