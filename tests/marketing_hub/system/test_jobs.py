"""The screens about jobs: own ones or all, their progress, their steps, and the truth about a missing worker."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from core.actors import SYSTEM
from core.meter import HEARTBEAT_KEY
from core.models import AuditEntry, Job, JobState, Role
from marketing_hub.system.jobs import NO_WORKER, duration, state_shown
from tests.factories.core import NOON, make_staff
from tests.factories.system import actor, make_job

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def marketer(client):
    user = make_staff(Role.MARKETER)
    client.force_login(user)
    return user


def at(name, *arguments):
    return reverse(f"console:{name}", args=arguments)


def test_list__own_jobs_only__hides_those_of_others(client, marketer):
    make_job(actor(marketer), title="Mine")
    make_job(SYSTEM, title="Not mine")

    page = client.get(at("jobs")).content.decode()

    assert "Mine" in page
    assert "Not mine" not in page


def test_list__all_jobs__names_their_owners_within_the_query_budget(client, django_assert_max_num_queries):
    owner = make_staff(Role.MARKETER, "Mia Moss", "mia@example.com")
    client.force_login(make_staff(Role.SUPERUSER))
    for _ in range(30):
        make_job(actor(owner))
    client.get(at("home"))  # the counts of the menu are kept for a minute

    with django_assert_max_num_queries(10):
        page = client.get(at("jobs")).content.decode()

    assert page.count("Mia Moss") == 30


@pytest.mark.parametrize(("query", "found"), [("?state=failed", 1), ("?kind=export", 1), ("?kind=unknown", 0)])
def test_list__filtered__shows_what_fits(client, marketer, query, found):
    make_job(kind="export")
    make_job(state=JobState.FAILED, finished_at=NOON)

    page = client.get(at("jobs") + query).content.decode()

    assert page.count("Import loyalty members</a>") == found


@pytest.mark.parametrize(
    ("waited", "beats", "shown"),
    [(59 * SECOND, False, "queued"), (60 * SECOND, False, NO_WORKER), (60 * SECOND, True, "queued")],
)
def test_state__queued_for_a_minute_without_a_worker__says_so(waited, beats, shown):
    job = Job(state=JobState.QUEUED, updated_at=NOON - waited)

    assert state_shown(job, beats=beats, now=NOON) == shown


@pytest.mark.parametrize(
    ("lasted", "words"), [(4, "4 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (-1, "0 s")], ids=str
)
def test_duration__of_a_running_job__is_in_words(lasted, words):
    assert duration(Job(started_at=NOON - lasted * SECOND), NOON) == words


def test_page__queued_without_a_worker__says_it_at_once(client, marketer):
    job = make_job(state=JobState.QUEUED, started_at=None, done=0, updated_at=timezone.now() - 61 * SECOND)

    page = client.get(at("job", job.public_id)).content.decode()

    assert "was not picked up within a minute" in page


def test_page__job_of_somebody_else__does_not_exist_for_me(client, marketer):
    job = make_job(SYSTEM)

    assert client.get(at("job", job.public_id)).status_code == 404
    assert client.post(at("job-stop", job.public_id)).status_code == 404
    job.refresh_from_db()
    assert not job.stop_requested


def test_panel__running_then_ended__polls_and_then_rests_with_the_result(client, marketer):
    cache.set(HEARTBEAT_KEY, "1")
    job = make_job()
    address = at("job", job.public_id) + "?panel=progress"

    running = client.get(address, headers={"HX-Request": "true"}).content.decode()
    Job.objects.filter(pk=job.pk).update(state=JobState.FAILED, finished_at=timezone.now(), error="Disk is full.")
    ended = client.get(address, headers={"HX-Request": "true"}).content.decode()

    assert 'data-poll="3"' in running
    assert "data-poll" not in ended
    assert "Disk is full." in ended
    assert ">180<" in ended
    assert "Try again" in ended


@pytest.mark.parametrize(
    ("wish", "before", "after", "action"),
    [
        ("pause", JobState.RUNNING, JobState.RUNNING, "job.paused"),
        ("stop", JobState.PAUSED, JobState.STOPPED, "job.stopped"),
        ("resume", JobState.PAUSED, JobState.QUEUED, "job.resumed"),
        ("retry", JobState.FAILED, JobState.QUEUED, "job.retried"),
    ],
)
def test_step__allowed__is_done_and_in_the_audit_trail(client, marketer, wish, before, after, action):
    job = make_job(state=before, finished_at=NOON if before == JobState.FAILED else None)

    answer = client.post(at(f"job-{wish}", job.public_id))

    job.refresh_from_db()
    assert answer["Location"] == at("job", job.public_id)
    assert job.state == after
    assert job.pause_requested == (wish == "pause")
    assert AuditEntry.objects.get(action=action).actor_id == marketer.public_id


def test_step__state_does_not_allow_it__is_refused_and_nothing_changes(client, marketer):
    job = make_job(state=JobState.SUCCEEDED, finished_at=NOON)

    answer = client.post(at("job-stop", job.public_id))

    assert answer.status_code == 409
    assert "it cannot stop" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="job.stopped").exists()
