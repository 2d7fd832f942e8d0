"""The tracking script on a page of somebody else's: nothing leaves the page before a yes, everything says why."""

import threading
from http.server import ThreadingHTTPServer

import pytest
from django.db import connection
from django.utils import timezone

from consent.models import ConsentEvent
from core.actors import SYSTEM
from engagement.models import Event, Rejection
from engagement.rules.catalogue import BY_NAME
from engagement.selectors.catalogue import forget_event_catalogue
from engagement.services.labels import forget_labels
from engagement.services.partitions import forget_months
from integrations.services.write_keys import issue_write_key
from marketing_hub.env import BASE_DIR
from tests.browser.conftest import LIGHT
from tests.browser.test_banner import Shop

PAGE = """<!doctype html><html lang="en"><head><title>Shop</title></head><body><main><h1>Shop</h1>
<button type="button" data-hub-consent>Privacy settings</button></main>
<script src="{hub}/static/js/consent-banner.js" data-key="{key}" data-region="DE" defer></script>
<script src="{hub}/static/js/track-1.js" data-key="{key}" defer></script></body></html>"""
WAIT = """(want) => new Promise((done) => {
  const look = () => want.every(([name, value]) => hubTrack.state[name] === value) ? done() : setTimeout(look, 20);
  look();
})"""
AGREED = """() => new Promise((done) => {
  const look = () => hubConsent.token ? done() : setTimeout(look, 20);
  look();
})"""
RAW = """([hub, writeKey]) => fetch(hub + "/v1/page", {
    method: "POST", body: JSON.stringify({writeKey, anonymousId: "a-1"}),
  })
  .then((answer) => answer.json())"""


@pytest.fixture(autouse=True)
def _empty_event_log(transactional_db):
    """The event log is made by hand, so Django does not empty it between tests that commit."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE engagement_event, engagement_event_key")
    for forget in (forget_labels, forget_months, forget_event_catalogue):
        forget()


@pytest.fixture
def shop(visit, live_server):
    """Open the shop's page, which carries banner and script, under a strict policy; the requests it makes."""
    server = ThreadingHTTPServer(("localhost", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin, hub = f"http://localhost:{server.server_port}", live_server.url
    key = issue_write_key(source="Shop pages", origins=[origin], by=SYSTEM, now=timezone.now()).secret
    server.policy = f"default-src 'none'; script-src {hub}; connect-src {hub}"
    server.page = PAGE.format(hub=hub, key=key)
    sent = []

    def open_shop(prepare=""):
        visitor = visit(None, LIGHT)
        visitor.page.on("request", lambda request: sent.append(request.url) if "/v1/" in request.url else None)
        if prepare:
            visitor.page.add_init_script(prepare)
        visitor.base = origin
        visitor.page.goto(origin + "/")
        visitor.page.get_by_role("dialog").wait_for()
        return visitor

    open_shop.sent = sent
    open_shop.key, open_shop.hub = key, hub
    yield open_shop
    server.shutdown()
    server.server_close()


def calls_of(sent):
    return [url for url in sent if "/api/v1/" not in url]


def test_script__before_and_after_consent__sends_nothing_and_then_everything_and_says_why(shop):
    page = shop().page
    page.evaluate("hubTrack.page('Home')")
    page.evaluate("hubTrack.track('Products Searched', {query: 'teapot'})")

    before = page.evaluate("hubTrack.state")
    went = calls_of(shop.sent)
    forced = page.evaluate(RAW, [shop.hub, shop.key])
    page.get_by_role("button", name="Accept all").click()
    page.evaluate(WAIT, [["stored", 2]])

    assert (before["sent"], before["waiting"], before["reason"]) == (0, 2, "consent_required")
    assert went == []
    assert (forced["accepted"], forced["rejected"][0]["code"]) == (0, "consent_required")
    assert Rejection.objects.get().code == "consent_required"
    assert sorted(Event.objects.values_list("type_id", flat=True)) == [BY_NAME["page-view"].id, BY_NAME["search"].id]
    agreed = ConsentEvent.objects.get(purpose__key="analytics", event="granted")
    assert set(Event.objects.values_list("customer_id", flat=True)) == {agreed.customer_id}
    assert page.evaluate("window.refused || []") == []


def test_script__refused_or_do_not_track__drops_what_waited_and_sends_nothing(shop):
    page = shop().page
    page.evaluate("hubTrack.page('Home')")
    page.get_by_role("button", name="Reject all").click()
    page.evaluate(WAIT, [["reason", "consent_refused"]])
    refused = page.evaluate("hubTrack.state")

    quiet = shop("Object.defineProperty(navigator, 'doNotTrack', {get: () => '1'})").page
    quiet.evaluate("hubTrack.page('Home')")
    quiet.get_by_role("button", name="Accept all").click()
    quiet.evaluate(AGREED)

    assert (refused["waiting"], refused["sent"]) == (0, 0)
    assert quiet.evaluate("hubTrack.state.reason") == "do_not_track"
    assert calls_of(shop.sent) == []
    assert not Event.objects.exists()


def test_script__size__is_below_five_kilobytes_and_loads_nothing():
    text = (BASE_DIR / "static/js/track-1.js").read_text()

    assert len(text.encode()) < 5_120
    assert "eval(" not in text and "import(" not in text and "innerHTML" not in text
