"""The device flow (RFC 8628): codes for a device without a browser, and the page where staff decide about it."""

from typing import Any, Final

from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.views.mixins import OAuthLibMixin
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from core import meter
from core.actors import Actor, ActorKind
from core.errors import DomainError, NotFound
from core.models import StaffUser
from integrations.api.oauth import POLICY, GuardedEndpoint
from integrations.rules.devices import PAUSE_S, shown_code, typed_code
from integrations.selectors.devices import Waiting, find_waiting
from integrations.services.devices import LIFE, begin_device, decide_device

_GUESSES: Final = meter.Window("device-codes", 10, 300)


@method_decorator(csrf_exempt, name="dispatch")
class DeviceAuthorization(GuardedEndpoint, OAuthLibMixin):  # type: ignore[misc]
    """POST /oauth/device_authorization: a code to poll with, and one for a person to type."""

    window, every_call_counts = "oauth-devices", True

    def post(self, request: HttpRequest) -> HttpResponse:
        """Codes for a client that may use the grant."""
        if twice := [name for name, values in request.POST.lists() if len(values) > 1]:
            body = {"error": "invalid_request", "error_description": f"Sent twice: {min(twice)}."}
            return JsonResponse(body, status=400)
        try:
            client, scopes = self.get_oauthlib_core().asking_device(request)
        except OAuth2Error as error:
            return HttpResponse(error.json, status=error.status_code, content_type="application/json")
        codes = begin_device(client=client, scopes=scopes, now=timezone.now())
        answer = {
            "device_code": codes.device_code,
            "user_code": codes.user_code,
            "verification_uri": settings.PUBLIC_URL + reverse("oauth2_provider:device"),
            "expires_in": int(LIFE.total_seconds()),
            "interval": PAUSE_S,
        }
        return JsonResponse(answer)


def _person(request: HttpRequest) -> StaffUser:
    if not isinstance(request.user, StaffUser):
        raise PermissionDenied
    return request.user


class DevicePage(LoginRequiredMixin, View):
    """GET and POST /oauth/device: staff type the code of a device, see what it asks for, and decide."""

    http_method_names = ["get", "post", "head", "options"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer; no step of it is kept by a cache."""
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["Content-Security-Policy"] = POLICY
        return response

    def get(self, request: HttpRequest) -> HttpResponse:
        """The field for the code."""
        return self._shown()

    def post(self, request: HttpRequest) -> HttpResponse:
        """What the device asks for, or what was decided; wrong codes are counted per person, then refused (429)."""
        guesses = f"device:{_person(request).public_id}"
        if meter.take(guesses, [_GUESSES], 0).levels[0].remaining == 0:
            return self._shown(problem="Too many wrong codes. Wait five minutes, then try again.", status=429)
        try:
            return self._answered(request.POST.get("user_code", ""), request.POST.get("decision", ""))
        except NotFound as error:
            meter.take(guesses, [_GUESSES])
            return self._shown(problem=error.message, status=404)
        except DomainError as error:
            return self._shown(problem=error.message, status=error.status)

    def _answered(self, code: str, decision: str) -> HttpResponse:
        user, now = _person(self.request), timezone.now()
        if decision not in ("allow", "deny"):
            return self._shown(waiting=find_waiting(user_code=code, user=user, now=now), code=code)
        said = self.request.META
        trace = {"request_id": said.get("hub.request_id", ""), "ip": said.get("REMOTE_ADDR", "")}
        by = Actor(kind=ActorKind.STAFF, id=user.public_id, label=user.name, **trace)
        allow = decision == "allow"
        decided = decide_device(user_code=code, allow=allow, user=user, by=by, now=now)
        return self._shown(waiting=decided, done="allowed" if allow else "denied")

    def _shown(
        self, *, waiting: Waiting | None = None, code: str = "", done: str = "", problem: str = "", status: int = 200
    ) -> HttpResponse:
        scopes = waiting.scopes if waiting else ()
        context = {
            "title": "Connect a device",
            "client": waiting.client if waiting else None,
            "scopes": [settings.API_SCOPES[scope] for scope in scopes],
            "code": shown_code(typed_code(code)) if waiting else "",
            "done": done,
            "problem": problem,
        }
        return render(self.request, "integrations/device.html", context, status=status)
