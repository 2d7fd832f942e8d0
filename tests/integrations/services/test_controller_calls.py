"""Calling controllers back: each address once for each status, signed, never to an address inside."""

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from consent.models import DataRequest
from consent.rules.callbacks import ATTEMPTS
from consent.services.requests import acknowledge_request, verify_request
from core.actors import SYSTEM, Actor, ActorKind
from integrations.models import ApiClient
from integrations.rules.opendsr import Subject
from integrations.services.certificates import certificate_of
from integrations.services.clients import register_client
from integrations.services.controller_calls import call_controllers
from integrations.services.opendsr import Sent, receive_request
from integrations.services.signing import current_key
from tests.factories.requests import ONE, make_subject
from tests.support.sinks import sink

pytestmark = pytest.mark.django_db
NUMBER = UUID("a7551968-d5d6-44b2-9831-815ac9017798")


@pytest.fixture
def asked(settings):
    """A request that a controller sent; `asked(url, ...)` says where it wants to be called back."""
    settings.WEBHOOK_LOOPBACK, settings.WEBHOOK_TIMEOUT_SECONDS = True, 5.0
    now = datetime.now(UTC)
    client = register_client(name="Controller", scopes=("privacy:write",), by=SYSTEM, now=now).client
    by = Actor(kind=ActorKind.CLIENT, id=client.public_id)

    def make(*urls):
        make_subject()
        subjects = [Subject("email", "jane.silva@example.com", "raw")]
        facts = {"kind": "access", "regulation": "gdpr", "submitted": now, "subjects": subjects, "callbacks": urls}
        return receive_request(sent=Sent(subject_request_id=NUMBER, **facts), body={}, by=by, now=now)

    return make


def call():
    return call_controllers(clock=lambda: datetime.now(UTC))


def test_call__status_changed__is_told_to_every_address_once_and_signed(asked):
    with sink() as one, sink() as two:
        row = asked(one.url, two.url)
        acknowledge_request(request=row, by=ONE, now=datetime.now(UTC))
        still_pending = call()
        verify_request(request=row, how="passport", by=ONE, now=datetime.now(UTC))

        told, again = call(), call()

        assert (still_pending, told, again) == (0, 2, 0)
        (first,), (second,) = one.got, two.got
    said = [json.loads(got.body) for got in (first, second)]
    assert [body.pop("status_callback_url") for body in said] == [one.url, two.url]
    assert said[0] == said[1]
    assert (said[0]["request_status"], said[0]["subject_request_id"]) == ("in_progress", str(NUMBER))
    now, headers = datetime.now(UTC), {name.lower(): value for name, value in first.headers.items()}
    pem = certificate_of(kid=current_key(now=now).kid, now=now).encode()
    signature = base64.b64decode(headers["x-opendsr-signature"])
    key = x509.load_pem_x509_certificate(pem).public_key()
    key.verify(signature, first.body, PKCS1v15(), SHA256())
    assert headers["x-opendsr-processor-domain"]


def test_call__one_receiver_refuses__it_alone_is_called_again_in_bounded_rounds(asked):
    with sink() as takes, sink(status=500) as refuses:
        row = asked(takes.url, refuses.url)
        verify_request(request=row, how="passport", by=ONE, now=datetime.now(UTC))

        arrived = [call() for _ in range(ATTEMPTS + 2)]

        assert (sum(arrived), len(takes.got), len(refuses.got)) == (1, 1, ATTEMPTS)


def test_call__address_inside_client_disabled_or_closed_long_ago__is_not_made(asked, settings):
    with sink() as receiver:
        row, now = asked(receiver.url), datetime.now(UTC)
        verify_request(request=row, how="passport", by=ONE, now=now)
        settings.WEBHOOK_LOOPBACK = False
        inside = call()
        settings.WEBHOOK_LOOPBACK = True
        ApiClient.objects.update(disabled_at=now)
        disabled = call()
        ApiClient.objects.update(disabled_at=None)
        DataRequest.objects.filter(pk=row.pk).update(state="withdrawn", closed_at=now - timedelta(days=8))

        assert (inside, disabled, call(), receiver.got) == (0, 0, 0, [])
