"""The sealed audit trail: whatever is changed behind the product's back shows."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.utils import timezone

from core import audit
from core.actors import SYSTEM
from core.models import AuditEntry, AuditSeal, Job, Role
from marketing_hub.system.seals import proofs, seal_audit, start_verification, verify_audit
from tests.factories.core import make_staff
from tests.factories.system import actor
from tests.support.tampering import unguarded

pytestmark = pytest.mark.django_db(transaction=True)


def record(*targets: str) -> None:
    for target in targets:
        audit.record(by=SYSTEM, action="thing.done", target=target, changes={"name": ["a", "ä"]}, reason="test")


def seal(minutes: int = 2) -> AuditSeal | None:
    return seal_audit(now=timezone.now() + timedelta(minutes=minutes))


def results() -> list[bool]:
    return [matches for _, matches in proofs(now=timezone.now())]


def test_seal__new_entries__are_covered_once_and_chained():
    record("one", "two")
    first = seal()
    record("three")
    second = seal()

    assert (first.entries, second.entries) == (2, 1)
    assert second.previous_digest == first.digest
    assert second.since == first.until
    assert seal() is None
    assert results() == [True, True]


def test_seal__transaction_still_open__ends_where_it_began():
    record("one")
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (before,) = cursor.fetchone()

    sealed = seal_audit(now=timezone.now() + timedelta(hours=1))

    assert sealed.until <= timezone.now()
    assert sealed.until > before - timedelta(minutes=1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_auditentry SET reason = 'other' WHERE target = 'two'",
        "DELETE FROM core_auditentry WHERE target = 'two'",
        "INSERT INTO core_auditentry (at, actor_kind, actor_id, action, target, changes, reason, request_id)"
        " SELECT at, actor_kind, actor_id, action, 'forged', changes, '', '' FROM core_auditentry WHERE target = 'two'",
    ],
    ids=["changed", "removed", "slipped in"],
)
def test_proofs__entry_tampered_with__shows(statement):
    record("one", "two")
    seal()
    record("three")
    seal()

    with unguarded("core_auditentry") as cursor:
        cursor.execute(statement)

    assert results() == [False, True]


def test_seals__by_plain_sql__cannot_be_changed():
    record("one")
    seal()

    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE core_auditseal SET entries = 7")


def test_verify__job__says_what_does_not_match_and_raises_a_banner(client):
    officer = make_staff(Role.COMPLIANCE)
    client.force_login(officer)
    seal()
    with unguarded("core_auditentry") as cursor:
        cursor.execute("UPDATE core_auditentry SET reason = 'other'")

    answer = client.post("/console/audit/verify")

    job = Job.objects.get(kind="audit.verify")
    assert answer["Location"].endswith(job.public_id)
    assert (job.result["seals"], job.result["broken"]) == (1, 1)
    assert "behind the product" in client.get("/console/audit").content.decode()


def test_verify__untouched_trail__finds_nothing():
    record("one")
    seal()
    job = start_verification(by=actor(make_staff()), now=timezone.now())

    verify_audit(job_id=job.public_id)

    job.refresh_from_db()
    assert job.result["broken"] == 0
    assert AuditEntry.objects.filter(action="audit.verification_started").exists()


def test_command__verify__ends_with_an_error_when_a_seal_does_not_match():
    record("one")
    seal()
    out = io.StringIO()
    call_command("audit", "verify", stdout=out)
    with unguarded("core_auditentry") as cursor:
        cursor.execute("DELETE FROM core_auditentry")

    with pytest.raises(CommandError, match="does not match"):
        call_command("audit", "verify", stdout=io.StringIO())

    assert "1 seals, 0 that do not match" in out.getvalue()


@pytest.mark.parametrize("role", [Role.MARKETER, Role.ANALYST, Role.INTEGRATION])
def test_verify__other_roles__are_refused(client, role):
    client.force_login(make_staff(role))

    assert client.post("/console/audit/verify").status_code == 403
    assert not Job.objects.exists()
