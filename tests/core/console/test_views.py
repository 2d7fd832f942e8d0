"""Details, forms and confirmed actions: one part may fail alone, and a refusal keeps what was typed."""

import re

import pytest
from django.urls import reverse

from core import menu
from core.models import Job, JobState, Role
from tests.factories.core import make_staff
from tests.support.kit.fixtures import make_jobs

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def signed_in(client, kit):
    client.force_login(make_staff(Role.MARKETER))
    return client


@pytest.fixture
def url(signed_in):
    return reverse("console:kit-job", args=[make_jobs(1)[0].public_id])


def test_detail__page__shows_header_figures_and_permitted_panels(signed_in, url):
    page = signed_in.get(url).content.decode()

    assert "<h1>Import 0</h1>" in page
    assert 'data-copy="job_' in page
    assert 'id="panel-facts"' in page
    assert 'id="panel-secret"' not in page


def test_detail__panel_that_is_refused__says_so_and_the_others_stand(signed_in, url):
    page = signed_in.get(url).content.decode()

    assert "The partner does not answer." in page
    assert page.count("<dt>State</dt>") == 1


def test_detail__lazy_panel__is_fetched_alone(signed_in, url):
    page = signed_in.get(url).content.decode()
    fragment = signed_in.get(f"{url}?panel=later", headers=FRAGMENT).content.decode()

    assert f'hx-get="{url}?panel=later" hx-trigger="load, again"' in page
    assert fragment.startswith('<section class="card panel panel-side" id="panel-later"')
    assert "<dt>State</dt>" in fragment


def test_detail__lazy_panel_without_scripts__is_a_page(signed_in, url):
    page = signed_in.get(f"{url}?panel=later").content.decode()

    assert "<html" in page
    assert page.count("<dt>State</dt>") == 2


def test_detail__panel_nobody_registered_or_may_see__is_refused(signed_in, url):
    nothing = signed_in.get(f"{url}?panel=nothing", headers=FRAGMENT)

    assert (nothing.status_code, nothing.content) == (404, b"This page has no such panel.")
    assert signed_in.get(f"{url}?panel=secret", headers=FRAGMENT).status_code == 404


def test_detail__polled_panel__stops_when_finished(signed_in, url, kit):
    job = make_jobs(1, state=JobState.SUCCEEDED, finished_at="2026-03-02T12:00:00Z")[0]
    ended = reverse("console:kit-job", args=[job.public_id])

    assert 'hx-trigger="poll"' in signed_in.get(url).content.decode()
    assert 'hx-trigger="poll"' not in signed_in.get(ended).content.decode()


def test_detail__polled_panel__brings_the_head_along_only_when_it_changed(signed_in, url):
    mark = re.search(r'"X-Head": "(\w+)"', signed_in.get(url).content.decode())[1]
    asked = {**FRAGMENT, "X-Head": mark}

    same = signed_in.get(f"{url}?panel=progress", headers=asked).content.decode()
    Job.objects.update(state=JobState.SUCCEEDED, finished_at="2026-03-02T12:00:00Z")
    ended = signed_in.get(f"{url}?panel=progress", headers=asked).content.decode()
    unasked = signed_in.get(f"{url}?panel=progress", headers=FRAGMENT).content.decode()

    assert 'id="page-head"' in ended and 'id="page-figures"' in ended and "<dt>State</dt>" not in ended
    assert 'id="page-head"' not in same and 'id="page-head"' not in unasked


def test_detail__panel_of_an_upper_floor__appears_in_its_area(signed_in, url, monkeypatch):
    monkeypatch.setattr(menu, "_panels", {})
    menu.add_panel(
        "kit-job",
        menu.Panel(
            "extra", "Extra", "facts.html", "core.view_home", lambda request, job: {"rows": [("Job", job.title)]}
        ),
    )

    assert "<dt>Job</dt><dd>Import 0</dd>" in signed_in.get(url).content.decode()


def test_detail__asked_for_by_the_drawer__is_its_body_only(signed_in, url):
    body = signed_in.get(url, headers=FRAGMENT).content.decode()

    assert "<html" not in body
    assert "<h1>Import 0</h1>" in body


def test_form__refusal_about_a_field__stands_beside_it_and_keeps_the_input(signed_in):
    response = signed_in.post("/console/kit/new", {"title": "taken", "kind": "export", "notes": "typed"})

    page = response.content.decode()
    assert response.status_code == 400
    assert '<p class="invalid-feedback d-block" id="id_title_error">This title is taken.</p>' in page
    assert 'value="taken"' in page
    assert ">\ntyped</textarea>" in page


def test_form__refusal_about_several_things__puts_each_where_it_belongs(signed_in):
    page = signed_in.post("/console/kit/new", {"title": "both", "kind": "export"}).content.decode()

    assert 'id="id_kind_error">Bad kind.</p>' in page
    assert '<div class="note note-error" role="alert">' in page
    assert "Bad z." in page


def test_form__invalid__is_422_and_marks_the_field(signed_in):
    response = signed_in.post("/console/kit/new", {"kind": "export"})

    assert response.status_code == 422
    assert 'aria-invalid="true"' in response.content.decode()


def test_form__stale__shows_both_versions_and_the_next_save_is_a_knowing_one(signed_in):
    response = signed_in.post("/console/kit/new", {"title": "stale", "kind": "import", "version": "1"})
    again = signed_in.post("/console/kit/new", {"title": "stale", "kind": "import", "version": "2"})

    page = response.content.decode()
    assert response.status_code == 412
    assert "<td>Stored title</td><td>stale</td>" in page
    assert '<input type="hidden" name="version" value="2"' in page
    assert again.status_code == 302


def test_form__saved__says_so_on_the_next_page(signed_in):
    response = signed_in.post("/console/kit/new", {"title": "fine", "kind": "import"}, follow=True)

    assert b"The job is stored." in response.content


def test_secret__revealed__stands_in_this_answer_and_nowhere_else(signed_in):
    session = signed_in.session
    session["stepped_up_at"] = "2999-01-01T00:00:00+00:00"
    session.save()

    response = signed_in.post("/console/kit/rotate")
    after = signed_in.get("/console/kit")

    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert b"hub_secret_0123456789" in response.content
    assert b"hub_secret_0123456789" not in after.content


def test_action__confirmed_with_a_reason__is_done(signed_in, kit):
    url = reverse("console:kit-stop", args=["job_1"])

    asked = signed_in.get(url).content
    refused = signed_in.post(url, {"reason": " "})
    done = signed_in.post(url, {"reason": "Wrong file"})

    assert b"Rows that are not imported yet will be left out." in asked
    assert refused.status_code == 422
    assert done["Location"] == "/console/kit"
    assert kit.ran == [{"reason": "Wrong file"}]
