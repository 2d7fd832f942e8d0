"""SDKs as their makers publish them, against the running server: the lines of the guide, refusals, wrong keys."""

import gzip
import json
import re
import shlex
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
import rudderstack.analytics as rudder
import segment.analytics as segment
from django.core.management import call_command
from django.utils import timezone
from rudderstack.analytics.client import Client as RudderClient
from segment.analytics.client import Client as SegmentClient

from core.actors import SYSTEM
from customers.models import Customer
from engagement.models import Event, Rejection
from engagement.rules.catalogue import BY_NAME
from integrations.services.write_keys import issue_write_key
from marketing_hub.env import BASE_DIR
from tests.support.npm import installed

pytestmark = pytest.mark.django_db(transaction=True)
GUIDE = (BASE_DIR / "docs/quickstarts/sdks.md").read_text()
AGREED = {"consent": {"categoryPreferences": {"analytics": True}}}
NODE_PACKAGES = ("@segment/analytics-node@3.1.0", "@rudderstack/rudder-sdk-node@3.0.13")


@pytest.fixture
def write_key():
    return issue_write_key(source="Shop backend", by=SYSTEM, now=timezone.now()).secret


@pytest.fixture
def guide(live_server, write_key):
    """The blocks of the guide in a language, for this server and key."""

    def blocks(language):
        found = re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
        return [
            block.replace("https://hub.example.com", live_server.url).replace("YOUR_WRITE_KEY", write_key)
            for block in found
        ]

    return blocks


@pytest.fixture
def client_of(live_server, write_key):
    """A client of either SDK that notes what it could not send."""

    def make(kind, key=write_key, **options):
        failures = []
        client = kind(key, host=live_server.url, on_error=lambda error, _: failures.append(error), **options)
        return client, failures

    return make


def types():
    names = {kind.id: kind.name for kind in BY_NAME.values()}
    return sorted(names[event.type_id] for event in Event.objects.all())


@pytest.fixture(autouse=True)
def _nothing_is_kept():
    """The modules of both SDKs keep a client and connections for the process."""
    yield
    segment.default_client = rudder.default_client = None
    segment.request._session.close()
    rudder.request._session.close()


def test_guide__python_lines__store_events_and_the_profile(guide):
    by_segment, by_rudder = guide("python")

    exec(compile(by_segment, "guide-segment", "exec"), {})
    exec(compile(by_rudder, "guide-rudderstack", "exec"), {})

    jane = Customer.objects.get(external_id="12345")
    assert (jane.email, jane.first_name, jane.last_name) == ("jane.doe@example.com", "Jane", "Doe")
    assert types() == ["page-view", "profile", "profile", "search", "search"]
    assert not Rejection.objects.exists()


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
@pytest.mark.parametrize("kind", [SegmentClient, RudderClient])
def test_python_sdk__every_call__is_stored(client_of, kind, packed):
    client, failures = client_of(kind, gzip=packed)

    client.identify(user_id="12345", anonymous_id="anon-1", traits={"firstName": "Jane"}, context=dict(AGREED))
    client.track("12345", "Order Completed", {"revenue": 49.99, "currency": "USD"}, context=dict(AGREED))
    client.page(anonymous_id="anon-2", name="Home", context=dict(AGREED))
    client.screen("12345", name="Start", context=dict(AGREED))
    client.group("12345", "acme", {"plan": "pro"}, context=dict(AGREED))
    client.alias("anon-3", "12345", context=dict(AGREED))
    client.shutdown()

    assert failures == []
    assert types() == ["group", "identify", "identify", "page-view", "page-view", "purchase"]
    assert not Rejection.objects.exists(), list(Rejection.objects.values())


@pytest.mark.parametrize("kind", [SegmentClient, RudderClient])
def test_python_sdk__without_consent__stores_nothing_and_is_told_once(client_of, kind):
    client, failures = client_of(kind)

    client.track("12345", "Products Searched", {"query": "teapot"})
    client.shutdown()

    assert failures == []
    assert not Event.objects.exists()
    [refused] = Rejection.objects.all()
    assert (refused.code, refused.event_type, refused.count) == ("consent_required", "search", 1)


@pytest.mark.parametrize("kind", [SegmentClient, RudderClient])
def test_python_sdk__wrong_write_key__gives_up_with_our_reason(client_of, kind):
    client, failures = client_of(kind, key="wrong")

    client.track("12345", "Products Searched", {"query": "teapot"})
    client.shutdown()

    [failure] = failures
    assert (failure.status, failure.code) == (401, "invalid_write_key")


@pytest.mark.parametrize("kind", [SegmentClient, RudderClient])
def test_python_sdk__hundred_calls_at_once__are_each_stored_once(client_of, kind):
    client, failures = client_of(kind)

    for number in range(100):
        client.track("12345", "Products Searched", {"query": "t"}, context=dict(AGREED), message_id=f"m{number % 90}")
    client.shutdown()

    assert failures == []
    assert Event.objects.count() == 90


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory) -> Path:
    """A folder with the SDKs for Node."""
    return installed(tmp_path_factory.mktemp("node"), *NODE_PACKAGES)


def test_guide__node_lines__store_events(guide, node_modules):
    for number, block in enumerate(guide("javascript")):
        file = node_modules / f"guide-{number}.js"
        file.write_text(block)
        done = subprocess.run(["node", str(file)], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr

    assert Customer.objects.get(external_id="12345").first_name == "Jane"
    assert types() == ["profile", "search", "search"]
    assert not Rejection.objects.exists()


@pytest.mark.parametrize("packed", [True, False], ids=["gzip", "plain"])
def test_php_sdk__the_requests_it_sends__are_stored(live_server, write_key, packed):
    """As analytics-php 3.8 sends them: times with an offset and few digits, a user name without a password."""
    calls = [
        {"event": "Products Searched", "properties": {"query": "teapot"}, "type": "track"},
        {"traits": {"firstName": "Jane"}, "type": "identify", "timestamp": "2026-05-11T11:30:51.25+00:00"},
        {"name": "Home", "properties": [], "type": "page"},
        {"groupId": "acme", "traits": {"plan": "pro"}, "type": "group"},
    ]
    said = datetime.now(UTC).isoformat(timespec="seconds")
    library = {"name": "analytics-php", "version": "3.8.0", "consumer": "LibCurl"}
    common = {"userId": "12345", "timestamp": said, "context": {"library": library, **AGREED}}
    batch = [common | call | {"messageId": f"9f-{number}"} for number, call in enumerate(calls)]
    body = json.dumps({"batch": batch, "sentAt": said}).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "analytics-php/3.8.0"}

    answer = requests.post(
        f"{live_server.url}/v1/batch",
        data=gzip.compress(body) if packed else body,
        headers=headers | ({"Content-Encoding": "gzip"} if packed else {}),
        auth=(write_key, ""),
        timeout=30,
    )

    assert (answer.status_code, answer.json()["rejected"]) == (200, [])
    assert types() == ["group", "page-view", "profile", "search"]


def test_guide__command_line__makes_a_key_that_sends(live_server, capsys):
    [line] = re.findall(r"^python manage.py (writekey .*)$", GUIDE, re.MULTILINE)

    call_command(*shlex.split(line))
    key = json.loads(capsys.readouterr().out)["write_key"]

    answer = requests.post(
        f"{live_server.url}/v1/page", json={"anonymousId": "a", "context": AGREED}, auth=(key, ""), timeout=30
    )
    assert answer.json()["accepted"] == 1


def test_rate_limit__reset__is_seconds_from_now_as_sdks_read_it(live_server, write_key):
    answer = requests.post(f"{live_server.url}/v1/page", json={}, auth=(write_key, ""), timeout=30)

    assert int(answer.headers["X-RateLimit-Reset"]) < 100_000
