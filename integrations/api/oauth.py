"""The addresses of OAuth 2: token, revocation, introspection, consent screen."""

import math
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.exceptions import OAuthToolkitError
from oauth2_provider.views import AuthorizationView, RevokeTokenView, TokenView
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib.oauth2.rfc6749.errors import InvalidScopeError

from core import meter
from core.api.credentials import authenticate, client_ip, forget_credentials
from core.errors import DomainError
from core.models import StaffUser
from integrations.models import ApiClient
from integrations.rules.dpop import KEY_OF_PROOF
from integrations.selectors.clients import find_client, grantable_scopes
from integrations.selectors.tokens import TokenFacts, describe_token
from integrations.services.bindings import check_proof, confirmation

_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; form-action 'self'"
)


class GuardedEndpoint(View):
    """An endpoint that clients authenticate at: failures per network address are counted, then refused (429).

    `every_call_counts` where an answer costs us a row. A device that polls as it should fails at nothing.
    """

    window: ClassVar[str] = "oauth-failures"
    every_call_counts: ClassVar[bool] = False
    http_method_names = ["post", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer the request unless the address has failed too often lately."""
        key = f"oauth:{client_ip(request)}"
        windows = [meter.Window(self.window, settings.OAUTH_FAILURES_PER_ADDRESS, settings.OAUTH_FAILURE_WINDOW_S)]
        before = meter.take(key, windows, 0)
        if before.levels[0].remaining == 0:
            return _refused(before.levels[0])
        level = before.levels[0]
        if any("\x00" in value for _, values in request.POST.lists() for value in values):
            return JsonResponse({"error": "invalid_request", "error_description": "A NUL character."}, status=400)
        response = super().dispatch(request, *args, **kwargs)
        if self.every_call_counts or (response.status_code in (400, 401) and not _is_pending(response)):
            level = meter.take(key, windows).levels[0]
        if response.status_code == 401:
            response["WWW-Authenticate"] = 'Basic realm="oauth"'
        for name, value in (_NO_STORE | _left(level)).items():
            response[name] = value
        return response

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """405 in the shape of the other refusals here."""
        refused = super().http_method_not_allowed(request, *args, **kwargs)
        body = {"error": "invalid_request", "error_description": "Send this with POST, as a form."}
        return JsonResponse(body, status=405, headers={"Allow": refused["Allow"]})


def _is_pending(response: HttpResponseBase) -> bool:
    return isinstance(response, HttpResponse) and b'"authorization_pending"' in response.content


def _left(level: meter.Level) -> dict[str, str]:
    """How many failures are left to this address; the reset in seconds from now, as SDKs that fetch tokens read it."""
    seconds = math.ceil(level.resets_in)
    return {
        "X-RateLimit-Limit": str(level.window.limit),
        "X-RateLimit-Remaining": str(level.remaining),
        "X-RateLimit-Reset": str(seconds),
    }


def _refused(level: meter.Level) -> JsonResponse:
    """RFC 6749 has no error for too many attempts; the body keeps its shape."""
    body = {"error": "temporarily_unavailable", "error_description": "Too many failed attempts; try again later."}
    wait = {"Retry-After": str(max(1, math.ceil(level.resets_in)))}
    return JsonResponse(body, status=429, headers=wait | _left(level) | _NO_STORE)


@method_decorator(csrf_exempt, name="dispatch")
class Token(GuardedEndpoint, TokenView):  # type: ignore[misc]
    """POST /oauth/token."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Issue; with a proof in the header DPoP the token is bound to its key (RFC 9449 section 5)."""
        if proof := request.META.get("HTTP_DPOP"):
            call = {
                "method": "POST",
                "path": request.path,
                "host": f"{request.scheme}://{request.get_host()}",
                "token": "",
            }
            try:
                request.META[KEY_OF_PROOF] = check_proof(proof=proof, **call, now=timezone.now())
            except DomainError as error:
                return JsonResponse({"error": error.code, "error_description": error.message}, status=400)
        response: HttpResponse = self.authorization_flow_token_response(request)
        return response


@method_decorator(csrf_exempt, name="dispatch")
class Revoke(GuardedEndpoint, RevokeTokenView):  # type: ignore[misc]
    """POST /oauth/revoke: the token opens nothing any more (RFC 7009)."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Revoke, and forget what this process has kept."""
        response: HttpResponse = super().post(request, *args, **kwargs)
        forget_credentials()
        return response


@method_decorator(csrf_exempt, name="dispatch")
class Introspect(GuardedEndpoint, OAuthLibMixin):  # type: ignore[misc]
    """POST /oauth/introspect: facts about a token for its own client, or for whoever has `introspection`."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """RFC 7662; an unknown, dead or foreign token is inactive and nothing more."""
        asking = self._asking(request)
        if asking is None:
            return JsonResponse({"error": "invalid_client"}, status=401)
        token = request.POST.get("token", "")
        if not token:
            return JsonResponse({"error": "invalid_request", "error_description": "token is missing."}, status=400)
        client_id, sees_all = asking
        facts = describe_token(token=token, now=timezone.now())
        if facts is None or not (sees_all or facts.client_id == client_id):
            return JsonResponse({"active": False})
        return JsonResponse(_introspection(facts))

    def _asking(self, request: HttpRequest) -> tuple[str, bool] | None:
        """The client that asks and whether it may see tokens of others: client secret or access token."""
        if request.headers.get("Authorization", "").lower().startswith(("bearer ", "dpop ")):
            try:
                credential = authenticate(request)
            except DomainError:
                return None
            return credential.client_id, "introspection" in credential.scopes
        client: ApiClient | None = self.get_oauthlib_core().client_of(request)
        return (client.public_id, "introspection" in client.scopes) if client else None


def _introspection(facts: TokenFacts) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "active": True,
        "scope": facts.scope,
        "client_id": facts.oauth_client_id,
        "token_type": "DPoP" if facts.bound_to[0] else "Bearer",
        "exp": facts.expires,
        "iat": facts.issued,
        "nbf": facts.issued,
        "sub": facts.subject,
        "iss": f"{settings.PUBLIC_URL}/oauth",
        "jti": facts.id,
        "livemode": settings.LIVEMODE,
    }
    answer |= confirmation(key=facts.bound_to[0], certificate=facts.bound_to[1])
    if facts.username:
        answer["username"] = facts.username
    if facts.audience:
        answer["aud"] = facts.audience
    return answer


class Authorize(AuthorizationView):  # type: ignore[misc]
    """GET and POST /oauth/authorize: staff let a client do in their name what they may do themselves."""

    template_name = "integrations/authorize.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer; neither the screen nor the redirect with the code is ever kept by a cache."""
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["Content-Security-Policy"] = POLICY + self._redirect_origin()
        return response

    def validate_authorization_request(self, request: HttpRequest) -> tuple[list[str], dict[str, Any]]:
        """The scopes and the facts of a valid request; scopes that the person may not use are left out."""
        scopes, credentials = super().validate_authorization_request(request)
        if isinstance(request.user, StaffUser):
            client = find_client(identifier=credentials["client_id"])
            allowed = grantable_scopes(client=client, user=request.user)
            scopes = [scope for scope in scopes if scope in allowed]
        if not scopes:
            refusal = InvalidScopeError(redirect_uri=credentials["redirect_uri"], state=credentials["state"])
            raise OAuthToolkitError(error=refusal)
        return scopes, credentials

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the screen says: the client, the scopes in words, where the browser goes afterwards."""
        host = urlsplit(self.oauth2_data.get("redirect_uri") or "").netloc
        context: dict[str, Any] = super().get_context_data(title="Allow access", redirect_host=host, **kwargs)
        return context

    def _redirect_origin(self) -> str:
        """Browsers apply form-action to the redirect after the form too, so its origin must be named."""
        target = urlsplit(self.oauth2_data.get("redirect_uri") or "")
        return f" {target.scheme}://{target.netloc}" if target.netloc else ""
