"""From where a client may call, changed while it lives."""

import pytest
from django.test import Client
from django.utils import timezone

from core.actors import SYSTEM
from core.api.credentials import forget_credentials
from core.errors import InvalidInput
from core.models import AuditEntry
from integrations.services.clients import change_networks, issue_api_key
from tests.factories.integrations import make_client

pytestmark = pytest.mark.django_db


def call(key, address):
    forget_credentials()
    return Client().get("/api/v1/me", headers={"X-API-Key": key}, REMOTE_ADDR=address)


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [("192.0.2.0/24", "192.0.2.77", "198.51.100.1"), ("2001:db8::/32", "2001:db8::5", "2001:db9::5")],
)
def test_change_networks__calls_from_elsewhere__are_refused_and_a_security_event(network, inside, outside):
    client = make_client()
    key = issue_api_key(client=client, name="till", by=SYSTEM, now=timezone.now()).secret

    change_networks(client=client, networks=[network], by=SYSTEM)

    refused = call(key, outside)
    assert (refused.status_code, refused.json()["code"]) == (403, "ip_not_allowed")
    assert call(key, inside).status_code == 200
    assert AuditEntry.objects.filter(action="security.network_refused", target=client.public_id).count() == 1
    changed = AuditEntry.objects.get(action="client.networks_changed")
    assert changed.changes == {"networks": [[], [network]]}


@pytest.mark.parametrize("text", ["everywhere", "192.0.2.5/24", "192.0.2.0/33", "", "\x00", "\u00e9", "1/1/1"])
def test_change_networks__no_network__is_refused_and_nothing_changes(text):
    client = make_client()

    with pytest.raises(InvalidInput) as refusal:
        change_networks(client=client, networks=["192.0.2.0/24", text], by=SYSTEM)

    client.refresh_from_db()
    assert (refusal.value.param, client.networks) == ("networks", [])
