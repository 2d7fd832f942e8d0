"""Staff accounts: sign-in is throttled, the last superuser stays."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connections

from core.actors import SYSTEM, Actor, ActorKind
from core.errors import Conflict, InvalidInput, InvalidState, NotFound, RateLimited, Unauthenticated
from core.models import AuditEntry, Role, SignInGuard, StaffUser
from core.tasks import apply_retention
from marketing_hub.system.accounts import (
    change_password,
    change_role,
    create_staff,
    deactivate_staff,
    invite_staff,
    reactivate_staff,
    set_first_password,
    sign_in,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"
pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return create_staff(email="Ana@Example.com", name="Ana", role=Role.MARKETER, password=PASSWORD, by=SYSTEM, now=NOON)


def attempt(email="ana@example.com", password=PASSWORD, ip="198.51.100.7", now=NOON):
    return sign_in(email=email, password=password, ip=ip, request_id="req_1", now=now)


def test_sign_in__right_password__answers_the_user_and_forgets_failures(ana):
    with pytest.raises(Unauthenticated):
        attempt(password="wrong")

    user = attempt(email=" ANA@example.com ")

    assert user == ana
    assert not SignInGuard.objects.exists()
    assert AuditEntry.objects.filter(action="staff.signed_in", target=ana.public_id).count() == 1


@pytest.mark.parametrize("email", ["ana@example.com", "nobody@example.com"])
def test_sign_in__five_wrong_passwords__locks_and_says_when_to_try_again(ana, email):
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            attempt(email=email, password="wrong")

    with pytest.raises(RateLimited, match="Try again in 15 minutes") as locked:
        attempt(email=email)

    assert locked.value.code == "sign_in_locked"
    assert locked.value.extra["retry_at"] == (NOON + timedelta(minutes=15)).isoformat()
    assert locked.value.headers["Retry-After"] == "900"


def test_sign_in__after_the_lock__counts_from_one(ana):
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            attempt(password="wrong")

    with pytest.raises(Unauthenticated):
        attempt(password="wrong", now=NOON + timedelta(minutes=15))

    assert SignInGuard.objects.get().failures == 1


def test_retention__failures_of_yesterday__are_forgotten(ana):
    with pytest.raises(Unauthenticated):
        attempt(password="wrong", now=NOON - timedelta(days=400))

    apply_retention()

    assert not SignInGuard.objects.exists()


def test_sign_in__deactivated_account__reads_like_a_wrong_password(ana):
    StaffUser.objects.filter(pk=ana.pk).update(is_active=False)

    with pytest.raises(Unauthenticated, match="address or the password is wrong"):
        attempt()


def test_sign_in__many_addresses_from_one_network_address__is_locked(ana, settings):
    settings.SIGN_IN_FAILURES_PER_ADDRESS = 3
    for number in range(3):
        with pytest.raises(Unauthenticated):
            attempt(email=f"a{number}@example.com", ip="198.51.100.9")

    with pytest.raises(RateLimited):
        attempt(ip="198.51.100.9")

    assert attempt(ip="198.51.100.10") == ana


@pytest.mark.django_db(transaction=True)
def test_sign_in__parallel_guesses__cannot_pass_the_limit_together(ana):
    def guess(_):
        try:
            attempt(password="wrong")
        except (Unauthenticated, RateLimited) as refusal:
            return refusal.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(guess, range(16)))

    assert codes.count("sign_in_refused") == 5
    assert codes.count("sign_in_locked") == 11


@pytest.mark.parametrize(
    ("changes", "param"),
    [({"email": "not an address"}, "email"), ({"role": "king"}, "role"), ({"password": "short"}, "password")],
)
def test_create_staff__unusable_input__is_refused_and_nothing_is_stored(changes, param):
    values = {"email": "ana@example.com", "name": "Ana", "role": Role.MARKETER, "password": PASSWORD} | changes

    with pytest.raises(InvalidInput) as refusal:
        create_staff(**values, by=SYSTEM, now=NOON)

    assert refusal.value.param == param
    assert not StaffUser.objects.exists()


def test_create_staff__address_in_other_case__is_refused_as_taken(ana):
    with pytest.raises(Conflict):
        create_staff(email="ANA@example.com", name="", role=Role.ANALYST, password=PASSWORD, by=SYSTEM, now=NOON)

    assert StaffUser.objects.count() == 1


def test_invite_staff__token__sets_the_password_once():
    user, token = invite_staff(email="bo@example.com", name="Bo", role=Role.ANALYST, by=SYSTEM, now=NOON)
    set_first_password(public_id=user.public_id, token=token, password=PASSWORD, by=SYSTEM)

    with pytest.raises(NotFound, match="used or has expired"):
        set_first_password(public_id=user.public_id, token=token, password="another good one", by=SYSTEM)

    assert attempt(email="bo@example.com") == user


def test_change_password__wrong_old_one__changes_nothing(ana):
    with pytest.raises(InvalidInput):
        change_password(user=ana, old="wrong", new="another good one", by=SYSTEM)

    assert attempt() == ana


def test_change_role__last_superuser__is_refused():
    root = create_staff(email="r@example.com", name="", role=Role.SUPERUSER, password=PASSWORD, by=SYSTEM, now=NOON)

    with pytest.raises(InvalidState, match="last superuser"):
        change_role(user=root, role=Role.ANALYST, by=SYSTEM)

    root.refresh_from_db()
    assert root.role == Role.SUPERUSER


def test_deactivate_staff__last_active_superuser__is_refused(ana):
    roots = [
        create_staff(email=f"r{n}@example.com", name="", role=Role.SUPERUSER, password=PASSWORD, by=SYSTEM, now=NOON)
        for n in range(2)
    ]
    deactivate_staff(user=roots[0], by=SYSTEM)

    with pytest.raises(InvalidState, match="last superuser"):
        deactivate_staff(user=roots[1], by=SYSTEM)

    assert reactivate_staff(user=roots[0], by=SYSTEM).is_active
    assert StaffUser.objects.filter(is_active=True, role=Role.SUPERUSER).count() == 2


def test_deactivate_staff__own_account__is_refused(ana):
    with pytest.raises(InvalidState, match="your own"):
        deactivate_staff(user=ana, by=Actor(kind=ActorKind.STAFF, id=ana.public_id))

    ana.refresh_from_db()
    assert ana.is_active


def test_staff_create__password_on_standard_input__makes_an_account(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))

    call_command("staff", "create", "--email", "root@example.com", "--role", "superuser", "--password-stdin")

    assert StaffUser.objects.get().check_password(PASSWORD)
    assert capsys.readouterr().out.strip() == f"{StaffUser.objects.get().public_id} superuser"
