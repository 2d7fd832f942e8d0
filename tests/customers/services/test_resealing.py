"""Sensitive attributes at rest: unreadable in the tables, readable for those who may; keys rotate while all works."""

import json

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import jobs
from core.actors import SYSTEM
from core.errors import InvalidInput, Unavailable
from core.models import Job, JobState, Role
from customers.models import Customer, ProfileChange
from customers.rules.sealed import is_sealed, lookup_hash, opened
from customers.selectors.imports import refused_csv
from customers.selectors.personal import collect_profiles
from customers.selectors.segments.registry import grammar
from customers.services.attributes import change_attribute, define_attribute
from customers.services.customers import create_customer
from customers.services.erasure import erase_profiles
from customers.services.resealing import reseal_attributes, start_resealing
from customers.services.segments import checked_rule
from tests.factories.core import PASSWORD, make_staff
from tests.factories.customers import make_import

pytestmark = pytest.mark.django_db
SECRET = "penicillin-allergy"
SCOPES = ("customers:read", "customers:write", "customers:delete", "customers.pii:read")


def define(key, pii_class, value_type="text"):
    values = {"name": key, "purpose": "service", "pii_class": pii_class}
    return define_attribute(key=key, value_type=value_type, values=values, by=SYSTEM, now=timezone.now())


@pytest.fixture
def health(db):
    define("plan", "none")
    return define("health_note", "sensitive")


@pytest.fixture
def keys(settings):
    """Put keys in front, one after the other."""

    def put(*ids):
        settings.FIELD_KEYS = {i: f"{i}-0123456789-0123456789-0123456789" for i in ids} | {
            "master": settings.HUB_MASTER_KEY
        }

    return put


def customer(external_id="1", **attributes):
    properties = {"external_id": external_id, "attributes": attributes}
    return create_customer(properties=properties, by=SYSTEM, now=timezone.now())


def whole_database():
    """Every text in every table, as a dump would show it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f"SELECT t::text FROM {table} t")
            found += [f"{table}: {text}" for (text,) in cursor.fetchall()]
    return found


def leaks(text):
    hexed = text.encode().hex()
    return [line for line in whole_database() if text in line or hexed in line]


def test_database__after_writing_by_api_with_an_idempotency_key__holds_no_clear_value(caller, health):
    partner = caller(*SCOPES)
    body = {"external_id": "1", "attributes": {"health_note": SECRET, "plan": "pro"}}

    made = partner.post("/api/v1/customers", body, idempotency_key="k1")
    again = partner.post("/api/v1/customers", body, idempotency_key="k1")
    partner.post(
        "/api/v1/customers/batch/upsert",
        {"id_property": "external_id", "inputs": [{"id": "2", "properties": {"attributes": {"health_note": SECRET}}}]},
        idempotency_key="k2",
    )

    assert leaks(SECRET) == []
    assert made.json()["attributes"] == again.json()["attributes"] == {"health_note": SECRET, "plan": "pro"}
    assert again["Idempotent-Replayed"] == "true"
    assert Customer.objects.get(external_id="1").attributes["plan"] == "pro"


def test_answers__by_right__show_or_leave_out_the_value(caller, health):
    customer(health_note=SECRET, plan="pro")
    sees, sees_not = caller(*SCOPES), caller("customers:read")

    for path in ("/api/v1/customers", "/api/v1/customers/1"):
        assert SECRET in sees.get(path).content.decode()
        hidden = sees_not.get(path).content.decode()
        assert SECRET not in hidden
        assert "sealed" not in hidden
    assert sees_not.get("/api/v1/customers/1").json()["attributes"] == {"plan": "pro"}
    assert sees.post("/api/v1/customers/batch/read", {"ids": ["1"]}).json()["data"][0]["attributes"]["plan"] == "pro"


def test_update__same_value_again__changes_nothing(caller, health):
    partner = caller(*SCOPES)
    customer(health_note=SECRET)
    before = Customer.objects.get().attributes

    same = partner.patch("/api/v1/customers/1", {"attributes": {"health_note": SECRET}})
    after_same = Customer.objects.get().attributes
    other = partner.patch("/api/v1/customers/1", {"attributes": {"health_note": "none"}})

    assert after_same == before
    assert same.json()["attributes"] == {"health_note": SECRET}
    assert other.json()["attributes"] == {"health_note": "none"}
    assert partner.patch("/api/v1/customers/1", {"attributes": {"health_note": None}}).json()["attributes"] == {}


@pytest.mark.parametrize(
    ("value_type", "value"), [("number", 12.5), ("boolean", True), ("list", ["a", "b"]), ("date", "1984-05-23")]
)
def test_values__of_every_type__come_back_as_they_were(caller, value_type, value):
    define("secret", "confidential", value_type)
    partner = caller(*SCOPES)

    partner.post("/api/v1/customers", {"external_id": "1", "attributes": {"secret": value}})

    assert is_sealed(Customer.objects.get().attributes["secret"])
    assert partner.get("/api/v1/customers/1").json()["attributes"] == {"secret": value}


def test_lookup_hash__equal_values__find_each_other_without_opening(health):
    one, other = customer("1", health_note=SECRET), customer("2", health_note=SECRET)
    customer("3", health_note="none")

    wanted = lookup_hash("health_note", SECRET)

    found = Customer.objects.filter(attributes__health_note__hash=wanted)
    assert {row.public_id for row in found} == {one.public_id, other.public_id}
    sealed = [row.attributes["health_note"]["sealed"] for row in found]
    assert sealed[0] != sealed[1]


def test_sealed_value__moved_to_another_attribute__does_not_open(health):
    customer(health_note=SECRET)
    stolen = Customer.objects.get().attributes["health_note"]

    with pytest.raises(Unavailable):
        opened({"plan": stolen})


def test_sealed_value__key_missing__is_refused_in_words(health, keys):
    keys("2026a")
    customer(health_note=SECRET)
    keys("2026b")

    with pytest.raises(Unavailable, match="2026a"):
        opened(Customer.objects.get().attributes)


def test_access_package_and_erasure__of_sealed_values__are_right(health):
    row = customer(health_note=SECRET)

    (profile,) = collect_profiles([row.pk])
    erase_profiles([row.pk])

    assert profile["attributes"] == {"health_note": SECRET}
    assert Customer.objects.get().attributes == {}
    assert leaks(lookup_hash("health_note", SECRET)) == []


def test_import__of_sensitive_columns__seals_values_and_refused_rows(health):
    content = f"external_id,email,health_note\nc1,a@example.com,{SECRET}\nc2,not-an-address,{SECRET}\n".encode()

    file = make_import(content, dry_run=False)

    assert (file.created, file.refused) == (1, 1)
    assert leaks(SECRET) == []
    assert opened(Customer.objects.get().attributes) == {"health_note": SECRET}
    assert SECRET in "".join(refused_csv(file=file))


def test_console__customer_page__masks_it_and_shows_it_when_revealed(health):
    row = customer(health_note=SECRET)
    user, http = make_staff(Role.COMPLIANCE), Client()
    http.post("/console/sign-in", {"email": user.email, "password": PASSWORD})

    page = http.get(reverse("console:customer", args=[row.public_id])).content.decode()
    shown = http.post(reverse("console:customer-reveal", args=[row.public_id]), {"reason": "asked by phone"})

    assert SECRET not in page
    assert "sealed" not in page
    assert SECRET in shown.content.decode()


def test_change_attribute__class_becomes_sensitive__its_history_is_forgotten(caller, health):
    partner = caller(*SCOPES)
    customer(plan="pro")
    partner.patch("/api/v1/customers/1", {"attributes": {"plan": SECRET}})
    kept = ProfileChange.objects.count()

    change_attribute(key="plan", values={"pii_class": "sensitive"}, by=SYSTEM, now=timezone.now())
    reseal_attributes(job_id=Job.objects.get().public_id, clock=timezone.now)

    assert kept == 1
    assert leaks(SECRET) == []


def test_segment_rule__about_a_sealed_attribute__is_refused_in_words(health):
    rule = {"version": 1, "rule": {"on": "attribute", "field": "health_note", "op": "is", "value": SECRET}}

    with pytest.raises(InvalidInput) as refused:
        checked_rule(raw=rule, using=grammar())

    assert [problem.code for problem in refused.value.details] == ["sealed_attribute"], refused.value.details


def test_reseal__new_key_in_front__brings_everything_under_it_and_changes_no_value(health, keys, capsys):
    keys("2026a")
    for number in range(5):
        customer(f"c{number}", health_note=f"{SECRET}-{number}", plan="pro")
    hashes = {row.pk: row.attributes["health_note"]["hash"] for row in Customer.objects.all()}

    keys("2026b", "2026a")
    customer("new", health_note="new")
    call_command("reseal", "--json")
    report = json.loads(capsys.readouterr().out)

    assert (report["customers"], report["changed"]) == (6, 5)
    keys("2026b")
    rows = list(Customer.objects.order_by("pk"))
    assert all(row.attributes["health_note"]["sealed"].startswith("2026b:") for row in rows)
    assert [opened(row.attributes)["health_note"] for row in rows[:5]] == [f"{SECRET}-{n}" for n in range(5)]
    assert {row.pk: row.attributes["health_note"]["hash"] for row in rows[:5]} == hashes
    assert all(row.attributes.get("plan") == "pro" for row in rows[:5])


def test_reseal__killed_between_chunks__goes_on_behind_the_last_one(health, keys, monkeypatch):
    monkeypatch.setattr("customers.services.resealing.CHUNK", 2)
    keys("2026a")
    for number in range(5):
        customer(f"c{number}", health_note=SECRET)
    keys("2026b", "2026a")
    job = start_resealing(by=SYSTEM, now=timezone.now(), run_here=True)

    class Killed(BaseException):
        pass

    def die(job):
        raise Killed

    with pytest.raises(Killed):
        reseal_attributes(job_id=job.public_id, clock=timezone.now, progress=die)
    half = Customer.objects.filter(attributes__health_note__sealed__startswith="2026b:").count()
    Job.objects.filter(pk=job.pk).update(beat_at=timezone.now() - 2 * jobs.STALLED_AFTER)
    reseal_attributes(job_id=job.public_id, clock=timezone.now)

    job.refresh_from_db()
    assert half == 2
    assert (job.state, job.done, job.total, job.result) == (JobState.SUCCEEDED, 5, 5, {"changed": 5})
    assert Customer.objects.filter(attributes__health_note__sealed__startswith="2026b:").count() == 5


def test_change_attribute__class_becomes_sensitive_and_back__seals_and_opens_what_is_stored(health):
    customer(plan="pro", health_note=SECRET)

    def turn(pii_class):
        change_attribute(key="plan", values={"pii_class": pii_class}, by=SYSTEM, now=timezone.now())
        job = Job.objects.order_by("-pk").first()
        reseal_attributes(job_id=job.public_id, clock=timezone.now)
        return Customer.objects.get().attributes

    sealed = turn("sensitive")
    clear = turn("none")

    assert is_sealed(sealed["plan"])
    assert opened(sealed) == {"plan": "pro", "health_note": SECRET}
    assert clear["plan"] == "pro"
    assert is_sealed(clear["health_note"])
    assert turn("personal") == clear
    assert Job.objects.filter(kind="attributes.reseal").count() == 2
