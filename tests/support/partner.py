"""A partner of a running stack: a registered client with a token, and people it knows who said yes."""

import json
from collections.abc import Sequence

import httpx
from django.conf import settings

from tests.support.stack import Stack

EVERYTHING = tuple(settings.API_SCOPES)


def register(stack: Stack, name: str = "partner", scopes: Sequence[str] = EVERYTHING, tier: str = "unlimited") -> str:
    """Register a client and answer the access token that it got by client credentials."""
    words = ("client", "create", "--name", name, "--scopes", " ".join(scopes), "--tier", tier, "--json")
    client = json.loads(stack.manage(*words))
    answer = httpx.post(
        f"{stack.base_url}/oauth/token",
        data={"grant_type": "client_credentials", "scope": " ".join(scopes)},
        auth=(client["client_id"], client["client_secret"]),
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def connect(stack: Stack, token: str, timeout: float = 30) -> httpx.Client:
    """A connection of this partner's; one for each thread."""
    return httpx.Client(base_url=stack.base_url, timeout=timeout, headers={"Authorization": f"Bearer {token}"})


def people_who_said_yes(http: httpx.Client, count: int) -> list[str]:
    """Bring in this many customers (at most 100) who agreed to analytics; answer their external ids."""
    names = [f"person-{number}" for number in range(count)]
    inputs = [{"id": name, "properties": {"email": f"{name}@example.com", "country": "DE"}} for name in names]
    body = {"id_property": "external_id", "inputs": inputs}
    answer = http.post("/api/v1/customers/batch/upsert", json=body, headers={"Idempotency-Key": "people"})
    assert answer.status_code == 200, answer.text
    yes = {"purpose": "analytics", "event": "granted", "noticeVersion": 1, "locale": "en"}
    consents = [{"userId": name, "purposes": [yes]} for name in names]
    answer = http.post("/api/v1/consents", json={"consents": consents}, headers={"Idempotency-Key": "yes"})
    assert answer.status_code == 200, answer.text
    return names
