"""Every screen: each role gets exactly what the access table says."""

from datetime import UTC, datetime

import pytest
from django.core.cache import cache

from core.meter import HEARTBEAT_KEY
from core.models import Role
from marketing_hub.console import greeting
from tests.browser.examples import EXAMPLES, QUERIES
from tests.factories.core import make_staff
from tests.support.screens import screens


def test_screens__with_an_argument__have_an_example_to_open():
    assert {screen.name for screen in screens() if screen.arguments} == set(EXAMPLES)


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role.values)
def test_downloads__by_role__come_or_are_refused_as_the_table_says(client, role):
    user = make_staff(role)
    client.force_login(user)
    session = client.session
    session["stepped_up_at"] = "2999-01-01T00:00:00+00:00"
    session.save()

    wrong = []
    for screen in (one for one in screens() if one.page.downloads):  # a browser walks over all others
        arguments = EXAMPLES[screen.name]() if screen.arguments else {}
        query = QUERIES[screen.name]() if screen.name in QUERIES else {}
        status = client.get(screen.url(**arguments), query).status_code
        wanted = 200 if user.has_perm(screen.page.permission) else 403
        wrong += [] if status == wanted else [f"{screen.name}: {status} instead of {wanted}"]

    assert wrong == []


@pytest.mark.parametrize(
    ("hour", "words"), [(0, "Good morning"), (11, "Good morning"), (12, "Good afternoon"), (18, "Good evening")]
)
def test_greeting__local_hour__fits(hour, words):
    assert greeting(datetime(2026, 3, 2, hour, 59, tzinfo=UTC)) == words


@pytest.mark.django_db
@pytest.mark.parametrize(("beats", "banners"), [(None, 1), ("1", 0)])
def test_worker__no_sign_of_life__is_a_banner_on_every_page(client, beats, banners):
    cache.set(HEARTBEAT_KEY, beats)
    client.force_login(make_staff())

    assert client.get("/console/search").content.count(b"No worker is running") == 2 * banners


@pytest.mark.django_db
def test_worker__in_the_sandbox__is_not_missed(client, settings):
    settings.SANDBOX = True
    cache.set(HEARTBEAT_KEY, None)
    client.force_login(make_staff())

    assert b"No worker is running" not in client.get("/console/search").content
