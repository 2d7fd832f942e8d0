"""Clients that register themselves: POST /oauth/register (RFC 7591), and the address of each client (RFC 7592)."""

import json
from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt

from core.actors import Actor, ActorKind
from core.api.credentials import client_ip, forget_credentials
from core.errors import Unauthenticated
from core.ids import request_id_of
from integrations.api.oauth import GuardedEndpoint
from integrations.models import ApiClient, AuthMethod, Binding
from integrations.rules.registrations import CERTIFICATE_NAMES, METADATA, MOST_BYTES, UnusableMetadata
from integrations.selectors.clients import list_secrets
from integrations.services.registrations import Told, change_itself, end_itself, read_itself, register_itself

_CHALLENGE: Final = 'Bearer realm="oauth", error="invalid_token"'


class RegistrationDoor(GuardedEndpoint):
    """What both addresses share: every call is counted, refusals have the body of RFC 7591 section 3.2.2."""

    window, every_call_counts = "oauth-registrations", True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer; the credential asked for here is a bearer token."""
        response = super().dispatch(request, *args, **kwargs)
        if response.status_code == 401:
            response["WWW-Authenticate"] = _CHALLENGE
        return response

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """405 in the shape of the other refusals here."""
        allowed = ", ".join(name.upper() for name in self.http_method_names)
        refused = _refusal("invalid_request", f"This address takes {allowed}.", 405)
        refused["Allow"] = allowed
        return refused

    def answered(self, work: Callable[[], HttpResponse]) -> HttpResponse:
        """The answer of `work`, or its refusal."""
        try:
            return work()
        except UnusableMetadata as refusal:
            return _refusal(refusal.error, str(refusal), 400)
        except Unauthenticated as refusal:
            return _refusal("invalid_token", refusal.message, 401)


@method_decorator(csrf_exempt, name="dispatch")
class Register(RegistrationDoor):
    """POST /oauth/register."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """201 with the client, its secret and its registration access token, which are not told again."""

        def work() -> HttpResponse:
            by, said = _by(request), _document(request)
            told = register_itself(secret=_bearer(request), said=said, by=by, now=timezone.now())
            return JsonResponse(_information(told), status=201)

        return self.answered(work)


@method_decorator(csrf_exempt, name="dispatch")
class RegisteredClient(RegistrationDoor):
    """GET, PUT and DELETE /oauth/register/{client_id}."""

    http_method_names = ["get", "put", "delete", "options"]

    def get(self, request: HttpRequest, client_id: str) -> HttpResponse:
        """The client as it is registered."""

        def work() -> HttpResponse:
            return JsonResponse(
                _information(read_itself(client_id=client_id, access=_bearer(request), by=_by(request)))
            )

        return self.answered(work)

    def put(self, request: HttpRequest, client_id: str) -> HttpResponse:
        """The client as it wants to be from now on."""

        def work() -> HttpResponse:
            access, said, by = _bearer(request), _document(request), _by(request)
            told = change_itself(client_id=client_id, access=access, said=said, by=by, now=timezone.now())
            forget_credentials()
            return JsonResponse(_information(told))

        return self.answered(work)

    def delete(self, request: HttpRequest, client_id: str) -> HttpResponse:
        """204: the client is no more."""

        def work() -> HttpResponse:
            end_itself(client_id=client_id, access=_bearer(request), by=_by(request), now=timezone.now())
            forget_credentials()
            return HttpResponse(status=204)

        return self.answered(work)


def _refusal(error: str, sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"error": error, "error_description": sentence}, status=status)


def _by(request: HttpRequest) -> Actor:
    """Whoever calls: a program that is no client yet, or the client that it names."""
    return Actor(
        kind=ActorKind.CLIENT,
        id="registration",
        label="Dynamic registration",
        request_id=request_id_of(request.META),
        ip=client_ip(request),
    )


def _bearer(request: HttpRequest) -> str:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("Send the token in the header Authorization, as Bearer.")
    return secret.strip()


def _document(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of the body."""
    if request.content_type != "application/json":
        raise UnusableMetadata("Send the registration as application/json.")
    try:
        said = json.loads(request.body) if len(request.body) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise UnusableMetadata(f"The body must be a JSON object of at most {MOST_BYTES:,} bytes.", METADATA)
    return said


def _information(told: Told) -> dict[str, Any]:
    """RFC 7591 section 3.2.1 and RFC 7592 section 3: the client as it is now, secrets only when they are new."""
    client, registration = told.registration.client, told.registration
    method = registration.told.get("token_endpoint_auth_method", "")
    grants = registration.told.get("grant_types", [])
    path = reverse("oauth2_provider:registered-client", args=[client.client_id])
    answer: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created.timestamp()),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris.split(),
        "response_types": ["code"] if "authorization_code" in grants else [],
        "scope": " ".join(client.scopes),
        **registration.told,
        "token_endpoint_auth_method": method if client.keeps_secret or client.is_public else client.auth_method,
        **_proof_of(client),
        "registration_access_token": told.access,
        "registration_client_uri": settings.PUBLIC_URL + path,
    }
    if client.contact:
        answer["contacts"] = [client.contact]
    if told.secret:
        answer["client_secret"] = told.secret
    if client.keeps_secret and (newest := list_secrets(client=client, now=timezone.now()).first()):
        answer["client_secret_expires_at"] = int(newest.expires_at.timestamp())
    return answer


def _proof_of(client: ApiClient) -> dict[str, Any]:
    """Keys, the name in a certificate, and what tokens are bound to."""
    said: dict[str, Any] = {}
    if client.auth_method == AuthMethod.KEY:
        said |= {"jwks_uri": client.jwks_uri} if client.jwks_uri else {"jwks": {"keys": client.jwks}}
    if client.certificate_name:
        kind, _, name = client.certificate_name.partition(":")
        said[next(member for member, short in CERTIFICATE_NAMES.items() if short == kind)] = name
    if client.token_binding == Binding.DPOP:
        said["dpop_bound_access_tokens"] = True
    if client.token_binding == Binding.CERTIFICATE:
        said["tls_client_certificate_bound_access_tokens"] = True
    return said
