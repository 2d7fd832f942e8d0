"""Lists brought as a file: who comes onto them, why rows are refused, and that nobody reads one half brought."""

from datetime import UTC, datetime, timedelta

import pytest

from consent.models import SuppressionReason
from consent.services.suppression import suppress
from core.actors import SYSTEM, Actor, ActorKind
from core.errors import InvalidInput, InvalidState
from core.jobs import ask_job
from core.models import AuditEntry, JobState, OutboxMessage
from customers.models import Customer, ImportFile, RefusedRow, SegmentChange, SegmentDay, SegmentMember, SegmentRun
from customers.services import import_runs
from customers.services.customers import create_customer, delete_customer
from customers.services.import_runs import run_import
from customers.services.imports import stage_import, start_import
from customers.services.segments import archive_segment, change_members, define_segment

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
STAFF = Actor(kind=ActorKind.STAFF, id="usr_me")


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"


@pytest.fixture
def people():
    return {
        name: create_customer(properties={"external_id": name, "email": f"{name}@example.com"}, by=SYSTEM, now=NOON)
        for name in ("ana", "bo", "cy", "dee")
    }


@pytest.fixture
def friends(people):
    segment = define_segment(name="Friends", kind="static", by=SYSTEM, now=NOON)
    return change_members(segment=segment, add=[people["ana"].pk, people["bo"].pk], by=SYSTEM, now=NOON)


def bring(segment, text, *, replaces=False, dry_run=False):
    file = stage_import(
        chunks=[text.encode()],
        file_name="list.csv",
        target="members",
        segment=segment,
        replaces=replaces,
        by=STAFF,
        now=LATER,
    )
    return start_import(file=file, dry_run=dry_run, by=STAFF, now=LATER, run_here=True)


def run(job):
    run_import(job_id=job.public_id, clock=lambda: LATER)
    job.refresh_from_db()
    return job


def on(segment):
    segment.refresh_from_db()
    names = SegmentMember.objects.filter(version=segment.current).values_list("customer__external_id", flat=True)
    assert segment.current.members == len(names)
    return sorted(names)


def test_upload__rows_of_every_kind__are_put_on_or_refused_with_their_reason(people, friends):
    suppress(
        identifiers=[("email", "dee@example.com")], reason=SuppressionReason.COMPLAINT, source="t", by=SYSTEM, now=NOON
    )
    text = (
        f"customer id,email\nana,\n{people['cy'].public_id},\n,CY@example.com\ncy,ana@example.com\nstranger,\n"
        "guest,\ndee,\n,broken\n,\n"
    )

    job = run(bring(friends, text))

    assert job.state == JobState.SUCCEEDED
    assert {name: job.result[name] for name in ("rows", "created", "unchanged", "refused", "members", "entered")} == {
        "rows": 8,
        "created": 1,
        "unchanged": 2,
        "refused": 5,
        "members": 3,
        "entered": 1,
    }
    assert dict(RefusedRow.objects.values_list("row", "code")) == {
        5: "ambiguous",
        6: "not_found",
        7: "blocked_value",
        8: "suppressed",
        9: "invalid_email",
    }
    assert on(friends) == ["ana", "bo", "cy"]
    assert Customer.objects.count() == 4


def test_upload__added__keeps_who_is_there_and_tells_who_came(people, friends):
    OutboxMessage.objects.all().delete()

    run(bring(friends, "customer id\nbo\ncy\n"))

    assert on(friends) == ["ana", "bo", "cy"]
    since = dict(
        SegmentMember.objects.filter(version=friends.current).values_list("customer__external_id", "entered_at")
    )
    assert since == {"ana": NOON, "bo": NOON, "cy": LATER}
    told = OutboxMessage.objects.filter(topic__startswith="segment.").order_by("id")
    assert list(told.values_list("topic", "subject")) == [
        ("segment.entered", people["cy"].public_id),
        ("segment.rebuilt", friends.public_id),
    ]
    change = SegmentChange.objects.get(at=LATER)
    assert (change.customer_id, change.entered, change.reason) == (people["cy"].pk, True, "list")
    assert SegmentRun.objects.get(segment=friends).kind == "list"
    assert SegmentDay.objects.get(segment=friends).members == 3
    assert AuditEntry.objects.filter(action="segment.members_uploaded", target=friends.public_id).count() == 1


def test_upload__replacing__leaves_exactly_those_of_the_file(people, friends):
    run(bring(friends, "customer id\nbo\ncy\n", replaces=True))

    assert on(friends) == ["bo", "cy"]
    left = (
        SegmentChange.objects.filter(at=LATER).order_by("customer_id").values_list("customer__external_id", "entered")
    )
    assert list(left) == [("ana", False), ("cy", True)]


def test_upload__replacing_with_a_file_that_names_nobody__fails_and_changes_nothing(friends):
    job = bring(friends, "customer id\nsomebody\n", replaces=True)

    with pytest.raises(InvalidState, match="stays as it was"):
        run(job)

    job.refresh_from_db()
    assert job.state == JobState.FAILED and "stays as it was" in job.error
    assert on(friends) == ["ana", "bo"]


def test_upload__rehearsal__has_the_figures_and_changes_nothing(friends):
    before = (OutboxMessage.objects.count(), SegmentChange.objects.count())

    job = run(bring(friends, "customer id\nana\ncy\nnobody\n", replaces=True, dry_run=True))

    assert (job.result["created"], job.result["unchanged"], job.result["refused"]) == (1, 1, 1)
    assert on(friends) == ["ana", "bo"]
    assert (OutboxMessage.objects.count(), SegmentChange.objects.count()) == before


def test_upload__tried_and_then_brought__is_on_the_list(friends):
    run(bring(friends, "customer id\ncy\n", dry_run=True))

    job = start_import(file=ImportFile.objects.get(), dry_run=False, by=STAFF, now=LATER, run_here=True)
    run(job)

    assert on(friends) == ["ana", "bo", "cy"]


def test_upload__paused_between_chunks__goes_on_and_counts_once(friends, monkeypatch):
    monkeypatch.setattr(import_runs, "CHUNK", 2)
    job = bring(friends, "customer id\nana\nbo\ncy\ndee\ndee\n", replaces=True)

    def pause(job):
        if job.done == 2:
            ask_job(job=job, wish="pause", now=LATER)

    run_import(job_id=job.public_id, clock=lambda: LATER, progress=pause)
    half = on(friends)
    job.refresh_from_db()
    assert job.state == JobState.PAUSED and half == ["ana", "bo"]
    ask_job(job=job, wish="resume", now=LATER)
    run(job)

    assert job.state == JobState.SUCCEEDED
    assert (job.result["created"], job.result["unchanged"], job.result["refused"]) == (2, 3, 0)
    assert on(friends) == ["ana", "bo", "cy", "dee"]


def test_upload__people_deleted_before_its_end__are_not_on_it(people, friends, monkeypatch):
    monkeypatch.setattr(import_runs, "CHUNK", 1)
    job = bring(friends, "customer id\nana\nbo\ncy\n", replaces=True)

    def progress(job):
        if job.done == 2:
            delete_customer(customer=people["ana"], reason="gone", by=SYSTEM, now=LATER)

    run_import(job_id=job.public_id, clock=lambda: LATER, progress=progress)

    assert on(friends) == ["bo", "cy"]


def test_upload__no_list__is_refused_before_anything_is_kept(people, friends):
    rule = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}
    germans = define_segment(name="Germans", rule=rule, by=SYSTEM, now=NOON)

    with pytest.raises(InvalidState, match="static"):
        bring(germans, "customer id\nana\n")
    with pytest.raises(InvalidInput):
        stage_import(chunks=[b"customer id\n1\n"], file_name="x", target="members", by=STAFF, now=NOON)

    assert not ImportFile.objects.exists()


def test_upload__list_archived_meanwhile__fails_with_a_sentence(friends):
    job = bring(friends, "customer id\ncy\n")
    archive_segment(segment=friends, by=SYSTEM, now=LATER)

    with pytest.raises(InvalidState):
        run(job)

    job.refresh_from_db()
    assert (job.state, "archived" in job.error) == (JobState.FAILED, True)
