"""One thing done to many customers: by filter, in chunks, once each, to be paused and stopped."""

from datetime import UTC, datetime, timedelta

import pytest

from core.actors import Actor, ActorKind
from core.errors import InvalidInput
from core.jobs import ask_job
from core.models import AuditEntry, Job, JobState
from customers.models import Customer, CustomerTag, SegmentMember
from customers.selectors.bulk import Chosen, chosen_customers
from customers.services import bulk
from customers.services.bulk import do_bulk, run_bulk
from customers.services.customers import create_customer
from customers.services.segments import define_segment

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STAFF = Actor(kind=ActorKind.STAFF, id="usr_me")


@pytest.fixture(autouse=True)
def people():
    for number, country in enumerate(("DE", "DE", "DE", "FR"), start=1):
        create_customer(
            properties={"external_id": str(number), "country": country, "email": f"p{number}@example.com"},
            by=STAFF,
            now=NOON,
        )


def tag(chosen, count=3, **more):
    given = {"step": "tag", "options": {"tag": "vip"}, "by": STAFF, "clock": lambda: NOON}
    return do_bulk(chosen=chosen, count=count, **(given | more))


def tagged():
    return sorted(CustomerTag.objects.values_list("customer__external_id", flat=True))


GERMANS = Chosen(filters={"country": ["DE"]})


def test_do_bulk__a_few__are_done_at_once(people):
    job = tag(GERMANS)

    assert (job.state, job.result["changed"], job.done, job.total) == (JobState.SUCCEEDED, 3, 3, 3)
    assert tagged() == ["1", "2", "3"]
    assert AuditEntry.objects.filter(action="customers.bulk_tag", target=job.public_id).exists()


def test_do_bulk__many__wait_for_a_worker_with_the_filter_alone(monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 2)

    job = tag(Chosen(filters={"email": ["p1@example.com"]}, text="Doe"))

    assert (job.state, tagged()) == (JobState.QUEUED, [])
    assert "p1@example.com" not in str(job.parameters) and "Doe" not in str(job.parameters)
    run_bulk(job_id=job.public_id, clock=lambda: NOON)
    assert tagged() == []


def test_run_bulk__paused_between_chunks__goes_on_where_it_was(monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 1)
    job, clocks = tag(GERMANS, waits=False), []

    def clock():
        clocks.append(1)
        if len(clocks) == 3:
            ask_job(job=job, wish="pause", now=NOON)
        return NOON

    run_bulk(job_id=job.public_id, clock=clock)
    half = tagged()
    job.refresh_from_db()
    assert job.state == JobState.PAUSED
    ask_job(job=job, wish="resume", now=NOON)
    run_bulk(job_id=job.public_id, clock=lambda: NOON)

    job.refresh_from_db()
    assert (half, tagged()) == (["1"], ["1", "2", "3"])
    assert (job.state, job.done, job.result["changed"]) == (JobState.SUCCEEDED, 3, 3)


def test_run_bulk__killed_after_a_chunk__does_nobody_twice(monkeypatch):
    monkeypatch.setattr(bulk, "CHUNK", 2)
    job = tag(GERMANS, waits=False)
    first = Customer.objects.order_by("pk").first()
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, result={"changed": 1, "after": first.pk}, done=1)

    run_bulk(job_id=job.public_id, clock=lambda: NOON + timedelta(hours=1))

    job.refresh_from_db()
    assert (tagged(), job.result["changed"]) == (["2", "3"], 3)


def test_run_bulk__list__puts_them_on_it():
    segment = define_segment(name="Friends", kind="static", by=STAFF, now=NOON)

    job = do_bulk(step="list", chosen=GERMANS, count=3, options={"segment": segment.slug}, by=STAFF, clock=lambda: NOON)

    assert job.result["changed"] == 3
    assert SegmentMember.objects.filter(version__current_of=segment).count() == 3


def test_chosen_customers__filter_that_is_not_known__is_refused_and_never_widens():
    with pytest.raises(InvalidInput):
        chosen_customers(Chosen(filters={"colour": ["red"]}))
    with pytest.raises(InvalidInput):
        chosen_customers(Chosen(filters={"consent": ["whatever"]}))


def test_chosen_customers__sealed_and_opened__are_the_same():
    chosen = Chosen(filters={"country": ["DE"]}, text="p1@example.com", by_prefix=True)

    again = Chosen.opened(chosen.sealed())

    assert [row.external_id for row in chosen_customers(again)] == ["1"]
    assert not chosen_customers(Chosen(text="p1@example.com", filters={})).exists()
