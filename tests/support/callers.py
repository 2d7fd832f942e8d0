"""API clients that call the product over its HTTP addresses, through Django's test client."""

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from core.actors import SYSTEM
from integrations.models import ApiClient
from integrations.services.clients import register_client


@dataclass
class Caller:
    """A registered client with its secret and an access token."""

    client: ApiClient
    secret: str
    token: str
    http: Client

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """One request with the token; `body` is sent as JSON; headers are written `if_match="..."`."""
        sent = {"Authorization": f"Bearer {self.token}"} | {k.replace("_", "-"): v for k, v in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.generic(method.upper(), path, data, content_type="application/json", headers=sent)

    def get(self, path: str, **headers: str) -> HttpResponse:
        """GET."""
        return self("get", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """POST a JSON body."""
        return self("post", path, body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """PUT a JSON body."""
        return self("put", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """PATCH a JSON body."""
        return self("patch", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        """DELETE."""
        return self("delete", path, **headers)


def register_caller(*scopes: str, **options: Any) -> Caller:
    """A client with these scopes and a token from the token endpoint; `options` go to `register_client`."""
    made = register_client(name="Partner", scopes=scopes, by=SYSTEM, now=timezone.now(), **options)
    http = Client(raise_request_exception=False)
    answer = http.post(
        "/oauth/token",
        {
            "grant_type": "client_credentials",
            "client_id": made.client.client_id,
            "client_secret": made.secret,
            "scope": " ".join(scopes),
        },
    )
    assert answer.status_code == 200, answer.content
    return Caller(client=made.client, secret=made.secret, token=answer.json()["access_token"], http=http)
