"""The screens about staff: who sees them, invitations shown once, roles, and the last superuser."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from core.models import AuditEntry, Role, StaffUser
from tests.factories.core import PASSWORD, make_staff

pytestmark = pytest.mark.django_db


def signed_in(role, name="Sam Sole"):
    user = make_staff(role, name)
    http = Client()
    http.post("/console/sign-in", {"email": user.email, "password": PASSWORD})
    return user, http


@pytest.fixture
def chief():
    return signed_in(Role.SUPERUSER)


def at(name, *arguments):
    return reverse(f"console:{name}", args=arguments)


def link_in(answer):
    return re.search(r"<code>(http\S+/console/welcome/\S+)</code>", answer.content.decode()).group(1)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"Bo Berg", "Cy Carr", "Sam Sole"}),
        ("?role=analyst", {"Bo Berg"}),
        ("?state=invited", {"Cy Carr"}),
        ("?state=active", {"Bo Berg", "Sam Sole"}),
        ("?state=deactivated", set()),
    ],
)
def test_list__filtered__shows_what_fits(chief, django_assert_max_num_queries, query, names):
    _, http = chief
    make_staff(Role.ANALYST, "Bo Berg", "bo@example.com")
    http.post(at("user-invite"), {"name": "Cy Carr", "email": "cy@example.com", "role": "marketer"})

    with django_assert_max_num_queries(10):
        page = http.get(at("users") + query).content.decode()

    assert {name for name in ("Bo Berg", "Cy Carr", "Sam Sole") if f">{name}</a>" in page} == names


def test_invite__link__is_shown_once_and_lets_its_holder_sign_in(chief):
    _, http = chief

    answer = http.post(at("user-invite"), {"name": "Cy Carr", "email": "Cy@example.com", "role": "marketer"})
    invited = StaffUser.objects.get(email="cy@example.com")
    welcome = link_in(answer).partition("://")[2].partition("/")[2]
    Client().post(f"/{welcome}", {"password": "a long and rare phrase"})

    again = Client()
    signed = again.post("/console/sign-in", {"email": invited.email, "password": "a long and rare phrase"})
    assert signed["Location"] == "/console/"
    assert answer["Cache-Control"] == "no-store"
    assert link_in(answer) not in http.get(at("user", invited.public_id)).content.decode()


def test_invite__taken_address__is_refused_and_keeps_what_was_typed(chief):
    user, http = chief

    answer = http.post(at("user-invite"), {"name": "Cy Carr", "email": user.email, "role": "marketer"})

    assert answer.status_code == 409
    assert 'value="Cy Carr"' in answer.content.decode()
    assert StaffUser.objects.count() == 1


def test_new_link__for_a_lost_password__leaves_the_present_one_and_is_recorded(chief):
    _, http = chief
    bo = make_staff(Role.ANALYST, "Bo Berg", "bo@example.com")

    answer = http.post(at("user-invite-again", bo.public_id))

    bo.refresh_from_db()
    assert bo.check_password(PASSWORD)
    assert bo.public_id in link_in(answer)
    assert AuditEntry.objects.filter(action="staff.invitation_renewed", target=bo.public_id).exists()


def test_new_link__deactivated_account__is_refused(chief):
    _, http = chief
    bo = make_staff(Role.ANALYST, "Bo Berg", "bo@example.com")
    http.post(at("user-deactivate", bo.public_id))

    answer = http.post(at("user-invite-again", bo.public_id))

    assert answer.status_code == 409
    assert not AuditEntry.objects.filter(action="staff.invitation_renewed").exists()


def test_change_role__to_compliance__counts_and_is_recorded(chief):
    _, http = chief
    bo = make_staff(Role.ANALYST, "Bo Berg", "bo@example.com")

    http.post(at("user-role", bo.public_id), {"role": "compliance_officer"})

    bo.refresh_from_db()
    assert bo.has_perm("core.view_auditentry")
    assert AuditEntry.objects.get(action="staff.role_changed").changes == {"role": ["analyst", "compliance_officer"]}


def test_change_role__of_the_last_superuser__is_refused(chief):
    user, http = chief

    answer = http.post(at("user-role", user.public_id), {"role": "analyst"})

    user.refresh_from_db()
    assert answer.status_code == 409
    assert "last superuser" in answer.content.decode()
    assert user.role == Role.SUPERUSER


def test_deactivate_and_activate__colleague__ends_sessions_and_brings_back(chief):
    _, http = chief
    bo, other = signed_in(Role.ANALYST, "Bo Berg")

    http.post(at("user-deactivate", bo.public_id))
    shut_out = other.get(at("home")).status_code
    http.post(at("user-activate", bo.public_id))

    bo.refresh_from_db()
    assert shut_out == 302
    assert bo.is_active


@pytest.mark.parametrize("name", ["user-role", "user-deactivate", "user-activate", "user-invite-again"])
def test_steps__password_not_entered_lately__ask_for_it(client, name):
    client.force_login(make_staff(Role.SUPERUSER))
    bo = make_staff(Role.ANALYST, "Bo Berg", "bo@example.com")

    answer = client.post(at(name, bo.public_id), {"role": "marketer"})

    bo.refresh_from_db()
    assert answer["Location"].startswith("/console/confirm")
    assert (bo.role, bo.is_active) == (Role.ANALYST, True)


def test_account__rights__are_in_words(chief):
    _, http = chief
    bo = make_staff(Role.ANALYST, "Bo Berg", "bo@example.com")

    page = http.get(at("user", bo.public_id)).content.decode()

    assert "May: </span>See customers" in page
    assert "May not: </span>See personal data unmasked" in page


def test_compliance_officer__looks_and_cannot_change(client):
    client.force_login(make_staff(Role.COMPLIANCE))
    bo = make_staff(Role.ANALYST, "Bo Berg", "bo@example.com")

    page = client.get(at("user", bo.public_id)).content.decode()
    refused = client.post(at("user-deactivate", bo.public_id)).status_code

    assert "Deactivate" not in page
    assert refused == 403


def test_roles__matrix__has_a_row_for_every_permission(chief, settings):
    _, http = chief

    page = http.get(at("roles")).content.decode()

    assert page.count('<th scope="row">') == len(settings.PERMISSION_NAMES)
