"""Signing in by the company's identity provider: OpenID Connect, code flow with PKCE, state and nonce."""

from typing import Any, Final

import structlog
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.django_client import OAuth
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from joserfc.errors import JoseError
from requests import RequestException

from core.errors import DomainError, Unauthenticated, Unavailable
from marketing_hub.factors import open_session
from marketing_hub.security import Provider
from marketing_hub.staff import next_of, trace_of
from marketing_hub.system.single_sign_on import recognise

_NEXT: Final = "single_sign_on_next"
_TIMEOUT_S: Final = 10
log = structlog.get_logger("single_sign_on")


@require_GET
@never_cache
def begin(request: HttpRequest) -> HttpResponse:
    """Leads to the provider's sign-in page, which asks for the password again before a risky step."""
    again = {"prompt": "login"} if request.GET.get("again") else {}
    try:
        answer: HttpResponse = _client(_provider()).authorize_redirect(request, _return_url(), **again)
    except (RequestException, OAuthError, ValueError) as trouble:
        return _refused(request, _away(trouble))
    request.session[_NEXT] = next_of(request)
    return answer


@require_GET
@never_cache
def come_back(request: HttpRequest) -> HttpResponse:
    """Where the provider sends people back: whoever it vouches for is signed in, if we know the address."""
    provider = _provider()
    try:
        claims = _claims(request, provider)
        user = recognise(claims=claims, provider=provider, **trace_of(request))
    except DomainError as refusal:
        return _refused(request, refusal)
    next_url = request.session.pop(_NEXT, "") or reverse("console:home")
    strong = set(map(str, claims.get("amr") or [])) & {"mfa", "otp", "hwk"}
    means = f"single sign-on{' with second factor' if strong else ''}"
    return open_session(request, user, next_url=next_url, means=means)


def _claims(request: HttpRequest, provider: Provider) -> dict[str, Any]:
    """What the id token says; its signature, issuer, audience, time and nonce hold (OpenID Connect Core 3.1.3.7)."""
    client = _client(provider)
    try:
        told = client.authorize_access_token(request)
    except (OAuthError, JoseError) as trouble:
        log.warning("single_sign_on_refused", reason=type(trouble).__name__)
        message = "The sign-in at the provider did not succeed, or took too long. Try again."
        raise Unauthenticated(message, code="sign_in_refused") from None
    except (RequestException, ValueError) as trouble:
        raise _away(trouble) from None
    claims = dict(told.get("userinfo") or {})
    if "email" not in claims:
        claims = _more_claims(client, told, claims)
    if claims.get("iss") != provider.issuer:
        raise Unauthenticated("The provider is not the one that is set up here.", code="sign_in_refused")
    return claims


def _more_claims(client: Any, told: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
    """What the userinfo endpoint adds; only about the same subject (OpenID Connect Core 5.3.2)."""
    try:
        more = dict(client.userinfo(token=told))
    except (RequestException, OAuthError, ValueError) as trouble:
        raise _away(trouble) from None
    return {**more, **claims} if more.get("sub") == claims.get("sub") else claims


def _away(trouble: Exception) -> Unavailable:
    log.warning("single_sign_on_away", reason=type(trouble).__name__)
    return Unavailable("The identity provider does not answer. Try again, or sign in by password.")


def _provider() -> Provider:
    if settings.SECURITY.provider is None:
        raise Http404
    provider: Provider = settings.SECURITY.provider
    return provider


def _client(provider: Provider) -> Any:
    registry = OAuth()
    registry.register(
        name="staff",
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        server_metadata_url=f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256", "default_timeout": _TIMEOUT_S},
    )
    return registry.staff


def _return_url() -> str:
    return str(settings.PUBLIC_URL.rstrip("/") + reverse("console:single-sign-on-return"))


def _refused(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    context = {"title": "Not signed in", "error": refusal}
    return render(request, "registration/refused.html", context, status=refusal.status)
