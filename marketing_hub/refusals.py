"""The pages and bodies for requests that no screen answers: 403, 404, 500, and a form without its token."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache

from core.api.errors import error_response
from core.console.pages import MissingPermission, back_to, go_to, is_htmx
from core.errors import Broken, Forbidden, InvalidInput, NotFound, TooLarge
from core.models import Role, StaffUser
from marketing_hub.answers import for_machines


@never_cache
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: names the missing permission and the roles that have it."""
    if for_machines(request):
        return error_response(Forbidden("You may not do this.", code="forbidden"), request)
    context: dict[str, Any] = {"title": "You may not open this", "status": 403, "reason": ""}
    if isinstance(exception, MissingPermission):
        context |= explained(request, exception.permission)
    return framed(request, "403.html", context, 403)


@never_cache
def no_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that came without its CSRF token, usually because it stood open for too long.

    A fragment whose reader is not signed in any more leads to the sign-in page; any other is told in a sentence.
    """
    words = "This form stood open for too long, or cookies are switched off. Go back, reload the page and try again."
    if is_htmx(request) and not request.user.is_authenticated:
        return go_to(request, f"{reverse('console:sign-in')}?{urlencode({'next': back_to(request)})}")
    if is_htmx(request):
        return HttpResponse(words, status=403, content_type="text/plain; charset=utf-8")
    return framed(request, "403.html", {"title": "Not accepted", "status": 403, "reason": words}, 403)


@never_cache
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 for what no screen can read: a form that is too large, an unknown host, an address that was tampered with."""
    words = "This request could not be read: it is too large or was altered on its way. Nothing was changed."
    if for_machines(request) and isinstance(exception, RequestDataTooBig):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return error_response(TooLarge(f"A body may have at most {most} bytes here. Nothing was changed."), request)
    if for_machines(request):
        return error_response(InvalidInput(words), request)
    return framed(request, "403.html", {"title": "Not understood", "status": 400, "reason": words}, 400)


@never_cache
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: offers the search."""
    if for_machines(request):
        return error_response(NotFound("Nothing stands at this address."), request)
    return framed(request, "404.html", {"title": "Not found", "status": 404}, 404)


@never_cache
def broken(request: HttpRequest) -> HttpResponse:
    """500: says the request id; drawn without the menu, because the menu may be what broke."""
    if for_machines(request):
        return error_response(Broken("Something broke on our side. Try again later."), request)
    html = render_to_string("500.html", {"request_id": request.META.get("hub.request_id", "")})
    return HttpResponse(html, status=500)


def explained(request: HttpRequest, permission: str) -> dict[str, Any]:
    """The missing permission in words, the reader's role and the roles that hold it."""
    titles = dict(Role.choices)
    holders = [titles.get(role, role) for role in sorted(settings.PERMISSION_ROLES.get(permission, ()))]
    role = request.user.get_role_display() if isinstance(request.user, StaffUser) else ""
    return {
        "permission": permission,
        "permission_title": settings.PERMISSION_NAMES.get(permission, permission),
        "holders": [*holders, titles["superuser"]],
        "role": role,
    }


def framed(request: HttpRequest, template: str, context: dict[str, Any], status: int) -> HttpResponse:
    """The refusal inside the console for people who are signed in, and alone for everybody else."""
    signed_in = isinstance(getattr(request, "user", None), StaffUser)
    return render(request, template, {**context, "frame": "base.html" if signed_in else "bare.html"}, status=status)
