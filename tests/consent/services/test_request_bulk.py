"""One step for many requests as a job."""

from datetime import timedelta

import pytest
from django.utils import timezone

from consent.models import DataRequest, Letter
from consent.services.request_bulk import start_many, work_on_many
from core.jobs import STALLED_AFTER, ask_job
from core.models import Job
from tests.factories.requests import ONE, make_request

pytestmark = pytest.mark.django_db
BOOM = RuntimeError("killed")


def make_requests(number: int) -> list[DataRequest]:
    return [make_request(contact=f"person{one}@example.com") for one in range(number)]


def start(step: str, **said: str) -> Job:
    return start_many(step=step, rows=DataRequest.objects.all(), said=said, by=ONE, now=timezone.now())


def test_work_on_many__extend__each_has_its_letter_and_its_history_names_who():
    rows = make_requests(3)

    work_on_many(job_id=start("extend", reason="Many systems").public_id, clock=timezone.now)

    assert Letter.objects.filter(kind="extension").count() == 3
    assert {row.events.get(kind="extended").by for row in rows} == {str(ONE)}
    assert Job.objects.get().result == {"done": 3, "refused": {}, "first": []}


def test_work_on_many__stopped_on_the_way__leaves_the_rest_as_it_was():
    make_requests(4)
    job, moments = start("assign", to="staff:usr_two"), iter(range(100))

    def clock():
        if next(moments) == 4:
            ask_job(job=Job.objects.get(pk=job.pk), wish="stop", now=timezone.now())
        return timezone.now()

    work_on_many(job_id=job.public_id, clock=clock)

    job.refresh_from_db()
    assert job.state == "stopped"
    assert DataRequest.objects.filter(assignee="staff:usr_two").count() == job.done < 4


def test_work_on_many__killed_and_run_again__goes_on_behind_the_last_and_repeats_nothing():
    make_requests(4)
    job, moments = start("acknowledge"), iter(range(100))

    def clock():
        if next(moments) == 4:
            raise BOOM
        return timezone.now()

    with pytest.raises(RuntimeError):
        work_on_many(job_id=job.public_id, clock=clock)
    work_on_many(job_id=job.public_id, clock=lambda: timezone.now() + STALLED_AFTER + timedelta(seconds=1))

    job.refresh_from_db()
    assert (job.state, job.result["done"], job.result["refused"]) == ("succeeded", 4, {})
    assert Letter.objects.filter(kind="received").count() == 4


def test_work_on_many__start_and_close__move_those_that_can_and_count_the_rest():
    objections = [make_request("objection", contact=f"person{one}@example.com") for one in range(2)]
    make_request("erasure", contact="person3@example.com")

    work_on_many(job_id=start("start").public_id, clock=timezone.now)
    work_on_many(job_id=start("deliver").public_id, clock=timezone.now)

    started, closed = Job.objects.order_by("pk")
    assert (started.result["done"], started.result["refused"]) == (2, {"identity_unverified": 1})
    assert closed.result["done"] == 0 and sum(closed.result["refused"].values()) == 3
    assert all(row.events.filter(kind="collecting").exists() for row in objections)
