"""Every screen of the console, for every role: it opens for those who may, is accessible, and obeys the policy."""

import pytest

from core.models import Role
from tests.browser.conftest import DARK, DARK_PHONE, LIGHT, PHONE
from tests.browser.examples import EXAMPLES
from tests.factories.consent import choice_pages
from tests.factories.core import make_staff
from tests.support.screens import screens

WALKS = [
    *((role, LIGHT) for role in Role.values),
    (Role.SUPERUSER, DARK),
    (Role.SUPERUSER, PHONE),
    (Role.SUPERUSER, DARK_PHONE),
]


@pytest.mark.parametrize(("role", "mode"), WALKS, ids=str)
def test_screens__with_data__have_no_fault(visit, role, mode):
    user = make_staff(role)
    addresses = {
        screen.name: screen.url(**(EXAMPLES[screen.name]() if screen.arguments else {})) for screen in screens()
    }
    visitor = visit(user, mode)

    faults, seen_refusal = [], False
    for screen in (screen for screen in screens() if not screen.page.downloads):
        wanted = 200 if user.has_perm(screen.page.permission) else 403
        status = visitor.open(addresses[screen.name])
        faults += [f"{screen.name}: {status} instead of {wanted}"] if status != wanted else []
        if status != 403 or not seen_refusal:  # refusals are one and the same page
            faults += visitor.faults(f"{screen.name} {role} {mode}")
        seen_refusal = seen_refusal or status == 403

    assert faults == []


@pytest.mark.parametrize("mode", [LIGHT, DARK_PHONE], ids=str)
def test_screens__without_data__have_no_fault(visit, mode):
    visitor = visit(make_staff(Role.SUPERUSER), mode)

    faults = []
    for screen in screens():
        if not screen.arguments and not screen.page.downloads:
            status = visitor.open(screen.url())
            faults += [f"{screen.name}: {status}"] if status != 200 else []
            faults += visitor.faults(f"{screen.name} empty {mode}")

    assert faults == []


@pytest.mark.parametrize("mode", [LIGHT, DARK, PHONE], ids=str)
def test_pages_for_strangers__have_no_fault(visit, mode):
    visitor = visit(None, mode)

    faults = []
    for name, path, wanted in (
        ("sign-in", "/console/sign-in", 200),
        ("not-found", "/console/nowhere", 404),
        *choice_pages(),
    ):
        faults += [] if visitor.open(path) == wanted else [f"{name}: not {wanted}"]
        faults += visitor.faults(f"{name} {mode}")

    assert faults == []
