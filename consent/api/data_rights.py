"""The Data Rights Protocol 1.0 for authorised agents: /v1/data-rights-request, /v1/agent, and what we say of us.

Messages are base64 of an Ed25519 signature and a JSON text, sent as text/plain; answers are JSON. These addresses are
the protocol's own and stand beside our API: agents are no clients of it.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views import View

from consent.rules.data_rights import LONGEST
from consent.selectors.agents import agent_of_token, business_answer, is_open, request_of_agent, status_answer
from consent.services.agents import exercise_right, pair_agent, revoke_right
from core.api.credentials import client_ip
from core.api.errors import error_response
from core.errors import DomainError, Forbidden, NotFound, TooLarge


class ProtocolView(View):
    """An address of the protocol; 404 unless this business takes part (DRP_BUSINESS_ID)."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The answer, or in JSON why not."""
        try:
            if not is_open():
                raise NotFound("This business does not take part in the Data Rights Protocol.")
            response = super().dispatch(request, *args, **kwargs)
        except DomainError as error:
            response = self.refused(error)
        response["Cache-Control"] = "no-store"
        return response

    def refused(self, error: DomainError) -> HttpResponse:
        """Code and sentence."""
        response = error_response(error, self.request)
        if response.status_code == 401:
            response["WWW-Authenticate"] = 'Bearer realm="data-rights"'
        return response

    @property
    def token(self) -> str:
        """The bearer token presented, or empty."""
        kind, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    @property
    def message(self) -> bytes:
        """The body, bounded."""
        if int(self.request.headers.get("Content-Length") or 0) > LONGEST:
            raise TooLarge(f"A message has at most {LONGEST:,} characters.")
        return self.request.body


class DataRights(ProtocolView):
    """POST /v1/data-rights-request."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Exercise a right for a person."""
        row = exercise_right(token=self.token, body=self.message, ip=client_ip(request), now=timezone.now())
        return JsonResponse(status_answer(row))


class DataRight(ProtocolView):
    """GET and DELETE /v1/data-rights-request/{id}."""

    def get(self, request: HttpRequest, request_id: str) -> HttpResponse:
        """Where the request stands."""
        return JsonResponse(status_answer(request_of_agent(agent_of_token(self.token), request_id)))

    def delete(self, request: HttpRequest, request_id: str) -> HttpResponse:
        """Take the request back."""
        now, ip = timezone.now(), client_ip(request)
        row = revoke_right(token=self.token, request_id=request_id, body=self.message, ip=ip, now=now)
        return JsonResponse(status_answer(row))


class AgentPairing(ProtocolView):
    """POST and GET /v1/agent/{id}."""

    def post(self, request: HttpRequest, agent_id: str) -> HttpResponse:
        """Make a token; 403 without a body for everything that does not hold (2.05.1)."""
        token = pair_agent(agent_id=agent_id, body=self.message, ip=client_ip(request), now=timezone.now())
        return JsonResponse({"agent-id": agent_id, "token": token})

    def get(self, request: HttpRequest, agent_id: str) -> HttpResponse:
        """Whether the token is still valid."""
        if agent_of_token(self.token).agent_id != agent_id:
            raise Forbidden("This token belongs to another agent.")
        return JsonResponse({})

    def refused(self, error: DomainError) -> HttpResponse:
        """The protocol wants no word about why a pairing failed."""
        if self.request.method == "POST" and error.status in (400, 403):
            return HttpResponse(status=403)
        return super().refused(error)


class Business(ProtocolView):
    """GET /.well-known/data-rights.json."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """This business as the network's directory lists it."""
        return JsonResponse(business_answer())


urlpatterns = [
    path("v1/data-rights-request", DataRights.as_view(), name="data-rights"),
    path("v1/data-rights-request/<str:request_id>", DataRight.as_view(), name="data-right"),
    path("v1/agent/<str:agent_id>", AgentPairing.as_view(), name="data-rights-agent"),
    path(".well-known/data-rights.json", Business.as_view(), name="data-rights-json"),
]
