"""The OAuth 2 server behind /oauth: which grants exist, how clients prove themselves, what tokens look like."""

import base64
import re
from binascii import Error as Base64Error
from typing import Any, Final
from urllib.parse import unquote_plus, urlsplit

from django.http import HttpRequest
from django.utils import timezone
from oauth2_provider.models import AccessToken
from oauth2_provider.oauth2_backends import OAuthLibCore
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.common import Request
from oauthlib.oauth2 import (
    AuthorizationEndpoint,
    BearerToken,
    ResourceEndpoint,
    RevocationEndpoint,
    TokenEndpoint,
)
from oauthlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError, OAuth2Error, UnauthorizedClientError
from oauthlib.oauth2.rfc6749.grant_types import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from oauthlib.oauth2.rfc8628.grant_types import DeviceCodeGrant

from core.actors import Actor, ActorKind
from core.crypto import new_secret
from core.ids import request_id_of
from integrations.models import ApiClient, AuthMethod, TokenFormat
from integrations.rules.assertions import ASSERTION_TYPE, MOST_LENGTH, subject_of
from integrations.rules.dpop import CERTIFICATE, CERTIFICATE_NAMES, KEY_OF_PROOF
from integrations.selectors import jose
from integrations.selectors.clients import find_active, find_binding, secret_opens
from integrations.services.bindings import bind_token, confirmation, missing_binding
from integrations.services.clients import MODE
from integrations.services.devices import poll_device
from integrations.services.proofs import accept_assertion
from integrations.services.signing import sign_access_token
from integrations.services.violations import note_violation

NOTHING: Final = ("", "")
DEVICE_CODE: Final = ApiClient.GRANT_DEVICE_CODE
_VERIFIER: Final = re.compile(r"^[A-Za-z0-9._~-]{43,128}$")


def new_access_token(request: Request) -> str:
    """The text of a fresh access token."""
    return new_secret(f"mha_{MODE}_")


def new_refresh_token(request: Request) -> str:
    """The text of a fresh refresh token."""
    return new_secret(f"mhr_{MODE}_")


class HubCore(OAuthLibCore):  # type: ignore[misc]
    """Between Django's requests and the server."""

    def client_of(self, request: HttpRequest) -> ApiClient | None:
        """The client that proved itself in this request, or None."""
        uri, method, body, headers = self._extract_params(request)
        translated = Request(uri, method, body, headers)
        try:
            known = self.server.request_validator.authenticate_client(translated)
        except OAuth2Error:
            return None
        return translated.client if known else None

    def asking_device(self, request: HttpRequest) -> tuple[ApiClient, list[str]]:
        """The client whose device asks for codes, and for which scopes; OAuth2Error when it may not."""
        uri, method, body, headers = self._extract_params(request)
        asking: tuple[ApiClient, list[str]] = self.server.asking_device(Request(uri, method, body, headers))
        return asking


def _tell(code: str, client: ApiClient, request: Request) -> None:
    """A security event about a client at an address of OAuth."""
    said = request.headers
    by = Actor(kind=ActorKind.CLIENT, id=client.public_id, request_id=request_id_of(said), ip=said["REMOTE_ADDR"])
    origin, where = said.get("HTTP_ORIGIN", ""), f"{request.http_method} {said.get('PATH_INFO', '')}"
    note_violation(code=code, target=client.public_id, origin=origin, where=where, by=by)


def _held(request: Request) -> tuple[str, str]:
    """The thumbprints of the key that was proved and of the certificate that the proxy saw; empty without."""
    said = request.headers
    return said.get(KEY_OF_PROOF, ""), said.get(CERTIFICATE, "")


def _require_binding(client: ApiClient, request: Request, before: tuple[str, str]) -> None:
    key, certificate = _held(request)
    if problem := missing_binding(client=client, key=key, certificate=certificate, before=before):
        raise InvalidRequestError(description=problem, request=request)


def _parameter(request: Request, name: str) -> str:
    return str(getattr(request, name, None) or "")


class HubServer(AuthorizationEndpoint, TokenEndpoint, ResourceEndpoint, RevocationEndpoint):  # type: ignore[misc]
    """Authorization code, client credentials, device code and refresh; no implicit, no password (RFC 9700)."""

    def __init__(
        self,
        request_validator: "HubValidator",
        token_expires_in: int | None = None,
        token_generator: Any = None,
        refresh_token_generator: Any = None,
        **_: Any,
    ) -> None:
        code = AuthorizationCodeGrant(request_validator)
        self._device = DeviceCodeGrant(request_validator)
        bearer = BearerToken(request_validator, token_generator, token_expires_in, refresh_token_generator)
        grants = {
            "authorization_code": code,
            "client_credentials": ClientCredentialsGrant(request_validator),
            "refresh_token": RefreshTokenGrant(request_validator),
            DEVICE_CODE: self._device,
        }
        AuthorizationEndpoint.__init__(
            self, default_response_type="code", response_types={"code": code}, default_token_type=bearer
        )
        TokenEndpoint.__init__(
            self, default_grant_type="authorization_code", grant_types=grants, default_token_type=bearer
        )
        ResourceEndpoint.__init__(self, default_token="Bearer", token_types={"Bearer": bearer})  # noqa: S106
        RevocationEndpoint.__init__(self, request_validator)

    def asking_device(self, request: Request) -> tuple[ApiClient, list[str]]:
        """The client that proved itself as at the token endpoint, and the scopes asked for (RFC 8628 section 3.1)."""
        if request.uri_query:
            raise InvalidRequestError(description="Parameters belong in the body.", request=request)
        self._device.validate_client_authentication(request)
        if not request.client.allows_grant_type(DEVICE_CODE):
            raise UnauthorizedClientError(request=request)
        self._device.validate_scopes(request)
        return request.client, request.scopes


class HubValidator(OAuth2Validator):  # type: ignore[misc]
    """Secrets are rows of full entropy, kept as SHA-256, two of them valid while a partner rotates."""

    def _load_application(self, client_id: str | None, request: Request) -> ApiClient | None:
        """The usable client with this id; PostgreSQL has no NUL, so nobody is called that."""
        if "\x00" in (client_id or ""):
            return None
        client: ApiClient | None = super()._load_application(client_id, request)
        if client is None and client_id and (away := find_active(client_id=client_id)):
            _tell("ip_not_allowed", away, request)
        return client

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Whether the client must prove itself, or tries to."""
        asserted = _parameter(request, "client_assertion_type") or _parameter(request, "client_assertion")
        return bool(asserted or super().client_authentication_required(request, *args, **kwargs))

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Whether the client has proved itself: by an assertion where one is sent, else by a secret."""
        kind = _parameter(request, "client_assertion_type")
        if not kind and not _parameter(request, "client_assertion"):
            return bool(super().authenticate_client(request, *args, **kwargs))
        if kind != ASSERTION_TYPE:
            raise InvalidClientError(description=f"client_assertion_type must be {ASSERTION_TYPE}.", request=request)
        if self._extract_basic_auth(request) or request.client_secret:
            raise InvalidRequestError(description="A client proves itself in one way at a time.", request=request)
        return self._authenticate_assertion(_parameter(request, "client_assertion"), request)

    def _authenticate_assertion(self, assertion: str, request: Request) -> bool:
        """The assertion names the client; `client_id` is not needed and must not name another (RFC 7523 section 3)."""
        said = jose.read(assertion, longest=MOST_LENGTH)
        subject = subject_of(said.claims if said else None)
        if not subject or (request.client_id or subject) != subject:
            message = "The assertion must be a JWT whose iss and sub are the client id."
            raise InvalidClientError(description=message, request=request)
        client = self._load_application(subject, request)
        problem = accept_assertion(client=client, assertion=assertion, now=timezone.now()) if client else "No such key."
        if problem:
            raise InvalidClientError(description=problem, request=request)
        request.client_id = subject
        return True

    def _check_secret(self, provided_secret: str, stored_secret: str) -> bool:
        """Never: the secret column of the toolkit is empty here."""
        return False

    def _authenticate_basic_auth(self, request: Request) -> bool:
        """HTTP Basic with both parts form-encoded (RFC 6749 section 2.3.1)."""
        encoded = self._extract_basic_auth(request)
        if not encoded:
            return False
        try:
            client_id, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (Base64Error, UnicodeDecodeError):
            return False
        return bool(colon) and self._opens(unquote_plus(client_id), unquote_plus(secret), request)

    def _authenticate_request_body(self, request: Request) -> bool:
        """`client_id` and `client_secret` in the body."""
        return self._opens(request.client_id or "", request.client_secret or "", request)

    def _opens(self, client_id: str, secret: str, request: Request) -> bool:
        client = self._load_application(client_id, request)
        if client is not None and client.auth_method == AuthMethod.CERTIFICATE:
            return not secret and client.certificate_name in request.headers.get(CERTIFICATE_NAMES, "").split("\n")
        if client is None or not secret_opens(client=client, secret=secret, now=timezone.now()):
            return False
        origin = request.headers.get("HTTP_ORIGIN", "")
        if origin and urlsplit(origin).netloc != request.headers.get("HTTP_HOST"):
            _tell("secret_in_browser", client, request)
            message = "A client secret came from a web page, where everybody can read it: rotate it now."
            raise InvalidClientError(description=message, request=request)
        return True

    def save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        """Keep the token that is about to be answered, first made into a JWT where the client is registered for it."""
        key, certificate = _held(request)
        token["token_type"] = "DPoP" if key else token["token_type"]
        if request.client.token_format == TokenFormat.JWT:
            self._check_and_set_request_resource(request)
            token["access_token"] = sign_access_token(
                binding=confirmation(key=key, certificate=certificate),
                client=request.client,
                subject=request.user.public_id if request.user else request.client.client_id,
                scope=token["scope"],
                resources=request.resource,
                expires_in=token["expires_in"],
                now=timezone.now(),
            )
        super().save_bearer_token(token, request, *args, **kwargs)

    def _create_access_token(self, *args: Any, **kwargs: Any) -> AccessToken:
        """The row of the token, bound to what the caller has shown that it holds."""
        request: Request = args[1]
        token = super()._create_access_token(*args, **kwargs)
        key, certificate = _held(request)
        bind_token(token=token, key=key, certificate=certificate)
        return token

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Request, *args: Any, **kw: Any
    ) -> bool:
        """Whether the client may use this grant; refused without the binding that it is registered for."""
        _require_binding(client, request, NOTHING)
        return bool(super().validate_grant_type(client_id, grant_type, client, request, *args, **kw))

    def validate_device_code(self, client_id: str, device_code: str, request: Request, *args: Any) -> str | None:
        """What stands of the code; one that was allowed is used up, and its token acts for whoever allowed it."""
        found = poll_device(client=request.client, device_code=device_code, now=timezone.now())
        if found and found.status == DeviceCodeGrant.DEVICE_CODE_AUTHORIZED:
            request.user, request.scopes = found.user, list(found.scopes)
        return found.status if found else None

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Request, *args: Any, **kw: Any) -> bool:
        """Whether it is alive and the client's, and the caller holds what the last access token was bound to."""
        alive = super().validate_refresh_token(refresh_token, client, request, *args, **kw)
        if alive:
            before = request.refresh_token_instance.access_token
            _require_binding(client, request, find_binding(token=before) if before else NOTHING)
        return bool(alive)

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """Always (RFC 9700 section 2.1.1); and only S256, refused before anybody is asked for consent."""
        if request.code_challenge and request.code_challenge_method != "S256":
            raise InvalidRequestError(description="code_challenge_method must be S256.", request=request)
        return True

    def validate_code(self, client_id: str, code: str, client: Any, request: Request, *args: Any, **kw: Any) -> bool:
        """Whether the code may be redeemed: its verifier has the form of RFC 7636 section 4.1, and it is fresh."""
        if not _VERIFIER.match(request.code_verifier or ""):
            return False
        return bool(super().validate_code(client_id, code, client, request, *args, **kw))
