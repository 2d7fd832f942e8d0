"""Every screen of the console, for every role: it opens for those who may, is accessible, and obeys the policy."""

import pytest

from core.models import Role
from tests.browser.conftest import DARK, DARK_PHONE, HUES, LIGHT, PHONE
from tests.browser.examples import EXAMPLES
from tests.factories.consent import choice_pages
from tests.factories.core import make_staff
from tests.support.screens import Screen, screens
from tests.support.sessions import signed_in

PARTS = 8  # of a walk, so that no worker is left alone with a long one at the end


# What each sees of their own only.
OWN = {"job", "job-pause", "job-resume", "job-retry", "job-stop", "audit-entry", "view-edit", "view-remove"}
STAFF = [role for role in Role.values if role != Role.SUPERUSER]


def part_of(part: int) -> list[tuple[Screen, str]]:
    """Every eighth screen, each with an address of something that exists."""
    chosen = [screen for screen in screens() if not screen.page.downloads][part::PARTS]
    return [(screen, screen.url(**(EXAMPLES[screen.name]() if screen.arguments else {}))) for screen in chosen]


@pytest.mark.parametrize("part", range(PARTS))
def test_screens__with_data__have_no_fault(visit, part):
    user = make_staff(Role.SUPERUSER)
    windows = [(mode, visit(user, mode)) for mode in (LIGHT, PHONE)]

    faults = []
    for screen, address in part_of(part):
        for mode, visitor in windows:
            status = visitor.open(address)
            faults += [f"{screen.name}: {status}"] if status != 200 else []
            faults += visitor.faults(f"{screen.name} {mode}", without=[] if mode is LIGHT else HUES)  # the same on both
            if mode is LIGHT:
                visitor.darken()
                faults += visitor.faults(f"{screen.name} dark", HUES)  # of a dark page only its hues are new

    assert faults == []


@pytest.mark.parametrize("part", range(PARTS))
def test_screens__every_role__sees_what_it_may_and_is_refused_the_rest(visit, part):
    users = {role: make_staff(role) for role in STAFF}
    visitors = {role: visit(user) for role, user in users.items()}
    clients = {role: signed_in(user, stepped_up=True) for role, user in users.items()}

    faults, seen_refusal = [], set()
    for number, (screen, address) in enumerate(part_of(part)):
        allowed = [role for role in STAFF if users[role].has_perm(screen.page.permission)]
        for role in STAFF if screen.name not in OWN else {*STAFF} - {*allowed}:
            may, visitor = role in allowed, visitors[role]
            # One of those who may looks at it, in turn; all refusals are the same page, looked at once by each.
            if role == allowed[number % len(allowed)] if may else role not in seen_refusal:
                status = visitor.open(address)
                faults += (visitor.troubles if may else visitor.faults)(f"{screen.name} {role}")
                seen_refusal |= set() if may else {role}
            else:
                status = clients[role].get(address).status_code
            faults += [] if status == (200 if may else 403) else [f"{screen.name} {role}: {status}"]

    assert faults == []


@pytest.mark.parametrize("role", STAFF)
def test_screens__of_what_somebody_owns__open_for_its_owner(visit, role):
    user = make_staff(role)
    visitor = visit(user)

    faults = []
    for screen in (one for one in screens() if one.name in OWN and user.has_perm(one.page.permission)):
        status = visitor.open(screen.url(**EXAMPLES[screen.name]()))
        faults += [f"{screen.name} {role}: {status}"] if status != 200 else []
        faults += visitor.troubles(f"{screen.name} {role}")

    assert faults == []


@pytest.mark.parametrize("mode", [LIGHT, DARK_PHONE], ids=str)
def test_screens__without_data__have_no_fault(visit, mode):
    visitor = visit(make_staff(Role.SUPERUSER), mode)

    faults = []
    for screen in screens():
        if not screen.arguments and not screen.page.downloads:
            status = visitor.open(screen.url())
            faults += [f"{screen.name}: {status}"] if status != 200 else []
            faults += visitor.faults(f"{screen.name} empty {mode}", without=HUES if mode is LIGHT else [])

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
