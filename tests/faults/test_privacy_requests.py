"""An erasure and an access request whose worker is killed again and again lose nothing and repeat nothing."""

import pytest

from tests.support import partner
from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault
TELL_OVER = (
    "UPDATE consent_requeststep SET due_at = now() - interval '1 minute'"
    " WHERE state IN ('waiting', 'failed') AND due_at > now()"
)
PATIENCE = 300
"""Seconds: five stages, each found again by the timetable (every 30 s) when its message went with the worker."""
DRIVE = """
from django.utils import timezone
from consent.models import DataRequest
from consent.services.request_decisions import approve_request, deliver_request
from consent.services.requests import verify_request
from core.actors import Actor, ActorKind
do, pk = {do!r}, {pk!r}
request = DataRequest.objects.get(public_id=pk)
one, two = (Actor(kind=ActorKind.STAFF, id=name) for name in ("usr_one", "usr_two"))
if do == "verify":
    verify_request(request=request, how="account sign-in", by=one, now=timezone.now())
else:
    request = approve_request(request=request, by=one, now=timezone.now())
    if request.state == "awaiting_second_approval":
        approve_request(request=request, by=two, now=timezone.now())
"""


def state_of(stack: Stack, pk: str) -> str:
    with stack.connect() as database:
        return str(database.execute("SELECT state FROM consent_datarequest WHERE public_id = %s", [pk]).fetchone()[0])


def steps_of(stack: Stack, pk: str, action: str) -> list[tuple[str, str]]:
    with stack.connect() as database:
        return database.execute(
            "SELECT s.name, s.state FROM consent_requeststep s JOIN consent_datarequest r ON r.id = s.request_id"
            " WHERE r.public_id = %s AND s.action = %s",
            [pk, action],
        ).fetchall()


def drive(stack: Stack, do: str, pk: str) -> None:
    """Decide while no worker is there, so that the tasks begin when the killing does, however fast they are."""
    stack.kill_worker()
    stack.manage("shell", "-c", DRIVE.format(do=do, pk=pk))
    stack.start("worker")


def kill_until(stack: Stack, ended) -> int:
    """Kill the worker again and again while the tasks run; how often."""
    kills = 0
    while not ended() and kills < 3:
        eventually(lambda: ended() or started(stack), 30)
        stack.kill_worker()
        kills += 1
        with stack.connect() as database:
            database.execute(TELL_OVER)
        stack.start("worker")
    assert any(eventually(ended, 1) or again(stack) for _ in range(PATIENCE))
    return kills


def started(stack: Stack) -> bool:
    with stack.connect() as database:
        row = database.execute("SELECT EXISTS (SELECT FROM consent_requeststep WHERE attempts > 0)").fetchone()
        return bool(row[0])


def again(stack: Stack) -> bool:
    """Let tasks that rest be tried at once: once a second, for a task whose row is locked here is passed by there."""
    with stack.connect() as database:
        database.execute(TELL_OVER)
    return False


def test_privacy_requests__worker_killed_again_and_again__lose_and_repeat_nothing():
    with Stack() as stack, partner.connect(stack, partner.register(stack)) as http:
        made = http.post("/api/v1/customers", json={"email": "kill@example.com", "country": "DE"})
        assert made.status_code == 201, made.text

        opened = {}
        for kind in ("access", "erasure"):
            sent = http.post(
                "/api/v1/privacy-requests",
                json={"type": kind, "email": "KILL@example.com", "place": "DE"},
                headers={"Idempotency-Key": kind},
            )
            assert sent.status_code == 202, sent.text
            opened[kind] = sent.json()["id"]
        kills = 0
        for kind, pk in opened.items():
            drive(stack, "verify", pk)
            kills += kill_until(stack, lambda pk=pk: state_of(stack, pk) == "reviewing")
            drive(stack, "approve", pk)
            last = "package" if kind == "access" else "scan"
            kills += kill_until(stack, lambda pk=pk, last=last: [s for _, s in steps_of(stack, pk, last)] == ["done"])

        with stack.connect() as database:
            packages = database.execute("SELECT count(*) FROM consent_requestpackage").fetchone()[0]
            erased = database.execute(
                "SELECT count(*) FROM core_auditentry WHERE action = 'customer.deleted'"
            ).fetchone()[0]
            told = database.execute(
                "SELECT count(*) FROM core_outboxmessage WHERE topic = 'customer.erased'"
            ).fetchone()[0]
            left = database.execute("SELECT count(*) FROM customers_customer WHERE email IS NOT NULL").fetchone()[0]
            hits = database.execute("SELECT result->'hits' FROM consent_requeststep WHERE action = 'scan'").fetchone()[
                0
            ]
            listed = database.execute("SELECT count(*) FROM consent_suppression").fetchone()[0]
        again_refused = http.post("/api/v1/customers", json={"email": "Kill@example.com"})

        assert kills >= 1
        assert (packages, erased, told, left, listed) == (1, 1, 1, 0, 1)
        assert hits == {}
        assert (again_refused.status_code, again_refused.json()["code"]) == (403, "suppressed")
