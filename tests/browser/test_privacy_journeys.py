"""Requests of people from the public form to package and certificate, and their choices, with letters from a server."""

import json
import re
from datetime import timedelta
from zipfile import ZipFile

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from consent.models import ConsentState, DataRequest, Suppression
from consent.selectors.links import preference_link
from core.models import Role
from customers.models import Customer, Status
from tests.browser.conftest import PHONE
from tests.factories.core import PASSWORD, make_staff
from tests.factories.requests import make_subject

ADDRESS = "jane.silva@example.com"


@pytest.fixture
def post(settings, live_server, smtp_sink, tmp_path):
    """Letters go to a real mail server, and their links lead to the server under test."""
    settings.PUBLIC_URL = live_server.url
    settings.PACKAGE_DIR = tmp_path / "packages"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", smtp_sink.port, False
    return smtp_sink


def ask(visitor, post, kind: str) -> list[str]:
    """Ask by the public form and confirm by the link in the letter; faults of the pages on the way."""
    page = visitor.page
    visitor.open("/privacy/request")
    faults = visitor.faults("form")
    page.get_by_label("What do you ask for?").select_option(kind)
    page.get_by_label("Your e-mail address").fill("JANE.Silva@example.com")
    page.get_by_label("Country").fill("D")
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    faults += visitor.faults("form refused")
    page.get_by_label("Country").fill("DE")
    page.get_by_role("button", name="Send request").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    faults += visitor.faults("received")
    page.goto(post.last_link("/privacy/confirm/"))
    faults += visitor.faults("confirm")
    page.get_by_role("button", name="Yes, it is mine").click()
    expect(page.get_by_role("heading", name="Confirmed")).to_be_visible()
    return [*faults, *visitor.faults("confirmed")]


def open_request(officer) -> Page:
    """From the board to the request."""
    officer.open("/console/privacy-requests")
    officer.page.locator(".board").get_by_role("link").first.click()
    expect(officer.page.locator("#panel-tasks")).to_be_visible()
    return officer.page


def step(page: Page, link: str, button: str, password: bool = False) -> None:
    """Take one step of a request, with the password where it is asked for."""
    page.get_by_role("link", name=link, exact=True).first.click()
    if password:
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button").last.click()
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator(".note-success")).to_be_visible()


def test_access__from_the_public_form__ends_with_the_package_behind_a_code(visit, post, tmp_path):
    make_subject(ADDRESS)
    person, officer = visit(mode=PHONE), visit(make_staff(Role.COMPLIANCE), stepped_up=False)

    faults = ask(person, post, "access")
    desk = open_request(officer)
    step(desk, "Approve", "Approve", password=True)
    step(desk, "Send the package and close", "Close and send the letter")
    letter = post.last_text()
    person.page.goto(post.last_link("/privacy/status/"))
    expect(person.page.get_by_text("Answered.")).to_be_visible()
    faults += person.faults("status")
    person.page.goto(re.search(r"http\S+/privacy/package/\S+", letter)[0])
    faults += person.faults("package")
    person.page.get_by_role("button", name="Send me a code").click()
    person.page.get_by_label("Code").fill("00000000")
    person.page.get_by_role("button", name="Download").click()
    expect(person.page.get_by_role("alert")).to_be_visible()
    faults += person.faults("package refused")
    person.page.get_by_label("Code").fill(re.search(r"\d{8}", post.last_text())[0])
    with person.page.expect_download() as download:
        person.page.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "package.zip")

    with ZipFile(tmp_path / "package.zip") as archive:
        profile = json.loads(archive.read("json/customers.profiles.json"))
        assert {"report.html", "manifest.json", "csv/customers.profiles.csv"} <= set(archive.namelist())
    assert profile[0]["email"] == ADDRESS
    assert "/p/" in letter
    assert faults == []


def test_erasure__from_the_public_form__ends_with_a_certificate_of_nothing_found(visit, post):
    jane = make_subject(ADDRESS)
    person = visit()
    first = visit(make_staff(Role.COMPLIANCE, "Mara Fox", "mara@example.com"), stepped_up=False)
    second = visit(make_staff(Role.COMPLIANCE, "Leo Brandt", "leo@example.com"), stepped_up=False)

    faults = ask(person, post, "erasure")
    desk = open_request(first)
    expect(desk.locator("#panel-preview")).to_contain_text("erased or emptied")
    step(desk, "Approve", "Approve", password=True)
    assert Customer.objects.get(pk=jane.pk).email == ADDRESS
    desk = open_request(second)
    step(desk, "Approve as second person", "Approve", password=True)
    step(desk, "Close as done", "Close and send the letter")
    letter = post.last_text()
    second.open(f"/console/privacy-requests/{DataRequest.objects.get().public_id}/certificate")

    expect(desk.get_by_text("nothing found")).to_be_visible()
    expect(desk.get_by_text("Mara Fox and Leo Brandt")).to_be_visible()
    faults += second.faults("certificate")
    assert "is done" in letter
    assert "/p/" not in letter
    assert Customer.objects.get(pk=jane.pk).status == Status.DELETED
    assert Suppression.objects.filter(reason="erasure").count() == 1
    assert faults == []


def test_choices__on_the_public_pages__are_kept_and_no_answer_has_a_fault(visit, post):
    jane = make_subject(ADDRESS)
    person = visit(mode=PHONE)
    page = person.page

    page.goto(preference_link(customer=jane, expires_at=timezone.now() + timedelta(days=1)))
    page.get_by_role("button", name="No to everything").click()
    expect(page.get_by_text("Saved. Your choices apply from now on.")).to_be_visible()
    faults = person.faults("preferences saved")
    person.open("/privacy/do-not-sell")
    page.get_by_label("Your e-mail address").fill(ADDRESS)
    page.get_by_role("button", name="Do not sell or share").click()
    expect(page.get_by_role("heading", name="Your opt-out is received")).to_be_visible()
    faults += person.faults("do not sell done")
    person.open("/privacy/subscribe")
    page.get_by_label("Your e-mail address").fill(ADDRESS)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Please look into your mailbox")).to_be_visible()
    faults += person.faults("subscribed")
    page.goto(post.last_link("/c/"))
    faults += person.faults("double opt-in")
    page.get_by_role("button", name="Yes, I confirm").click()
    expect(page.get_by_role("heading", name="Confirmed")).to_be_visible()
    faults += person.faults("double opt-in done")

    states = dict(ConsentState.objects.filter(customer=jane).values_list("purpose__key", "state"))
    assert states["marketing_email"] == "granted"
    assert states["sale_share"] == "opted_out"
    assert faults == []
