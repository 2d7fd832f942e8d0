"""What people do from beginning to end, in a real browser: sign in, find somebody, watch, record, bring a file."""

import re

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from core.actors import SYSTEM
from core.models import Role
from customers.models import Customer, Status
from customers.services.customers import create_customer
from tests.factories.core import PASSWORD, make_staff
from tests.support.callers import register_caller

PEOPLE = b"customer id,email,first name\n1,one@example.com,Ona\n2,broken,Tom\n3,three@example.com,Tess\n"
WITHIN = 20_000


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.IMPORT_DIR = tmp_path / "imports"


@pytest.fixture
def jane(transactional_db) -> Customer:
    """Jane Doe in Germany, 12345."""
    properties = {
        "external_id": "12345",
        "email": "jane.doe@example.com",
        "first_name": "Jane",
        "last_name": "Doe",
        "country": "DE",
    }
    return create_customer(properties=properties, by=SYSTEM, now=timezone.now())


def sign_in(page: Page, address: str, password: str = PASSWORD) -> None:
    """Type address and password and send them."""
    page.get_by_label("E-mail address").fill(address)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_sign_in__wrong_until_locked__says_when_to_try_again(visit, transactional_db):
    user = make_staff()
    visitor = visit()
    visitor.open("/console/")

    for _ in range(django_settings.SIGN_IN_FAILURES_ALLOWED):
        sign_in(visitor.page, user.email, "not the password")
        expect(visitor.page.get_by_role("alert").first).to_be_visible()
    sign_in(visitor.page, user.email)

    expect(visitor.page.get_by_role("alert").first).to_contain_text(re.compile(r"[Tt]ry again in \d+ minutes"))
    expect(visitor.page.get_by_label("E-mail address")).to_have_value(user.email)


def test_day_of_a_marketer__signs_in_finds_jane_and_sees_her_click_arrive(visit, jane):
    user = make_staff(Role.MARKETER)
    visitor = visit()

    visitor.open("/console/customers")
    sign_in(visitor.page, user.email)
    expect(visitor.page).to_have_url(visitor.base + "/console/customers")
    visitor.page.keyboard.press("/")
    visitor.page.keyboard.type("doe")
    expect(visitor.page.locator("#total")).to_have_text("1")
    visitor.page.get_by_role("link", name="Jane Doe").click()
    timeline = visitor.page.locator("#panel-timeline")
    expect(timeline).to_contain_text("No activity yet")
    click_over_the_api()

    expect(timeline.get_by_role("link", name="Click")).to_be_visible(timeout=WITHIN)
    expect(timeline).to_contain_text("via Partner")
    timeline.get_by_role("link", name="Click").click()
    expect(visitor.page.locator("#drawer")).to_contain_text("signup-button")
    assert visitor.faults("timeline drawer") == []


def click_over_the_api() -> None:
    """Jane agrees to be followed, and clicks."""
    call = register_caller("engagement:write", "consent:write", "consent:read")
    agreed = {"purpose": "analytics", "event": "granted", "noticeVersion": 1, "locale": "en"}
    recorded = call.post("/api/v1/consent/12345", {"purposes": [agreed], "source": "web_form", "region": "DE"})
    assert recorded.status_code == 201, recorded.content
    click = {
        "userId": "12345",
        "campaignId": "promo_2024_q2",
        "elementId": "signup-button",
        "timestamp": timezone.now().isoformat(),
        "deviceType": "mobile",
    }
    sent = call.post("/api/engagement/click", click)
    assert sent.status_code in (200, 201, 202), sent.content


def test_consent__recorded_by_the_officer__changes_the_answer(visit, jane):
    visitor = visit(make_staff(Role.COMPLIANCE))
    row = visitor.page.locator("#panel-consent tr", has_text="E-mail")

    visitor.open(f"/console/customers/{jane.public_id}")
    expect(row).to_contain_text("No record")
    visitor.page.get_by_role("link", name="Record or correct").click()
    visitor.page.get_by_label("Purpose").select_option(label="Marketing by e-mail")
    visitor.page.get_by_label("What happened").select_option(label="Objected")
    visitor.page.get_by_label("How we heard").select_option(label="Phone call")
    visitor.page.get_by_label("Reason").fill("Called the service line")
    visitor.page.get_by_role("button", name="Record").click()

    expect(visitor.page.locator(".note-success")).to_be_visible()
    visitor.open(f"/console/customers/{jane.public_id}")
    expect(row).to_contain_text("Objected")
    visitor.open("/console/customers")
    expect(visitor.page.locator("#list")).to_contain_text("Objected")


def test_import__from_the_file_to_its_undo__is_done_by_the_wizard(visit, transactional_db):
    visitor = visit(make_staff(Role.MARKETER))
    page = visitor.page

    visitor.open("/console/imports/new")
    upload = {"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE}
    page.get_by_label("CSV file").set_input_files(upload)
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_label("customer id")).to_have_value("external_id")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Try the whole file").click()
    expect(page.locator("#panel-progress")).to_contain_text("Rehearsal: nothing is stored.", timeout=WITHIN)
    assert not Customer.objects.exists()
    page.get_by_role("link", name="Import", exact=True).last.click()
    page.get_by_role("button", name="Import").click()
    expect(page.locator("#panel-progress")).to_contain_text("Stored", timeout=WITHIN)
    expect(page.locator("#panel-refusals")).to_contain_text("invalid_email")
    assert Customer.objects.known().count() == 2
    page.get_by_role("link", name="Undo").click()
    page.get_by_role("button", name="Undo the import").click()

    expect(page.locator("#panel-undo")).to_contain_text("Removed", timeout=WITHIN)
    assert Customer.objects.filter(status=Status.DELETED).count() == 2
    assert visitor.faults("import undone") == []


@pytest.mark.parametrize("cookie", [None, django_settings.SESSION_COOKIE_NAME], ids=["all", "session"])
def test_session__over_while_a_list_is_open__leads_to_the_sign_in_page(visit, jane, cookie):
    visitor = visit(make_staff())
    visitor.open("/console/customers")
    visitor.page.context.clear_cookies(name=cookie)

    visitor.page.get_by_label("E-mail, last name or id").fill("doe")

    expect(visitor.page).to_have_url(re.compile("/console/sign-in"))
    expect(visitor.page.get_by_label("Password")).to_be_visible()
