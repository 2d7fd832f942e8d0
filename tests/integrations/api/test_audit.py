"""The audit log over the API: searched, paged, without personal data, and provable."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.actors import Actor, ActorKind
from core.models import AuditEntry, AuditSeal, Role
from customers.services.customers import create_customer, update_customer
from marketing_hub.system.seals import fingerprint, seal_audit
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
ADDRESS = "jane@example.com"


@pytest.fixture
def jane():
    by = Actor(kind=ActorKind.STAFF, id=make_staff(Role.COMPLIANCE).public_id, ip="198.51.100.7", request_id="req-1")
    person = create_customer(properties={"external_id": "j1", "email": ADDRESS}, by=by, now=timezone.now())
    return update_customer(customer=person, properties={"country": "DE"}, by=by, now=timezone.now())


def test_list__by_object__tells_who_did_what_and_no_personal_data(caller, jane):
    answer = caller("audit:read").get(f"/api/v1/audit?target={jane.public_id}")

    entries = answer.json()["data"]
    assert [entry["action"] for entry in entries] == ["customer.updated", "customer.created"]
    assert entries[0]["actor"]["kind"] == "staff"
    assert entries[0]["request_id"] == "req-1"
    assert ADDRESS not in answer.content.decode()
    assert "198.51.100.7" not in answer.content.decode()


def test_list__page_by_page__visits_each_entry_once(caller, jane):
    partner, seen, path = caller("audit:read"), [], "/api/v1/audit?limit=2&pagination=cursor"

    while path:
        body = partner.get(path).json()
        seen += [entry["id"] for entry in body["data"]]
        following = body["pagination"]["next_cursor"]
        path = f"/api/v1/audit?limit=2&cursor={following}" if following else ""

    assert len(seen) == len(set(seen)) == AuditEntry.objects.count()


@pytest.mark.parametrize(
    ("query", "code"),
    [("since=yesterday", "invalid_parameter"), ("who=me", "unknown_parameter"), ("sort=ip", "invalid_parameter")],
)
def test_list__wrong_question__is_refused_by_name(caller, query, code):
    answer = caller("audit:read").get(f"/api/v1/audit?{query}")

    assert answer.status_code == 400
    assert answer.json()["code"] == code


def test_list__without_the_scope__is_refused(caller):
    answer = caller("customers:read").get("/api/v1/audit")

    assert answer.status_code == 403
    assert answer.json()["required_scope"] == "audit:read"


@pytest.mark.django_db(transaction=True)
def test_seals__newest__is_the_digest_of_what_was_recorded(caller, jane):
    later = timezone.now() + timedelta(minutes=10)
    made = seal_audit(now=later)

    (seal,) = caller("audit:read").get("/api/v1/audit/seals?limit=1").json()["data"]

    assert made is not None
    counted, digest = fingerprint(since=made.since, until=made.until, previous=made.previous_digest)
    assert (seal["entries"], seal["digest"]) == (counted, digest)
    assert AuditSeal.objects.count() == 1


def test_schema_of_a_type__under_its_second_address__is_the_same(caller):
    partner = caller("engagement:read")

    first = partner.get("/api/v1/engagement/types/click")
    second = partner.get("/api/v1/event-types/click/schema")

    assert second.status_code == 200
    assert second.json() == first.json()
