"""What the authorization server says about itself: its metadata (RFC 8414) and the keys it signs with (RFC 7517)."""

import json
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe
from oauth2_provider.views import OAuthProtectedResourceMetadataView, OAuthServerMetadataView

from consent.selectors.receipts import receipt_key
from core.api.conditional import etag_of, is_unchanged
from integrations.models import AuthMethod
from integrations.rules.keys import ALGORITHMS
from integrations.selectors.signing import issuer, list_published

_PROVING: Final = ("token_endpoint", "revocation_endpoint", "introspection_endpoint")


class ServerMetadata(OAuthServerMetadataView):  # type: ignore[misc]
    """The metadata document, also where libraries look that only know the path of OpenID Connect (RFC 8414 section 5).

    There are no id tokens here, so it claims none.
    """

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What the toolkit says, how else clients may prove themselves, and where the keys are."""
        told = json.loads(super().get(request, *args, **kwargs).content)
        for place in _PROVING:
            told[f"{place}_auth_methods_supported"].insert(0, AuthMethod.KEY)
            if settings.SECURITY.certificate_verified_header:
                told[f"{place}_auth_methods_supported"].append(AuthMethod.CERTIFICATE)
            told[f"{place}_auth_signing_alg_values_supported"] = list(ALGORITHMS)
        told["dpop_signing_alg_values_supported"] = list(ALGORITHMS)
        told["tls_client_certificate_bound_access_tokens"] = bool(settings.SECURITY.certificate_header)
        base = issuer().removesuffix("/oauth")
        told["jwks_uri"] = base + reverse("oauth2_provider:jwks-info")
        told["device_authorization_endpoint"] = base + reverse("oauth2_provider:device-authorization")
        told["registration_endpoint"] = base + reverse("oauth2_provider:register")
        return JsonResponse(told, headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"})


class ResourceMetadata(OAuthProtectedResourceMetadataView):  # type: ignore[misc]
    """What the API asks of tokens (RFC 9728)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What the toolkit says, and how tokens may be bound."""
        told = json.loads(super().get(request, *args, **kwargs).content)
        told["dpop_signing_alg_values_supported"] = list(ALGORITHMS)
        told["dpop_bound_access_tokens_required"] = False
        told["tls_client_certificate_bound_access_tokens"] = bool(settings.SECURITY.certificate_header)
        return JsonResponse(told, headers={"Access-Control-Allow-Origin": "*"})


@require_safe
def published_keys(request: HttpRequest) -> HttpResponse:
    """GET /oauth/jwks: every key whose signature may still be met, that of consent receipts last; kept five minutes."""
    keys = [key.public for key in list_published(now=timezone.now())]
    body = json.dumps({"keys": [*keys, receipt_key()]})
    headers = {"ETag": etag_of(body), "Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
    if is_unchanged(request, headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type="application/jwk-set+json", headers=headers)
