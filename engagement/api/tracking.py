"""GET and HEAD /t/o/{token}.gif and /t/c/{token}: the picture and the links of messages. No cookie is set or read.

Whatever becomes of the note, the picture is shown and the link leads on: measuring never stands in anybody's way.
"""

from base64 import b64decode
from typing import Final

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from campaigns.rules.reactions import Kind
from campaigns.selectors.tracking import click_of, opened_delivery
from core.api.gpc import gpc_on
from core.errors import Unavailable
from engagement.services.reactions import keep_reaction

_PICTURE: Final = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_HEADERS: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
log = structlog.get_logger("engagement")


@require_safe
def show_picture(request: HttpRequest, token: str) -> HttpResponse:
    """One transparent pixel, also for an address that is not ours: a broken picture would help nobody."""
    delivery = opened_delivery(token)
    if delivery:
        _keep(request, delivery, Kind.OPEN, 0)
    return HttpResponse(_PICTURE, content_type="image/gif", headers=_HEADERS)


@require_safe
def follow_link(request: HttpRequest, token: str) -> HttpResponse:
    """302 to where the link leads; 410 for an address that is not ours."""
    click = click_of(token)
    if click is None:
        return render(request, "engagement/link_ended.html", {"title": "This link has ended"}, status=410)
    if click.delivery:
        _keep(request, click.delivery, Kind.CLICK, click.link)
    return HttpResponseRedirect(click.url, headers=_HEADERS)


def _keep(request: HttpRequest, delivery: int, kind: Kind, link: int) -> None:
    try:
        keep_reaction(
            delivery=delivery,
            kind=kind,
            link=link,
            user_agent=request.headers.get("User-Agent", "")[:1_000],
            head=request.method == "HEAD",
            gpc=gpc_on(request),
            now=timezone.now(),
        )
    except Unavailable:
        log.warning("reaction_not_noted", kind=kind.value)


urlpatterns = [
    path("t/o/<str:token>.gif", show_picture, name="message-open"),
    path("t/c/<str:token>", follow_link, name="message-click"),
]
