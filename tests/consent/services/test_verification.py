"""Anchors and the daily walk."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from consent.models import LedgerAnchor
from consent.services import verification
from consent.services.consent import record_consent
from consent.services.retention import drop_old_tokens
from consent.services.tokens import issue_token
from consent.services.verification import anchor_ledger, start_verification, verify_ledger
from consent.tasks import prove_ledger
from core.models import Job, OutboxMessage
from tests.consent.conftest import NOON, OFFICER, SHOP, no, yes
from tests.support.tampering import unguarded

DAY = timedelta(days=1)


@pytest.fixture
def people(make_customer):
    """Three people, an entry a day each over two days."""
    found = [make_customer() for _ in range(3)]
    for number in range(2):
        for person in found:
            record_consent(customer=person, entries=[yes() if number else no()], by=SHOP, now=NOON + number * DAY)
    return found


def behind_the_triggers(statement):
    """Run a statement as the owner of the ledger's tables could; the projection that points at them gives way."""
    with unguarded("consent_consentevent", "consent_noticeversion") as cursor:
        cursor.execute("WITH forgotten AS (DELETE FROM consent_consentstate) " + statement)


def walk():
    """The result of a walk."""
    job = start_verification(by=OFFICER, now=NOON)
    verify_ledger(job_id=job.public_id)
    return Job.objects.get(pk=job.pk).result


def test_anchor__days_that_are_over__are_chained_once(people):
    early = anchor_ledger(now=NOON + DAY)
    both = anchor_ledger(now=NOON + 2 * DAY)

    first, second = LedgerAnchor.objects.order_by("day")
    assert (early, both, anchor_ledger(now=NOON + 2 * DAY)) == (1, 1, 0)
    assert (first.entries, second.entries) == (3, 3)
    assert second.previous_digest == first.digest


def test_anchor__just_after_midnight__waits_for_open_transactions(people):
    midnight = NOON.replace(hour=0) + DAY

    assert anchor_ledger(now=midnight + timedelta(minutes=29)) == 0
    assert anchor_ledger(now=midnight + timedelta(minutes=30)) == 1


def test_anchor__changed__is_refused_by_the_database(people):
    anchor_ledger(now=NOON + DAY)

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        LedgerAnchor.objects.update(entries=0)


@pytest.mark.parametrize("step", [1, 2, 5_000])
def test_walk__untouched_ledger__finds_nothing_whatever_the_step(people, monkeypatch, step):
    monkeypatch.setattr(verification, "PEOPLE_A_STEP", step)
    anchor_ledger(now=NOON + 2 * DAY)

    result = walk()

    assert result == {"entries": 6, "broken": 0, "first": []}
    assert not OutboxMessage.objects.filter(topic="ledger.mismatch").exists()


def test_walk__last_entries_removed__shows_by_the_record_and_by_the_anchor(people):
    anchor_ledger(now=NOON + 2 * DAY)
    behind_the_triggers(f"DELETE FROM consent_consentevent WHERE customer_id = {people[0].pk} AND seq = 2")

    result = walk()

    assert result["broken"] == 2
    assert {fault["what"] for fault in result["first"]} == {
        "its last entry is missing",
        "the entries of this day do not match its anchor",
    }
    assert OutboxMessage.objects.get(topic="ledger.mismatch").payload == {"broken": 2}


def test_walk__one_chain_broken__names_the_person_and_the_place(people):
    behind_the_triggers(f"UPDATE consent_consentevent SET place = 'US' WHERE customer_id = {people[1].pk} AND seq = 1")

    result = walk()

    assert result["first"] == [
        {"subject": people[1].public_id, "seq": 1, "what": "its content does not match its hash"}
    ]


def test_task__new_day__anchors_and_starts_one_walk(people):
    prove_ledger()
    prove_ledger()

    assert Job.objects.count() <= 1


def test_drop_old_tokens__expired_long_ago__go(people):
    issue_token(customer=people[0], by=SHOP, now=NOON + DAY)

    kept = drop_old_tokens(before=NOON + DAY)
    dropped = drop_old_tokens(before=NOON + 2 * DAY)

    assert (kept, dropped) == (0, 1)


def test_command__walks_the_ledger_and_fails_when_something_was_changed(people):
    out = StringIO()
    call_command("consent", "verify", stdout=out)
    behind_the_triggers("UPDATE consent_consentevent SET source = 'forged' WHERE seq = 1")

    with pytest.raises(CommandError, match="does not match"):
        call_command("consent", "verify", "--json", stdout=out)

    first, second = out.getvalue().splitlines()
    assert first == "6 entries hashed again; 0 faults."
    assert json.loads(second)["broken"] == 3
