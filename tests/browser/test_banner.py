"""The consent banner on a page of somebody else's: in a real browser, under a strict policy, by keyboard."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from consent.models import ConsentEvent
from core.actors import SYSTEM
from integrations.services.clients import issue_publishable_key, register_client
from tests.browser.conftest import LIGHT, PHONE

TOLD = """() => new Promise((done) => hubConsent.token
  ? done() : document.addEventListener("hub:consent", () => done(), {once: true}))"""
PAGE = """<!doctype html><html lang="en"><head><title>Shop</title></head><body><main><h1>Shop</h1>
<button type="button" data-hub-consent>Privacy settings</button></main>
<script src="{hub}/static/js/consent-banner.js" data-key="{key}" data-region="{region}" defer></script></body></html>"""


class Shop(BaseHTTPRequestHandler):
    """A page of somebody else's, on an origin of its own, under a strict policy."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write(self.server.page.encode())

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def shop_server():
    """The shop's web server, on loopback."""
    server = ThreadingHTTPServer(("localhost", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def shop(visit, live_server, shop_server):
    """Open the shop's page, which carries the banner, for a visitor from `region`."""
    origin, hub = f"http://localhost:{shop_server.server_port}", live_server.url
    made = register_client(name="Shop", scopes=("engagement:write",), by=SYSTEM, now=timezone.now())
    key = issue_publishable_key(client=made.client, name="Pages", origins=[origin], by=SYSTEM, now=timezone.now())
    shop_server.policy = f"default-src 'none'; script-src {hub}; connect-src {hub}"

    def open_shop(region, mode=LIGHT, signal=False):
        visitor = visit(None, mode)
        shop_server.page = PAGE.format(hub=hub, key=key.text, region=region)
        if signal:
            visitor.page.set_extra_http_headers({"Sec-GPC": "1"})
        visitor.base = origin
        visitor.page.goto(origin + "/")
        visitor.page.get_by_role("dialog").wait_for()
        return visitor

    return open_shop


def kept(visitor):
    return visitor.page.evaluate("localStorage.getItem('hub_consent')")


@pytest.mark.parametrize("mode", [LIGHT, PHONE], ids=str)
def test_banner__where_consent_is_asked__is_accessible_and_stores_nothing_before_a_decision(shop, mode):
    visitor = shop("DE", mode)

    boxes = [visitor.page.get_by_role("button", name=name).bounding_box() for name in ("Reject all", "Accept all")]

    assert visitor.faults(f"banner {mode}") == []
    assert (boxes[0]["width"], boxes[0]["height"]) == (boxes[1]["width"], boxes[1]["height"])
    assert kept(visitor) is None
    assert visitor.page.evaluate("hubConsent.token") is None


def test_banner__accepted_by_keyboard__gives_a_token_and_stays_away_until_opened_again(shop):
    visitor = shop("DE")
    page = visitor.page
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    with page.expect_response("**/api/v1/banner"):
        page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for(state="detached")
    token = page.evaluate("hubConsent.token")
    page.reload()
    page.evaluate(TOLD)

    again = page.get_by_role("dialog").count()
    page.get_by_role("button", name="Privacy settings").click()
    with page.expect_response("**/api/v1/banner"):
        page.get_by_role("button", name="Reject all").click()
    page.get_by_role("dialog").wait_for(state="detached")

    assert token.count(".") == 2
    assert again == 0
    assert page.evaluate("hubConsent.token") is None
    entries = ConsentEvent.objects.filter(purpose__key="analytics").order_by("seq")
    assert list(entries.values_list("event", flat=True)) == ["granted", "withdrawn"]


def test_banner__opt_out_place_with_signal__says_so_and_accept_all_does_not_overrule_it(shop):
    visitor = shop("US-CA", signal=True)
    page = visitor.page

    with page.expect_response("**/api/v1/banner"):
        page.get_by_role("button", name="Accept all").click()
    page.get_by_role("dialog").wait_for(state="detached")

    assert page.evaluate("hubConsent.allowed.analytics") is True
    assert page.evaluate("hubConsent.allowed.sale_share") is False
    assert visitor.faults("banner signal") == []
