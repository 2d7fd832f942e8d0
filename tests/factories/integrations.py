"""API clients and keys."""

from typing import Any

from django.utils import timezone

from core.actors import SYSTEM
from integrations.models import ApiClient, ApiKey
from integrations.services.clients import issue_api_key, register_client

REDIRECT = "https://partner.example.com/callback"


def make_client(name: str = "Loyalty app", **options: Any) -> ApiClient:
    """A confidential client that reads customers, unless told otherwise."""
    values = {"scopes": ["customers:read", "engagement:write"], "owner": "Ana Lima", "now": timezone.now()}
    return register_client(name=name, by=SYSTEM, **(values | options)).client


def make_key(client: ApiClient, name: str = "till") -> ApiKey:
    """A fresh key of the client."""
    return issue_api_key(client=client, name=name, by=SYSTEM, now=timezone.now()).key


def client_example() -> dict[str, str]:
    """The address of a client with a key."""
    client = make_client()
    make_key(client)
    return {"public_id": client.public_id}


def key_example() -> dict[str, str]:
    """The address of a key."""
    client = make_client()
    return {"public_id": client.public_id, "key_id": make_key(client).public_id}
