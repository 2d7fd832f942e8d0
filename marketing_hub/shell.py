"""What surrounds every page of the console: its menu and alerts, its time zone, its content security policy."""

from collections.abc import Callable
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from core import menu
from core.models import StaffUser

GetResponse = Callable[[HttpRequest], HttpResponse]

THEME_COOKIE: Final = "hub_theme"
THEMES: Final = ("light", "dark")
STRICT: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}
RAW: Final = STRICT | {"style-src": "'self' 'unsafe-inline'"}  # jQuery of Django's admin tries out inline styles
DOCUMENTATION: Final = STRICT | {"style-src": "'self' 'unsafe-inline'", "worker-src": "'self' blob:"}


def policy(directives: dict[str, str]) -> str:
    """The value of a Content-Security-Policy header (CSP level 3)."""
    return "; ".join(f"{name} {value}" for name, value in directives.items())


class ContentSecurityPolicy:
    """Puts the strict policy on every answer without one of its own; documentation and raw tables have looser ones."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.strict, self.loose = policy(STRICT), {"/admin/": policy(RAW)}
        self.loose |= dict.fromkeys(settings.DOCUMENTATION_PATHS, policy(DOCUMENTATION))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        loose = next((words for path, words in self.loose.items() if request.path.startswith(path)), None)
        response.headers.setdefault("Content-Security-Policy", loose or self.strict)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


class CompressedPages(GZipMiddleware):
    """Compresses pages of the console: a list of a hundred rows shrinks from 77 to 8 KB.

    Safe against guessing by length (BREACH): the form token is masked anew in every page, and Django pads each
    answer at random. Answers for programs stay as they are; a proxy may compress those.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The answer, compressed if it is a page and the browser takes that."""
        if not request.path.startswith("/console"):
            return response
        compressed: HttpResponseBase = super().process_response(request, response)
        return compressed


class LocalTime:
    """Shows instants in the time zone that the signed-in member of staff chose; UTC for everybody else."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/console"):
            return self.get_response(request)
        with timezone.override(zone_of(request)):
            return self.get_response(request)


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The reader's time zone; UTC when the stored name is no longer known on this machine."""
    name = request.user.time_zone if isinstance(request.user, StaffUser) else "UTC"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def shell(request: HttpRequest) -> dict[str, Any]:
    """`shell` for templates; the menu and the alerts are made only where a template asks for them."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    alerts = SimpleLazyObject(lambda: _alerts(request))
    return {
        "shell": {
            "brand": settings.CONSOLE_BRAND,
            "environment": "Sandbox" if settings.SANDBOX else settings.HUB_ENV.title(),
            "theme": theme if theme in THEMES else "light",
            "zone": timezone.get_current_timezone_name(),
            "menu": SimpleLazyObject(lambda: _menu(request)),
            "alerts": alerts,
            "banners": SimpleLazyObject(lambda: [alert for alert in alerts if alert.banner]),
        }
    }


def _alerts(request: HttpRequest) -> list[menu.Alert]:
    return menu.alerts_for(request.user) if isinstance(request.user, StaffUser) else []


def _menu(request: HttpRequest) -> list[dict[str, Any]]:
    if not isinstance(request.user, StaffUser):
        return []
    items = menu.items_for(request.user)
    counts = menu.counts_of(items)
    entries = [(item, reverse(item.url_name), counts.get(item.url_name)) for item in items]
    open_url = max((url for _, url, _ in entries if _is_under(request.path, url)), key=len, default="")
    return [
        {"title": title, "entries": [_entry(item, url, count, open_url) for item, url, count in group]}
        for title, group in groupby(entries, key=lambda entry: entry[0].section)
    ]


def _is_under(path: str, url: str) -> bool:
    return path == url or (url != reverse("console:home") and path.startswith(url + "/"))


def _entry(item: menu.MenuItem, url: str, count: int | None, open_url: str) -> dict[str, Any]:
    shown = "" if count is None else f"{count:,}"
    return {"label": item.label, "icon": item.icon, "url": url, "count": shown, "current": url == open_url}
