"""The second step of signing in: codes of an app, recovery codes, who must have one."""

import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.actors import SYSTEM
from core.errors import InvalidInput, InvalidState, RateLimited, Unauthenticated
from core.models import AuditEntry, Role
from marketing_hub.models import RecoveryCode, SecondFactor
from marketing_hub.system import factors
from tests.factories.core import PASSWORD, make_staff

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def user():
    return make_staff(Role.SUPERUSER)


@pytest.fixture
def app():
    return pyotp.TOTP(factors.new_secret())


def at(name, *arguments):
    return reverse(f"console:{name}", args=arguments)


def enrolled(user, app, now=NOW):
    return factors.enrol(user=user, secret=app.secret, code=app.at(now), by=SYSTEM, now=now)


def check(user, code, now):
    factors.check_code(user=user, code=code, ip="203.0.113.9", request_id="req_1", now=now)


def sign_in(user, next_url=""):
    http = Client()
    return http, http.post(at("sign-in"), {"email": user.email, "password": PASSWORD, "next": next_url})


@pytest.mark.parametrize(
    ("at_second", "code"),
    [(59, "94287082"), (1111111109, "07081804"), (1234567890, "89005924"), (20000000000, "65353130")],
)
def test_step__vectors_of_rfc_6238__are_found(at_second, code):
    made = pyotp.TOTP("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", digits=8)

    assert made.generate_otp(at_second // factors.STEP_S) == code


def test_enrol__right_code__gives_ten_recovery_codes_and_keeps_nothing_readable(user, app):
    codes = enrolled(user, app)

    kept = SecondFactor.objects.get()
    assert len(set(codes)) == 10
    assert app.secret not in kept.secret
    assert not RecoveryCode.objects.filter(digest__in=codes).exists()
    assert AuditEntry.objects.filter(action="staff.second_factor_added", target=user.public_id).exists()


@pytest.mark.parametrize("code", ["", "000000", "12345", "é12345", "1" * 20])
def test_enrol__wrong_code__is_refused_and_nothing_is_kept(user, app, code):
    with pytest.raises(InvalidInput):
        factors.enrol(user=user, secret=app.secret, code=code, by=SYSTEM, now=NOW)

    assert not SecondFactor.objects.exists()


def test_check_code__neighbouring_step__is_right_once_and_never_again(user, app):
    enrolled(user, app)
    later = NOW + timedelta(minutes=5)
    code = app.at(later)

    check(user, f"{code[:3]} {code[3:]}", later + timedelta(seconds=25))

    for moment in (later, later + timedelta(seconds=25)):
        with pytest.raises(Unauthenticated):
            check(user, code, moment)


def test_check_code__two_steps_old__is_refused(user, app):
    enrolled(user, app)

    with pytest.raises(Unauthenticated):
        check(user, app.at(NOW + timedelta(minutes=5)), NOW + timedelta(minutes=7))

    assert AuditEntry.objects.filter(action="staff.code_refused", target=user.public_id).exists()


def test_check_code__recovery_code__opens_once(user, app):
    code = enrolled(user, app)[3]

    check(user, code.upper(), NOW)

    assert AuditEntry.objects.filter(action="staff.recovery_code_used").exists()
    with pytest.raises(Unauthenticated):
        check(user, code, NOW)


def test_check_code__five_failures__lock_the_account(user, app):
    enrolled(user, app)
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            check(user, "000000", NOW)

    with pytest.raises(RateLimited):
        check(user, app.at(NOW + timedelta(minutes=1)), NOW + timedelta(minutes=1))


def test_check_code__nobody_enrolled_or_rubbish__is_refused(user):
    for code in ("", "\x00", "é", "x" * 500, "123456"):
        with pytest.raises(Unauthenticated):
            check(user, code, NOW + timedelta(days=len(code)))


def test_renew_recovery_codes__old_ones__are_dead(user, app):
    old = enrolled(user, app)[0]

    new = factors.renew_recovery_codes(user=user, by=SYSTEM)[0]

    check(user, new, NOW)
    with pytest.raises(Unauthenticated):
        check(user, old, NOW)


def test_remove__no_app__is_refused(user):
    with pytest.raises(InvalidState):
        factors.remove_second_factor(user=user, by=SYSTEM)


def test_sign_in__account_with_app__asks_for_the_code_before_anything_opens(user, app):
    enrolled(user, app, timezone.now() - timedelta(minutes=5))

    http, answer = sign_in(user, next_url="/console/users")

    assert answer["Location"] == at("second-step")
    assert http.get("/console/users").status_code == 302
    wrong = http.post(at("second-step"), {"code": "000000"})
    assert (wrong.status_code, "wrong, too old or used" in wrong.content.decode()) == (401, True)
    right = http.post(at("second-step"), {"code": app.now()})
    assert right["Location"] == "/console/users"
    assert http.get("/console/users").status_code == 200
    entry = AuditEntry.objects.get(action="staff.signed_in", target=user.public_id)
    assert entry.reason == "password and second factor"


def test_second_step__without_a_password_before__leads_back(user):
    assert Client().get(at("second-step"))["Location"] == at("sign-in")
    assert Client().post(at("second-step"), {"code": "123456"})["Location"] == at("sign-in")


def test_app_page__scan_and_enter__turns_it_on_and_shows_recovery_codes_once(user):
    http, _ = sign_in(user)
    page = http.get(at("second-factor")).content.decode()
    secret = re.search(r"<code class=\"break\">([A-Z2-7]{32})</code>", page).group(1)

    refused = http.post(at("second-factor"), {"code": "000000"})
    done = http.post(at("second-factor"), {"code": pyotp.TOTP(secret).now()})

    assert "<svg" in page
    assert refused.status_code == 400
    assert secret in refused.content.decode()
    assert re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", done.content.decode())
    assert "has an authenticator app" in http.get(at("second-factor")).content.decode()


def test_role_that_needs_an_app__after_the_password__opens_the_enrolment_only(user, settings):
    settings.SECURITY = replace(settings.SECURITY, second_factor_roles=("superuser",))
    http, _ = sign_in(user)

    elsewhere = http.get("/console/users")
    page = http.get(at("second-factor"))
    secret = re.search(r"([A-Z2-7]{32})</code>", page.content.decode()).group(1)
    http.post(at("second-factor"), {"code": pyotp.TOTP(secret).now()})

    assert elsewhere["Location"] == at("second-factor")
    assert http.get("/console/users").status_code == 200
    http.post(at("second-factor-remove"), {})
    assert SecondFactor.objects.exists()


def test_step_up__account_with_app__needs_the_code_too(user, app):
    enrolled(user, app, timezone.now() - timedelta(minutes=5))
    http, _ = sign_in(user)
    codes = factors.renew_recovery_codes(user=user, by=SYSTEM)
    http.post(at("second-step"), {"code": codes[0]})

    without = http.post(at("step-up"), {"password": PASSWORD})
    wrong = http.post(at("step-up"), {"password": PASSWORD, "code": "000000"})
    right = http.post(at("step-up"), {"password": PASSWORD, "code": codes[1]})

    assert (without.status_code, wrong.status_code, right.status_code) == (422, 401, 302)


def test_reset__by_an_administrator__lets_in_by_password_alone(user, app):
    other = make_staff(Role.ANALYST)
    enrolled(other, app)
    http, _ = sign_in(user)

    page = http.get(at("user", other.public_id)).content.decode()
    http.post(at("user-second-factor", other.public_id), {})

    assert "Reset the second factor" in page
    assert not SecondFactor.objects.exists()
    assert sign_in(other)[1]["Location"] == at("home")
