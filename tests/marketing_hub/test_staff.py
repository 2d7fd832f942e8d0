"""Signing in and out over HTTP, the password again before a risky step, theme and palette."""

import pytest

from core import menu
from core.models import AuditEntry, Role
from tests.factories.core import PASSWORD, make_staff

pytestmark = pytest.mark.django_db


def sign_in(client, password=PASSWORD, email="marketer@example.com", **more):
    return client.post("/console/sign-in", {"email": email, "password": password, **more})


def test_sign_in__right_password__opens_a_session_and_goes_on(client):
    make_staff()

    response = sign_in(client, next="/console/search")

    assert response["Location"] == "/console/search"
    assert client.get("/console/").status_code == 200


@pytest.mark.parametrize("wanted", ["https://evil.example.com/", "//evil.example.com", "javascript:alert(1)"])
def test_sign_in__next_is_elsewhere__goes_home_instead(client, wanted):
    make_staff()

    assert sign_in(client, next=wanted)["Location"] == "/console/"


def test_sign_in__wrong_password__keeps_the_address_and_never_the_password(client):
    make_staff()

    response = sign_in(client, password="wrong-password-9")

    assert response.status_code == 401
    assert b'value="marketer@example.com"' in response.content
    assert b"wrong-password-9" not in response.content
    assert client.get("/console/").status_code == 302


def test_sign_in__locked__says_when_to_try_again(client, settings):
    make_staff()
    settings.SIGN_IN_FAILURES_ALLOWED = 1

    sign_in(client, password="wrong")
    response = sign_in(client)

    assert response.status_code == 429
    assert b"Try again in 15 minutes." in response.content
    assert 0 < int(response["Retry-After"]) <= 900


def test_sign_in__page__is_not_stored(client):
    assert "no-store" in client.get("/console/sign-in")["Cache-Control"]


def test_sign_out__by_post__ends_the_session(client):
    client.force_login(make_staff())

    assert client.get("/console/sign-out").status_code == 405
    assert client.post("/console/sign-out")["Location"] == "/console/sign-in"
    assert client.get("/console/").status_code == 302


def test_deactivated__staff__is_out_at_the_next_request(client):
    user = make_staff()
    client.force_login(user)
    user.is_active = False
    user.save()

    assert client.get("/console/").status_code == 302


def test_confirm__right_password__opens_the_risky_step(client, kit):
    client.force_login(make_staff())

    response = client.post("/console/confirm", {"password": PASSWORD, "next": "/console/kit/rotate"})

    assert response["Location"] == "/console/kit/rotate"
    assert client.get("/console/kit/rotate").status_code == 200


def test_confirm__wrong_password__does_not(client, kit):
    client.force_login(make_staff())

    response = client.post("/console/confirm", {"password": "wrong", "next": "/console/kit/rotate"})

    assert response.status_code == 401
    assert client.get("/console/kit/rotate").status_code == 302
    assert AuditEntry.objects.filter(action="staff.sign_in_refused").count() == 1


def test_theme__chosen__is_remembered_in_a_cookie_scripts_cannot_read(client):
    response = client.post("/console/theme", {"theme": "dark", "next": "/console/search"})

    assert response["Location"] == "/console/search"
    assert response.cookies["hub_theme"].value == "dark"
    assert response.cookies["hub_theme"]["httponly"]


def test_theme__unknown__is_not_stored(client):
    assert "hub_theme" not in client.post("/console/theme", {"theme": "pink"}).cookies


def test_palette__typed_text__finds_what_the_reader_may_see(client, monkeypatch):
    monkeypatch.setattr(menu, "_searches", {})
    menu.add_search(
        menu.Search("Things", "users", "core.view_home", lambda text, reader: [menu.Hit(f"Thing {text}", "/t", "x")])
    )
    menu.add_search(menu.Search("Secrets", "lock", "core.change_user", lambda text, reader: [menu.Hit("No", "/s")]))
    client.force_login(make_staff(Role.ANALYST))

    page = client.post("/console/search", {"q": "silva"}, headers={"HX-Request": "true"}).content.decode()

    assert "Thing silva" in page
    assert "Secrets" not in page
    assert 'role="option"' in page


def test_palette__nothing_found__says_what_can_be_typed(client):
    client.force_login(make_staff())

    assert b"Nothing found for" in client.post("/console/search", {"q": "zzzz"}).content


def test_palette__nul_in_the_text__finds_nothing_and_breaks_nothing(client):
    client.force_login(make_staff(Role.SUPERUSER))

    assert client.post("/console/search", {"q": "cus_\x00"}).status_code == 200
