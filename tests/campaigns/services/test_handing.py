"""Sending by the API of each provider: what a provider on the loopback is asked, and what its answers mean."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from campaigns.models import Delivery
from campaigns.services.sending import send_campaign
from consent.models import Suppression
from tests.factories.campaigns import launched, make_campaign, make_people

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:django-anymail has dropped official support for SendGrid"),
]
MAILGUN = {"id": "<20260601@example.com>", "message": "Queued. Thank you."}
POSTMARK = [{"ErrorCode": 0, "Message": "OK", "MessageID": "b7bc2f4a", "To": "person0@example.com"}]
ANSWERS = {
    "ses": (200, {"MessageId": "010001-ses"}),
    "sendgrid": (202, {}),
    "mailgun": (200, MAILGUN),
    "postmark": (200, POSTMARK),
    "brevo": (201, {"messageId": "<2026@smtp-relay.mailin.fr>"}),
}
IDS = {"ses": "010001-ses", "mailgun": MAILGUN["id"], "postmark": "b7bc2f4a", "brevo": "<2026@smtp-relay.mailin.fr>"}


class Provider:
    """Answers every request with `status` and `body`, and remembers what it was asked."""

    def __init__(self):
        self.status, self.body, self.asked = 200, {}, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers.get("Content-Length") or 0)
                outer.asked.append(self.rfile.read(size).decode(errors="replace"))
                said = json.dumps(outer.body).encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def provider(settings, monkeypatch):
    """`provider(name)` is the provider that mail now goes to."""
    found = Provider()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "invented")

    def choose(name):
        found.status, found.body = ANSWERS[name]
        settings.EMAIL_BACKEND = f"anymail.backends.{'amazon_ses' if name == 'ses' else name}.EmailBackend"
        client = {"region_name": "eu-central-1", "endpoint_url": found.url}
        client |= {"config": {"retries": {"max_attempts": 0}}}
        key = "POSTMARK_SERVER_TOKEN" if name == "postmark" else f"{name.upper()}_API_KEY"
        settings.ANYMAIL = {key: "k", f"{name.upper()}_API_URL": found.url, "AMAZON_SES_CLIENT_PARAMS": client}
        return found

    yield choose
    found.server.shutdown()
    found.server.server_close()


def run(campaign):
    return send_campaign(campaign_id=campaign.pk, slot=0, seconds=20, clock=timezone.now)


def outcomes():
    return Counter(Delivery.objects.values_list("state", "reason"))


@pytest.mark.parametrize("name", ANSWERS)
def test_send__by_each_provider__asks_once_with_the_way_out_and_keeps_its_id(provider, name):
    chosen = provider(name)
    campaign = launched(make_campaign(make_people(1)))

    sent = run(campaign)

    row = Delivery.objects.get()
    assert (sent, row.state, len(chosen.asked)) == (1, "sent", 1)
    assert row.provider_id == IDS.get(name, row.provider_id) != ""
    asked = chosen.asked[0]
    assert "List-Unsubscribe" in asked or name == "ses"
    assert str(row.pk) in asked or name == "ses"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, ("failed", "message_refused")),
        (401, ("queued", "provider_access")),
        (429, ("queued", "provider_busy")),
        (500, ("unknown", "worker_lost")),
    ],
)
@pytest.mark.parametrize("name", ["mailgun", "ses"])
def test_send__provider_refuses__becomes_what_its_status_means(provider, name, status, outcome):
    chosen = provider(name)
    chosen.status, chosen.body = status, {"message": "no"}
    campaign = launched(make_campaign(make_people(2)))

    assert run(campaign) == 0

    assert outcomes()[outcome] == (1 if outcome[0] == "queued" else 2)
    assert len(chosen.asked) == (1 if outcome[0] == "queued" else 2)


@pytest.mark.parametrize("name", ["mailgun", "ses"])
def test_send__provider_away__puts_everybody_back(provider, name):
    away = provider(name).server
    away.shutdown()
    away.server_close()
    campaign = launched(make_campaign(make_people(2)))

    assert run(campaign) == 0

    assert outcomes() == {("queued", "server_away"): 1, ("queued", ""): 1}
    assert not Suppression.objects.exists()
