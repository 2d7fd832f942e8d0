"""What a scanning partner found: signed by a key of its own, whose list a server on this machine publishes."""

import base64
import hashlib
import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client
from django.utils import timezone

from core.actors import SYSTEM
from core.models import AuditEntry
from integrations.models import ApiKey
from integrations.services.clients import issue_api_key
from integrations.services.leaks import ASKED_AT_MOST, LEAKED
from tests.factories.integrations import make_client

pytestmark = pytest.mark.django_db
PATH = "/security/leaked-secrets"
KEY = generate_private_key(SECP256R1())


@pytest.fixture
def partner(settings):
    """The partner's list of keys; `keys` is what it publishes, `calls` how often it was asked."""

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.calls += 1
            body = json.dumps({"public_keys": self.server.keys}).encode()
            self.send_response(self.server.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words):
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    server.calls, server.status = 0, 200
    server.keys = [{"key_identifier": "one", "key": pem, "is_current": True}]
    settings.WEBHOOK_LOOPBACK = True
    settings.SECURITY = replace(
        settings.SECURITY, leak_keys_url=f"http://127.0.0.1:{server.server_port}/meta/public_keys/secret_scanning"
    )
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def leaked():
    return issue_api_key(client=make_client(), name="till", by=SYSTEM, now=timezone.now()).secret


def report(*matches, key_id="one", signed=None, **more):
    body = json.dumps([{"url": "https://code.example.com/1", "type": "hub_key", **match} for match in matches]).encode()
    return send(body, key_id, body if signed is None else signed)


def send(body, key_id="one", signed=None):
    signature = base64.b64encode(KEY.sign(body if signed is None else signed, ECDSA(SHA256()))).decode()
    headers = {"Github-Public-Key-Identifier": key_id, "Github-Public-Key-Signature": signature}
    return Client(enforce_csrf_checks=True).post(PATH, body, content_type="application/json", headers=headers)


def test_report__signed_by_the_partner__ends_the_key_at_once_and_labels_each_match(partner, leaked):
    opened = Client().get("/api/v1/me", headers={"X-API-Key": leaked}).status_code

    answer = report({"token": leaked}, {"token": "some_token"})

    assert (opened, answer.status_code) == (200, 200)
    assert answer.json() == [
        {
            "token_hash": hashlib.sha256(leaked.encode()).hexdigest(),
            "token_type": "hub_key",
            "label": "true_positive",
        },
        {
            "token_hash": hashlib.sha256(b"some_token").hexdigest(),
            "token_type": "hub_key",
            "label": "false_positive",
        },
    ]
    assert Client().get("/api/v1/me", headers={"X-API-Key": leaked}).status_code == 401
    entry = AuditEntry.objects.get(action=LEAKED)
    assert (entry.actor_id, entry.reason) == ("secret-scanning", "https://code.example.com/1")


@pytest.mark.parametrize("case", ["other bytes", "other key", "no signature", "unknown key id"])
def test_report__not_proven__is_refused_and_nothing_ends(partner, leaked, case):
    if case == "other key":
        other = generate_private_key(SECP256R1()).public_key()
        partner.keys[0]["key"] = other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    if case == "no signature":
        answer = Client().post(PATH, json.dumps([{"token": leaked}]), content_type="application/json")
    else:
        signed = b"something else" if case == "other bytes" else None
        answer = report({"token": leaked}, key_id="two" if case == "unknown key id" else "one", signed=signed)

    assert answer.status_code == 401
    assert answer.json()["error"] == "Unauthorized"
    assert ApiKey.objects.get().revoked_at is None
    assert not AuditEntry.objects.filter(action=LEAKED).exists()


def test_report__again__keys_are_read_once_and_unknown_ones_seldom(partner, leaked):
    report({"token": leaked})
    report({"token": leaked})
    asked = partner.calls

    refusals = [report({"token": leaked}, key_id=f"made-up-{number}").status_code for number in range(4)]

    assert asked == 1
    assert refusals == [401, 503, 503, 503]
    assert partner.calls == ASKED_AT_MOST.limit


def test_report__keys_away__is_told_to_come_back_and_then_taken(partner, leaked):
    partner.status = 500
    before = report({"token": leaked})
    partner.status = 200

    after = report({"token": leaked})

    assert (before.status_code, after.status_code) == (503, 200)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'[{"token": 5}]', b"nonsense"])
def test_report__signed_but_no_report__is_a_bad_request(partner, body):
    assert send(body).status_code == 400


def test_report__without_a_partner__finds_no_door(leaked):
    assert report({"token": leaked}).status_code == 404
    assert ApiKey.objects.get().revoked_at is None
    assert Client().get(PATH).status_code == 405
