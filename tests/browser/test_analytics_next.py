"""Segment's own script for browsers, as npm gives it, on a page of somebody else's with a publishable key."""

import shutil
import threading
from http.server import ThreadingHTTPServer

import pytest
from django.utils import timezone

from core.actors import SYSTEM
from customers.models import Customer
from engagement.models import Event, Rejection
from engagement.rules.catalogue import BY_NAME
from integrations.services.write_keys import issue_write_key
from tests.browser.conftest import LIGHT
from tests.browser.test_banner import Shop
from tests.browser.test_tracking import _empty_event_log
from tests.engagement.conftest import agree, token_of
from tests.factories.consent import make_person
from tests.support.npm import installed
from tests.support.waiting import eventually

__all__ = ["_empty_event_log"]
PACKAGE = "@segment/analytics-next@1.84.3"
PAGE = """<!doctype html><html lang="en"><head><title>Shop</title></head><body><main><h1>Shop</h1></main>
<script src="/sdk/index.js"></script><script>
window.sdk = AnalyticsNext.AnalyticsBrowser.load({writeKey: "%(key)s", cdnURL: "%(hub)s"});
</script></body></html>"""
SAY = """async ([token, user]) => {
  const context = token ? {consentToken: token} : {};
  await sdk.identify(user, {}, {context});
  await sdk.page("Home", {}, {context});
  const said = await sdk.track("Products Searched", {query: "teapot"}, {context});
  return said.event.type;
}"""


class Files(Shop):
    """The shop's page, and the files of the package beside it."""

    def do_GET(self):
        if not self.path.startswith("/sdk/"):
            super().do_GET()
            return
        file = self.server.folder / self.path.removeprefix("/sdk/").partition("?")[0]
        self.send_response(200 if file.is_file() else 404)
        self.send_header("Content-Type", "text/javascript")
        self.end_headers()
        self.wfile.write(file.read_bytes() if file.is_file() else b"")


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The folder of the package that pages load."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not on this machine")
    return installed(tmp_path_factory.mktemp("next"), PACKAGE) / "node_modules/@segment/analytics-next/dist/umd"


@pytest.fixture
def shop(visit, live_server, package):
    """Open the shop's page with a key for `origins` (its own by itself); what it asked of us stands in `asked`."""
    server = ThreadingHTTPServer(("localhost", 0), Files)
    server.folder, own = package, f"http://localhost:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub = live_server.url
    server.policy = f"default-src 'self' 'unsafe-inline'; connect-src {hub}"

    def open_shop(origins=(own,)):
        key = issue_write_key(source="Shop", origins=list(origins), by=SYSTEM, now=timezone.now()).secret
        server.page = PAGE % {"hub": hub, "key": key}
        visitor = visit(None, LIGHT)
        visitor.asked = []
        visitor.page.on("request", lambda request: visitor.asked.append(request.url))
        visitor.page.goto(own + "/")
        return visitor

    open_shop.hub, open_shop.own = hub, own
    yield open_shop
    server.shutdown()
    server.server_close()


def types():
    names = {kind.id: name for name, kind in BY_NAME.items()}
    return sorted(names[pk] for pk in Event.objects.values_list("type_id", flat=True))


def test_script_of_segment__with_a_consent_token__stores_what_it_is_told_and_asks_nobody_else(shop):
    person = make_person(external_id="12345")
    agree(person)
    token = token_of(person)
    visitor = shop()

    assert visitor.page.evaluate(SAY, [token, "12345"]) == "track"

    assert eventually(lambda: types() == ["identify", "page-view", "search"]), list(Rejection.objects.values())
    assert {url.split("/")[2] for url in visitor.asked} == {shop.hub.split("/")[2], shop.own.split("/")[2]}


def test_script_of_segment__without_a_token__stores_nothing_and_nobody(shop):
    visitor = shop()

    visitor.page.evaluate(SAY, ["", "12345"])

    assert eventually(lambda: Rejection.objects.filter(code="consent_required").exists())
    assert not Event.objects.exists()
    assert not Customer.objects.exists()
