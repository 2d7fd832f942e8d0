"""The shell: menu by permission, theme, content security policy, environment."""

import pytest

from core import menu
from core.models import Role
from tests.factories.core import make_staff

pytestmark = pytest.mark.django_db

STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)


@pytest.mark.parametrize("path", ["/console/sign-in", "/console/nowhere", "/static/css/console.css", "/"])
def test_policy__every_answer__is_strict(client, path):
    assert client.get(path)["Content-Security-Policy"] == STRICT


def test_policy__documentation__may_style_itself_but_still_runs_no_inline_script(client, settings):
    policy = client.get(settings.DOCUMENTATION_PATHS[0] + "/x")["Content-Security-Policy"]

    assert "style-src 'self' 'unsafe-inline'" in policy
    assert "script-src 'self';" in policy


def test_menu__by_role__hides_what_it_may_not_open(client, monkeypatch):
    monkeypatch.setattr(menu, "_items", dict(menu._items))
    menu.add_item(menu.MenuItem("Staff only", "console:step-up", "users", "System", "core.view_user"))

    seen = {}
    for role in Role.values:
        client.force_login(make_staff(role))
        seen[role] = b"Staff only" in client.get("/console/").content

    assert {role for role, shown in seen.items() if shown} == {Role.COMPLIANCE, Role.SUPERUSER}


def test_menu__page_shown__is_marked(client):
    client.force_login(make_staff())

    page = client.get("/console/").content.decode()

    assert 'href="/console/" aria-current="page"' in page


def test_pages__browser_that_takes_gzip__are_compressed_and_answers_for_programs_are_not(client):
    takes = {"Accept-Encoding": "gzip"}

    assert client.get("/console/sign-in", headers=takes)["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in client.get("/api/nowhere", headers=takes)


def test_shell__theme_cookie__is_rendered_by_the_server(client):
    client.cookies["hub_theme"] = "dark"

    assert b'data-bs-theme="dark"' in client.get("/console/sign-in").content


def test_shell__unknown_time_zone__is_utc(client):
    user = make_staff()
    user.time_zone = "Mars/Olympus"
    user.save()
    client.force_login(user)

    assert b"Times in UTC" in client.get("/console/").content


def test_shell__brand__is_a_setting(client, settings):
    settings.CONSOLE_BRAND = "Acme <Hub>"

    assert b"Acme &lt;Hub&gt;" in client.get("/console/sign-in").content
