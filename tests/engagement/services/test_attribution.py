"""Attribution as a job: asked once, counted by a worker, kept with its question, shown by page and API."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core import jobs
from core.actors import SYSTEM
from core.errors import Conflict, InvalidInput
from core.models import Job, JobState, Role
from customers.models import Customer
from engagement.models import CountedReport, HourlyMetric
from engagement.selectors import attribution as division
from engagement.services import reports
from engagement.services.reports import ask_report, count_report, forget_reports
from tests.factories.attribution import buy
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db
URL = "/api/v1/reports/attribution"


def ask(story, *, anew=False, days=2):
    return ask_report(
        kind="attribution",
        begins=story - timedelta(days=days),
        ends=story,
        currency="EUR",
        anew=anew,
        by=SYSTEM,
        now=timezone.now(),
    )


def work(row):
    count_report(job_id=row.job.public_id, clock=timezone.now)
    return CountedReport.objects.select_related("job").get(pk=row.pk)


def test_ask_attribution__asked_twice__is_one_question_with_one_job(story):
    first, second = ask(story), ask(story, anew=True)

    assert (first.pk, first.job_id) == (second.pk, second.job_id)
    assert (first.job.state, first.job.total, first.answer) == (JobState.QUEUED, 4, None)
    assert Job.objects.count() == 1


def test_count_attribution__question__keeps_the_answer_to_the_cent_and_when(story):
    row = work(ask(story))

    assert (row.job.state, row.job.done) == (JobState.SUCCEEDED, 4)
    assert row.job.result == {"orders": 2, "touched": 1}
    assert (Decimal(row.answer["revenue"]), Decimal(row.answer["total"])) == (Decimal("90.01"), Decimal("140.01"))
    assert row.counted_at >= row.asked_at


def test_ask_attribution__known_answer__is_counted_again_only_when_asked_to(story):
    row = work(ask(story))
    buy(Customer.objects.get(external_id="jane"), "9.99", story - timedelta(minutes=30))

    same, anew = ask(story), ask(story, anew=True)

    assert same.job_id == row.job_id and anew.job_id != row.job_id
    assert Decimal(anew.answer["revenue"]) == Decimal("90.01")
    assert Decimal(work(anew).answer["revenue"]) == 100


def test_count_attribution__too_many_orders__fails_with_the_sentence_and_keeps_the_answer_before(story, monkeypatch):
    row = work(ask(story))
    monkeypatch.setattr(division, "MOST_ORDERS", 0)

    again = work(ask(story, anew=True))

    assert (again.job.state, again.answer) == (JobState.FAILED, row.answer)
    assert "choose a period with at most 0" in again.job.error


def test_count_attribution__stopped_by_its_owner__ends_without_an_answer(story):
    row = ask(story)
    Job.objects.update(stop_requested=True)

    stopped = work(row)

    assert (stopped.job.state, stopped.job.done, stopped.answer) == (JobState.STOPPED, 1, None)


def test_count_attribution__run_again_by_another_worker__changes_nothing(story):
    row = work(ask(story))

    assert work(row).counted_at == row.counted_at


def test_ask_attribution__period_that_is_none__is_refused_and_nothing_is_kept(story):
    with pytest.raises(InvalidInput, match="92 days"):
        ask(story, days=93)

    assert not CountedReport.objects.exists() and not Job.objects.exists()


def test_ask_attribution__many_being_counted__is_refused(story, monkeypatch):
    monkeypatch.setattr(reports, "MOST_AT_WORK", 1)
    ask(story)

    with pytest.raises(Conflict, match="ask again in a minute"):
        ask(story, days=3)

    assert Job.objects.count() == 1 and CountedReport.objects.count() == 1


def test_forget_attributions__past_their_time__are_gone(story):
    old, kept = work(ask(story)), work(ask(story, days=3))
    CountedReport.objects.filter(pk=old.pk).update(asked_at=story - timedelta(days=91))

    gone = forget_reports(before=story - timedelta(days=90))

    assert gone == 1
    assert CountedReport.objects.get() == kept


def asked_by(begins, ends):
    return f"{URL}?begins={begins:%Y-%m-%dT%H:%M:%SZ}&ends={ends:%Y-%m-%dT%H:%M:%SZ}"


def test_api__question__is_a_job_first_and_the_answer_then(story, caller):
    begins = (story - timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    for hour in range(24):
        if hour != 6:
            HourlyMetric.objects.create(hour=begins + timedelta(hours=hour), type_id=1, events=100)
    api, url = caller("reports:read"), asked_by(begins, begins + timedelta(hours=24))

    first = api.get(url)
    count_report(job_id=first.json()["job"]["id"], clock=timezone.now)
    answer = api.get(first["Location"]).json()

    assert (first.status_code, first.json()["job"]["state"]) == (202, "queued")
    silent = begins + timedelta(hours=6)
    assert [one["begins_at"] for one in answer["outages"]] == [f"{silent:%Y-%m-%dT%H:%M:%SZ}"]
    assert answer["channels"][0]["linear"] > 0 and answer["counted_at"]
    assert (answer["job"]["state"], answer["currency"]) == ("succeeded", "EUR")


def test_api__post__counts_anew_while_the_answer_before_stands(story, caller):
    begins, ends = story - timedelta(days=2), story
    api, body = caller("reports:read"), {"begins": begins.isoformat(), "ends": ends.isoformat()}
    count_report(job_id=api.post(URL, body).json()["job"]["id"], clock=timezone.now)

    again = api.post(URL, body)
    meanwhile = api.get(again["Location"])

    assert (again.status_code, again.json()["job"]["state"]) == (202, "queued")
    assert (meanwhile.status_code, meanwhile.json()["orders"]) == (200, 2)
    assert meanwhile.json()["job"]["state"] == "queued"


def test_api__count_that_failed__answers_409_with_its_sentence(story, caller, monkeypatch):
    monkeypatch.setattr(division, "MOST_ORDERS", 0)
    api, url = caller("reports:read"), asked_by(story - timedelta(days=2), story + timedelta(minutes=1))
    count_report(job_id=api.get(url).json()["job"]["id"], clock=timezone.now)

    refused = api.get(url)

    assert (refused.status_code, refused.json()["code"]) == (409, "state_conflict")
    assert "choose a period with at most 0" in refused.json()["message"]


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"ends": None}, "missing_field", "ends"),
        ({"begins": "yesterday"}, "invalid_parameter", "begins"),
        ({"begins": 7}, "invalid_parameter", "begins"),
        ({"currency": "euro"}, "invalid_parameter", "currency"),
        ({"ends": "2020-01-01T00:00:00Z"}, "invalid_parameter", "ends"),
        ({"model": "first"}, "unknown_parameter", "model"),
    ],
)
def test_api__nonsense__is_refused_and_no_job_begins(story, caller, changes, code, param):
    body = {"begins": (story - timedelta(days=2)).isoformat(), "ends": story.isoformat()} | changes

    refused = caller("reports:read").post(URL, {name: value for name, value in body.items() if value is not None})

    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert refused.json()["param"] == param
    assert not Job.objects.exists()


def test_page__nobody_asked__begins_to_count_and_shows_the_answer_then(story, client):
    buy(Customer.objects.get(external_id="jane"), "12.50", story - timedelta(minutes=1), currency="GBP")
    client.force_login(make_staff(Role.ANALYST))

    empty = client.get("/console/results").content.decode()
    begun = client.post("/console/results", headers={"HX-Request": "true"}).content.decode()
    count_report(job_id=Job.objects.get().public_id, clock=timezone.now)
    page = client.get("/console/results").content.decode()

    assert 'hx-trigger="load"' in empty and 'value="GBP"' in empty
    assert "<progress" in begun and "data-poll" in begun and "<html" not in begun
    assert "£ 12.50" in page and "Markov" in page and "As of" in page and "Count again" in page
    assert "data-poll" not in page and 'hx-trigger="load"' not in page


def test_page__without_javascript__counts_by_its_button(story, client):
    client.force_login(make_staff(Role.ANALYST))

    answer = client.post(f"/console/results?first={story:%Y-%m-%d}&last={story:%Y-%m-%d}&currency=EUR")

    assert answer.status_code == 302 and f"first={story:%Y-%m-%d}" in answer["Location"]
    assert Job.objects.get().state == JobState.QUEUED


def test_page__count_that_failed__says_why_and_does_not_try_by_itself(story, client):
    client.force_login(make_staff(Role.ANALYST))
    client.post("/console/results")
    jobs.fail_job(job=Job.objects.get(), error="The database refused the reading.", now=story)

    page = client.get("/console/results").content.decode()

    assert "The database refused the reading." in page
    assert 'hx-trigger="load"' not in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("first=2026-01-31&last=2025-01-01&currency=EUR", "2026-01-31"),
        ("first=2026-01-01&last=2026-12-31&currency=EUR", "92 days"),
        ("first=2026-01-01&last=never&currency=EUR", "2026-01-01"),
        ("first=2026-01-01&last=2026-01-02&currency=euro", "euro"),
        ("first=2026-01-01&last=2026-01-02&currency=%C3%A9%C3%A9%C3%A9", "people pay with"),
    ],
)
def test_page__nonsense__is_refused_keeps_what_was_typed_and_counts_nothing(client, query, said):
    client.force_login(make_staff(Role.ANALYST))

    shown, posted = client.get(f"/console/results?{query}"), client.post(f"/console/results?{query}")

    assert (shown.status_code, posted.status_code) in ((422, 422), (422, 400))
    assert said in shown.content.decode()
    assert not CountedReport.objects.exists()
