"""POST /security/leaked-secrets: what a scanning partner found in public, signed by the partner."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.actors import Actor, ActorKind
from core.api.credentials import client_ip, forget_credentials
from core.api.errors import error_response
from core.crypto import digest
from core.errors import DomainError, InvalidInput
from core.ids import request_id_of
from integrations.rules.leaks import MOST_REPORTS, Report, read_reports
from integrations.services.leaks import check_partner, end_leaked


@csrf_exempt
@require_POST
def hear_leaks(request: HttpRequest) -> HttpResponse:
    """200 with a label for each match once all that were ours are ended; 404 where no partner is named.

    401 without the partner's signature, 400 for what is no report, 503 while its keys cannot be had.
    """
    if not settings.SECURITY.leak_keys_url:
        return HttpResponse(status=404)
    try:
        check_partner(
            body=request.body,
            key_id=request.headers.get("Github-Public-Key-Identifier", ""),
            signature=request.headers.get("Github-Public-Key-Signature", ""),
        )
        reports = read_reports(request.body)
        if reports is None:
            raise InvalidInput(f"The body must be an array of 1 to {MOST_REPORTS:,} matches with a token.")
        ours = end_leaked(reports=reports, by=_partner(request), now=timezone.now())
    except DomainError as refusal:
        return error_response(refusal, request)
    forget_credentials()
    return JsonResponse([_said(report, own) for report, own in zip(reports, ours, strict=True)], safe=False)


def _partner(request: HttpRequest) -> Actor:
    name = "secret-scanning"
    return Actor(
        kind=ActorKind.SYSTEM,
        id=name,
        label="Secret scanning partner",
        ip=client_ip(request),
        request_id=request_id_of(request.META),
    )


def _said(report: Report, ours: bool) -> dict[str, Any]:
    label = "true_positive" if ours else "false_positive"
    return {"token_hash": digest(report.token), "token_type": report.type, "label": label}


urlpatterns = [path("security/leaked-secrets", hear_leaks, name="leaked-secrets")]
