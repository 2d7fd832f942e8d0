"""OpenDSR 2.0 for controllers: /opendsr/v2/discovery, /opendsr/v2/requests, and the certificate of our signatures.

These addresses are the protocol's own and stand beside our API; controllers are API clients. What is answered is signed
to the byte, so it is JSON whatever else a caller would accept.
"""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from core.api.errors import error_response
from core.api.views import ApiView
from core.errors import InvalidInput, NotFound
from integrations.rules.opendsr import FORMATS, KINDS, MOST_CALLBACKS, MOST_IDENTITIES, REGIMES, Subject
from integrations.selectors.opendsr import (
    cancelled_answer,
    discovery_answer,
    received_answer,
    request_of_controller,
    status_answer,
)
from integrations.services.certificates import certificate_of, sign_object
from integrations.services.opendsr import Sent, cancel_request, receive_request
from integrations.services.signing import current_key


class IdentitySerializer(serializers.Serializer[object]):
    """One identity of the person (section 5.3)."""

    identity_type = serializers.CharField(max_length=60)
    identity_value = serializers.CharField(max_length=255)
    identity_format = serializers.ChoiceField(choices=FORMATS)


class ControllerRequestSerializer(serializers.Serializer[object]):
    """What a controller sends (section 7.1); members that the protocol does not know are left alone."""

    regulation = serializers.ChoiceField(choices=list(REGIMES))
    subject_request_id = serializers.UUIDField()
    subject_request_type = serializers.ChoiceField(choices=KINDS)
    submitted_time = serializers.DateTimeField()
    subject_identities = serializers.ListField(child=IdentitySerializer(), min_length=1, max_length=MOST_IDENTITIES)
    status_callback_urls = serializers.ListField(
        child=serializers.CharField(max_length=500), required=False, max_length=MOST_CALLBACKS
    )
    api_version = serializers.RegexField(r"^v?2(\.\d+)*$", required=False)

    def validate_subject_request_id(self, value: Any) -> Any:
        """Version 4, as the protocol asks."""
        if value.version != 4:
            raise serializers.ValidationError("This is no UUID of version 4.")
        return value


def signed(answer: Mapping[str, Any], *, now: datetime, status: int = 200) -> HttpResponse:
    """The answer as JSON with the headers of section 8.3, never kept by anybody in between."""
    body = json.dumps(answer).encode()
    headers = sign_object(body=body, now=now) | {"Cache-Control": "no-store"}
    return HttpResponse(body, status=status, content_type="application/json", headers=headers)


@extend_schema(exclude=True)
class ControllerView(ApiView):
    """An address of the protocol."""

    abstract = True
    renderer_classes = [JSONRenderer]


class ControllerRequests(ControllerView):
    """POST /opendsr/v2/requests."""

    scopes = {"post": "privacy:write"}

    def post(self, request: Request) -> HttpResponse:
        """Take a request of a person; 201 also for one that was sent before."""
        raw, now = request._request.body, timezone.now()
        if not isinstance(request.data, dict):
            raise InvalidInput("The body must be one JSON object.")
        row = receive_request(
            sent=_sent(request.data),
            body=request.data,
            by=self.actor,
            now=now,
        )
        answer = received_answer(row, encoded_request=base64.b64encode(raw).decode())
        return signed(answer, now=now, status=201)


class ControllerRequest(ControllerView):
    """GET and DELETE /opendsr/v2/requests/{subject_request_id}."""

    scopes = {"get": "privacy:write", "delete": "privacy:write"}

    def get(self, request: Request, subject_request_id: str) -> HttpResponse:
        """Where the request stands."""
        row = request_of_controller(controller=self.actor.id, subject_request_id=subject_request_id)
        return signed(status_answer(row), now=timezone.now())

    def delete(self, request: Request, subject_request_id: str) -> HttpResponse:
        """Take a pending request back."""
        now = timezone.now()
        row = cancel_request(
            subject_request_id=subject_request_id,
            by=self.actor,
            now=now,
        )
        return signed(cancelled_answer(row, now=now), now=now, status=202)


@require_safe
def discovery(request: HttpRequest) -> HttpResponse:
    """GET /opendsr/v2/discovery: what is supported, and where the certificate is; open to all, as keys are."""
    now = timezone.now()
    return signed(discovery_answer(kid=current_key(now=now).kid), now=now)


@require_safe
def certificate(request: HttpRequest, kid: str) -> HttpResponse:
    """GET /opendsr/v2/certificates/{kid}.pem: for as long as the key is published."""
    try:
        text = certificate_of(kid=kid, now=timezone.now())
    except NotFound as refusal:
        return error_response(refusal, request)
    headers = {"Cache-Control": "public, max-age=300"}
    return HttpResponse(text, content_type="application/x-pem-file", headers=headers)


def _sent(body: Mapping[str, Any]) -> Sent:
    checker = ControllerRequestSerializer(data=body)
    checker.is_valid(raise_exception=True)
    data: dict[str, Any] = checker.validated_data
    subjects = [Subject(*(one[f"identity_{part}"] for part in ("type", "value", "format"))) for one in _given(data)]
    return Sent(
        subject_request_id=data["subject_request_id"],
        kind=data["subject_request_type"],
        regulation=data["regulation"],
        submitted=data["submitted_time"],
        subjects=subjects,
        callbacks=tuple(dict.fromkeys(data.get("status_callback_urls", ()))),
    )


def _given(data: Mapping[str, Any]) -> list[dict[str, str]]:
    given: list[dict[str, str]] = data["subject_identities"]
    return given


urlpatterns = [
    path("opendsr/v2/discovery", discovery, name="opendsr-discovery"),
    path("opendsr/v2/certificates/<str:kid>.pem", certificate, name="opendsr-certificate"),
    path("opendsr/v2/requests", ControllerRequests.as_view(), name="opendsr-requests"),
    path("opendsr/v2/requests/<str:subject_request_id>", ControllerRequest.as_view(), name="opendsr-request"),
]
