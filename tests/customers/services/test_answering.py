"""A job ends with its answer, or with a sentence that says why there is none."""

import pytest
from django.db import DatabaseError
from django.utils import timezone

from core import jobs
from core.actors import SYSTEM
from core.errors import InvalidInput
from core.models.jobs import JobState
from customers.services.answering import answering

pytestmark = pytest.mark.django_db


@pytest.fixture
def job():
    now = timezone.now()
    values = {"kind": "test", "title": "A count", "task": "engagement.tasks.count_attribution", "parameters": {}}
    started = jobs.start_job(**values, by=SYSTEM, now=now)
    return jobs.claim_job(job_id=started.public_id, now=now)


def test_answering__refusal__ends_the_job_with_its_sentence(job):
    with answering(job=job, clock=timezone.now):
        raise InvalidInput("Choose a shorter period.")

    assert (job.state, job.error) == (JobState.FAILED, "Choose a shorter period.")


def test_answering__error_of_the_database__ends_the_job_and_goes_on_to_the_worker(job):
    with pytest.raises(DatabaseError), answering(job=job, clock=timezone.now):
        raise DatabaseError("row of jane@example.com")

    assert (job.state, job.error) == (JobState.FAILED, "The database refused the reading (DatabaseError).")


def test_answering__stopped_by_its_owner__does_not_do_the_rest(job):
    done = []
    jobs.ask_job(job=job, wish="stop", now=timezone.now())

    with answering(job=job, clock=timezone.now) as further:
        further()
        done.append("the rest")

    job.refresh_from_db()
    assert (done, job.state, job.done) == ([], JobState.STOPPED, 1)
