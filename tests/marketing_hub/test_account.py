"""One's own account: time zone, password, and the link of an invitation."""

import pytest
from django.test import Client

from core.actors import SYSTEM
from core.models import AuditEntry, Role
from marketing_hub.system.accounts import invite_staff
from tests.factories.core import NOON, PASSWORD, make_staff

pytestmark = pytest.mark.django_db
NEW = "a much better password"


@pytest.fixture
def ana(client):
    user = make_staff()
    client.force_login(user)
    return user


def test_time_zone__chosen__is_used_from_the_next_page_on(client, ana):
    page = client.post("/console/time-zone", {"time_zone": "Asia/Tokyo"}, follow=True).content

    assert b"Times in Asia/Tokyo" in page
    assert AuditEntry.objects.filter(action="staff.time_zone_chosen", target=ana.public_id).count() == 1


def test_time_zone__unknown__is_refused(client, ana):
    assert client.post("/console/time-zone", {"time_zone": "Mars/Olympus"}).status_code == 422

    ana.refresh_from_db()
    assert ana.time_zone == "UTC"


def test_password__changed__keeps_this_session_and_ends_the_others(client, ana):
    elsewhere = Client()
    elsewhere.force_login(ana)

    response = client.post("/console/password", {"old": PASSWORD, "password": NEW})

    assert response["Location"] == "/console/"
    assert client.get("/console/").status_code == 200
    assert elsewhere.get("/console/").status_code == 302


@pytest.mark.parametrize(
    ("given", "words"),
    [({"old": "wrong", "password": NEW}, b"present password is wrong"), ({"old": PASSWORD, "password": "x"}, b"short")],
)
def test_password__refused__says_why_and_changes_nothing(client, ana, given, words):
    response = client.post("/console/password", given)

    ana.refresh_from_db()
    assert response.status_code == 400
    assert words in response.content
    assert ana.check_password(PASSWORD)


@pytest.fixture
def invitation():
    user, token = invite_staff(email="new@example.com", name="Noa", role=Role.ANALYST, by=SYSTEM, now=NOON)
    return f"/console/welcome/{user.public_id}/{token}"


def test_welcome__first_password__opens_the_account_once(client, invitation, monkeypatch):
    response = client.post(invitation, {"password": NEW}, follow=True)
    again = client.post(invitation, {"password": PASSWORD})

    assert b"Your password is set" in response.content
    assert again.status_code == 404
    assert client.post("/console/sign-in", {"email": "new@example.com", "password": NEW}).status_code == 302


def test_welcome__weak_password__is_refused_and_the_link_stays_good(client, invitation):
    assert client.post(invitation, {"password": "short"}).status_code == 400
    assert client.post(invitation, {"password": NEW}).status_code == 302


def test_welcome__page__is_not_stored(client, invitation):
    assert "no-store" in client.get(invitation)["Cache-Control"]
