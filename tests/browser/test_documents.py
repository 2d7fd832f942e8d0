"""Pages about the API, and the consent screen of OAuth, in a real browser."""

import re

import pytest
from django.utils import timezone

from core.models import Role
from integrations.services.devices import begin_device
from tests.browser.conftest import DARK, LIGHT, PHONE
from tests.factories.core import make_staff
from tests.factories.integrations import REDIRECT, make_client

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    ("path", "shown"), [("/api/docs", "#operations-Account-getMe"), ("/api/redoc", "h2:has-text('Who am I')")]
)
def test_viewers__own_policy__lets_them_work_and_they_ask_nobody_else(visit, path, shown):
    visitor = visit(None, LIGHT)
    hosts = set()
    visitor.page.on("request", lambda request: hosts.add(request.url.split("/")[2]))

    status = visitor.open(path)
    visitor.page.wait_for_selector(shown)

    assert status == 200
    assert visitor.page.evaluate("window.refused") == []
    assert visitor.complaints == []
    assert hosts == {visitor.base.split("/")[2]}


PAGES = (
    "/docs/",
    "/docs/quickstarts/server",
    "/docs/errors",
    "/docs/limits",
    "/docs/data",
    "/docs/data/Customer",
    "/docs/changelog",
    "/docs/search?q=consent+token",
)


@pytest.mark.parametrize("mode", [LIGHT, DARK, PHONE], ids=str)
def test_pages__of_the_documentation__have_no_fault_without_scripts_of_their_own(visit, mode):
    visitor = visit(None, mode)

    faults = []
    for path in PAGES:
        faults += [] if visitor.open(path) == 200 else [f"{path}: not 200"]
        faults += visitor.faults(f"docs{path.removeprefix('/docs').replace('/', '-')} {mode}")
        faults += [f"{path}: runs a script"] * visitor.page.locator("script").count()

    assert faults == []


def test_pages__on_a_phone__are_reached_through_the_list_of_all_pages(visit):
    visitor = visit(None, PHONE, scripts=False)
    visitor.page.goto(visitor.base + "/docs/")

    visitor.page.click("summary:has-text('All pages')")
    visitor.page.get_by_role("navigation", name="All pages").get_by_role("link", name="Error catalogue").click()
    visitor.page.get_by_role("searchbox").fill("rate_limited")
    visitor.page.get_by_role("button", name="Search").click()

    assert visitor.page.locator("main a[href='/docs/errors#rate_limited']").count() == 1


@pytest.mark.parametrize("mode", [LIGHT, DARK, PHONE], ids=str)
def test_consent_screen__allowed__takes_the_code_to_the_client(visit, mode):
    client = make_client("Sales app", grants=["authorization_code"], redirect_uris=[REDIRECT], public=True)
    visitor = visit(make_staff(Role.SUPERUSER), mode)
    visitor.page.route(f"{REDIRECT}**", lambda route: route.fulfill(body="arrived", content_type="text/plain"))

    query = f"response_type=code&client_id={client.client_id}&redirect_uri={REDIRECT}&state=s"
    visitor.open(f"/oauth/authorize?{query}&code_challenge={CHALLENGE}&code_challenge_method=S256")
    faults = visitor.faults(f"oauth-consent {mode}")
    visitor.page.click("button[name=allow]")
    visitor.page.wait_for_url(re.compile("^" + re.escape(REDIRECT)))

    assert faults == []
    assert "code=" in visitor.page.url


@pytest.mark.parametrize("mode", [LIGHT, DARK, PHONE], ids=str)
def test_device_page__code_typed__is_decided_on(visit, mode):
    client = make_client("Counter display", grants=["device_code"], public=True)
    codes = begin_device(client=client, scopes=list(client.scopes)[:2], now=timezone.now())
    visitor = visit(make_staff(Role.SUPERUSER), mode)
    visitor.open("/oauth/device")
    faults = visitor.faults(f"device {mode}")

    visitor.page.get_by_label("The code that the device shows").fill("BBBB-BBBB")
    visitor.page.get_by_role("button", name="Continue").click()
    visitor.page.get_by_role("alert").wait_for()
    faults += visitor.faults(f"device, wrong code {mode}")
    visitor.page.get_by_label("The code that the device shows").fill(codes.user_code.lower())
    visitor.page.get_by_role("button", name="Continue").click()
    visitor.page.get_by_text(codes.user_code).wait_for()
    faults += visitor.faults(f"device, decision {mode}")
    visitor.page.get_by_role("button", name="Allow").click()
    visitor.page.get_by_role("heading", name="The device is connected").wait_for()
    faults += visitor.faults(f"device, connected {mode}")

    assert faults == []
