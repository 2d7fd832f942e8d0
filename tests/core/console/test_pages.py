"""What every screen has in common: who may open it, how it refuses, that no browser keeps it."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils import timezone

from core.console.pages import Page
from core.models import Role
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("declared", [{"name": "x"}, {"permission": "core.view_home"}, {}])
def test_page__without_permission_or_name__is_refused_when_the_class_is_made(declared):
    with pytest.raises(ImproperlyConfigured, match="declares no"):
        type("Undeclared", (Page,), declared)


def test_page__stranger__is_sent_to_sign_in_and_back(client, kit):
    response = client.get("/console/kit?state=failed")

    assert response.status_code == 302
    assert response["Location"] == "/console/sign-in?next=%2Fconsole%2Fkit%3Fstate%3Dfailed"


def test_page__stranger_asking_for_a_fragment__moves_the_whole_page(client, kit):
    response = client.get("/console/kit", headers={"HX-Request": "true"})

    assert response["HX-Redirect"] == "/console/sign-in?next=%2Fconsole%2F"
    assert response.content == b""


def test_page__missing_permission__is_403_and_names_it_and_who_has_it(client, kit, monkeypatch):
    client.force_login(make_staff(Role.MARKETER))
    monkeypatch.setattr(kit.JobList, "permission", "consent.record_consent")

    response = client.get("/console/kit")

    assert response.status_code == 403
    assert b"Record consent" in response.content
    assert b"consent.record_consent" in response.content
    assert b"Roles that have it: Compliance officer, Superuser." in response.content


def test_page__any_answer__is_not_stored_by_the_browser(client, kit):
    client.force_login(make_staff())

    responses = [client.get("/console/kit"), client.get("/console/kit/new"), client.post("/console/kit/new", {})]

    assert {response["Cache-Control"] for response in responses} == {"no-store"}
    assert all("HX-Request" in response["Vary"] for response in responses)


def test_page__domain_error_outside_a_form__is_a_page_with_its_status(client, kit):
    client.force_login(make_staff())

    response = client.get(reverse("console:kit-job", args=["job_none"]))

    assert response.status_code == 404
    assert b"There is no such job." in response.content


def test_page__step_up_needed__asks_for_the_password_first(client, kit):
    client.force_login(make_staff())

    response = client.get("/console/kit/rotate")

    assert response["Location"] == "/console/confirm?next=%2Fconsole%2Fkit%2Frotate"


@pytest.mark.parametrize(("age", "status"), [(timedelta(minutes=4), 200), (timedelta(minutes=5), 302)])
def test_page__step_up_done__lasts_five_minutes(client, kit, age, status):
    client.force_login(make_staff())
    session = client.session
    session["stepped_up_at"] = (timezone.now() - age).isoformat()
    session.save()

    assert client.get("/console/kit/rotate").status_code == status


def test_page__instants__are_shown_in_the_readers_zone_named_once(client, kit):
    user = make_staff()
    user.time_zone = "Asia/Tokyo"
    user.save()
    client.force_login(user)

    response = client.get("/console/kit")

    assert response.content.count(b"Times in Asia/Tokyo") == 1
