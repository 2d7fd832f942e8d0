"""The raw window: superusers look, nobody writes, secrets stay hidden, each look is recorded."""

import pytest
from django.urls import reverse

from core.models import AuditEntry, Role, StaffUser
from marketing_hub.system.raw import window
from tests.factories.core import make_staff
from tests.factories.integrations import make_client, make_key
from tests.factories.system import make_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief(client):
    user = make_staff(Role.SUPERUSER)
    client.force_login(user)
    return user


def tables():
    return sorted(model._meta.label_lower.replace(".", "_") for model in window._registry)


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.SUPERUSER])
def test_window__other_roles__is_refused_and_not_in_the_menu(client, role):
    client.force_login(make_staff(role))

    assert client.get("/admin/").status_code == 403
    assert client.get("/admin/core/job/").status_code == 403
    assert "Raw data" not in client.get("/console/").content.decode()


def test_window__stranger__is_sent_to_the_sign_in_page_and_comes_back(client):
    first = client.get("/admin/core/job/")
    second = client.get(first["Location"])

    assert second["Location"] == "/console/sign-in?next=%2Fadmin%2Fcore%2Fjob%2F"


def test_window__superuser__opens_every_table(client, chief):
    make_job()
    make_key(make_client())

    wrong = [name for name in tables() if client.get(reverse(f"admin:{name}_changelist")).status_code != 200]

    assert wrong == []
    assert "Raw data" in client.get("/console/").content.decode()


def test_row__opened__shows_no_secret_and_is_recorded(client, chief):
    page = client.get(reverse("admin:core_staffuser_change", args=[chief.pk])).content.decode()

    assert chief.email in page
    assert chief.password not in page
    assert "Password" not in page
    assert AuditEntry.objects.get(action="raw.opened").target == f"core.staffuser:{chief.pk}"


@pytest.mark.parametrize("verb", ["add", "change", "delete"])
def test_row__any_attempt_to_write__is_refused_and_nothing_changes(client, chief, verb):
    arguments = [] if verb == "add" else [chief.pk]

    answer = client.post(reverse(f"admin:core_staffuser_{verb}", args=arguments), {"name": "Changed", "post": "yes"})

    chief.refresh_from_db()
    assert answer.status_code == 403
    assert chief.name == "Ana Lima"
    assert StaffUser.objects.count() == 1


def test_window__password_and_sign_out__have_no_address(client, chief):
    assert client.get("/admin/password_change/").status_code == 404
    assert client.post("/admin/logout/")["Location"] == "/console/"
    assert client.get("/admin/").status_code == 200


def test_list__long_table__is_counted_and_read_in_few_queries(client, chief, django_assert_max_num_queries):
    for _ in range(60):
        make_job()

    with django_assert_max_num_queries(10):
        page = client.get("/admin/core/job/").content.decode()

    assert page.count("action-checkbox") == 0
    assert "script-src 'self'" in client.get("/admin/core/job/")["Content-Security-Policy"]
