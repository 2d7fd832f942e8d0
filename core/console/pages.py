"""What every screen of the console is: it declares who may open it, is never stored, and refuses in words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.dateparse import parse_datetime
from django.views import View

from core import menu
from core.actors import Actor, ActorKind
from core.errors import DomainError
from core.models import StaffUser
from core.models.users import role_permissions

STEP_UP: Final = timedelta(minutes=5)


class MissingPermission(PermissionDenied):
    """The reader's role lacks `permission`."""

    def __init__(self, permission: str) -> None:
        super().__init__(permission)
        self.permission = permission


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """Where a page stands in the side menu."""

    label: str
    icon: str
    section: str = ""
    order: int = 100
    count: Callable[[], int] | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """A button of a page: a link to another screen, shown to readers who may open it."""

    label: str
    url: str
    permission: str
    icon: str = ""
    primary: bool = False
    disabled_because: str = ""


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in member of staff, as services know people."""
    user = staff_of(request)
    return Actor(
        kind=ActorKind.STAFF,
        id=user.public_id,
        label=user.name,
        request_id=str(request.META.get("hub.request_id", "")),
        ip=str(request.META.get("REMOTE_ADDR", "")),
        scopes=role_permissions(user.role),
    )


def staff_of(request: HttpRequest) -> StaffUser:
    """The signed-in member of staff; a page has checked that there is one."""
    if not isinstance(request.user, StaffUser):
        raise PermissionDenied
    return request.user


class Page(View):
    """A screen. `name` is its URL name; `permission` must be declared.

    A reader who is not signed in is sent to the sign-in page, one without the permission gets a 403 that names it.
    With `step_up` the password must have been entered within the last five minutes.
    One that `downloads` answers a file.
    """

    name: ClassVar[str] = ""
    permission: ClassVar[str] = ""
    title: ClassVar[str] = ""
    menu_entry: ClassVar[MenuEntry | None] = None
    step_up: ClassVar[bool] = False
    downloads: ClassVar[bool] = False
    template_name: ClassVar[str] = ""

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if abstract:
            return
        for needed in ("permission", "name"):
            if not getattr(cls, needed):
                raise ImproperlyConfigured(f"{cls.__module__}.{cls.__name__} declares no {needed}.")

    @property
    def actor(self) -> Actor:
        """Who acts: the `by` of every service."""
        return actor_of(self.request)

    @property
    def reader(self) -> StaffUser:
        """Who looks."""
        return staff_of(self.request)

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Freeze `now` for the whole request."""
        super().setup(request, *args, **kwargs)
        self.now: datetime = timezone.now()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check who asks, then answer; a refusal of the domain becomes a page with its sentence and status."""
        response = self._turned_away(request)
        if response is None:
            try:
                response = super().dispatch(request, *args, **kwargs)
            except DomainError as error:
                response = self.refused(error)
        add_never_cache_headers(response)
        response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ["HX-Request"])
        return response

    def refused(self, error: DomainError) -> HttpResponse:
        """The page that says what was refused and why; the sentence alone when a fragment was asked for."""
        if is_htmx(self.request):
            return HttpResponse(error.message, status=error.status, content_type="text/plain; charset=utf-8")
        return render(self.request, "409.html", {"error": error, "title": "Not done"}, status=error.status)

    def draw(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """The template with the page itself as `page`."""
        title = context.pop("title", self.title)
        return render(self.request, template, {"page": self, "title": title, **context}, status=status)

    def allowed(self, actions: Sequence[Action]) -> list[Action]:
        """The actions this reader may take."""
        return [action for action in actions if self.reader.has_perm(action.permission)]

    def _turned_away(self, request: HttpRequest) -> HttpResponseBase | None:
        if not request.user.is_authenticated:
            return go_to(request, f"{reverse('console:sign-in')}?{urlencode({'next': back_to(request)})}")
        if not staff_of(request).has_perm(self.permission):
            raise MissingPermission(self.permission)
        if self.step_up and not stepped_up(request, self.now):
            return go_to(request, f"{reverse('console:step-up')}?{urlencode({'next': back_to(request)})}")
        return None


def screen(route: str, page: type[Page]) -> URLPattern:
    """The URL of a page, and its menu item if it has one; used in every `console/urls.py`."""
    if page.menu_entry:
        entry = page.menu_entry
        menu.add_item(
            menu.MenuItem(
                label=entry.label,
                url_name=f"console:{page.name}",
                icon=entry.icon,
                section=entry.section,
                permission=page.permission,
                order=entry.order,
                count=entry.count,
            )
        )
    return path(route, page.as_view(), name=page.name)


def is_htmx(request: HttpRequest) -> bool:
    """Whether a fragment was asked for, not a page."""
    return request.headers.get("HX-Request") == "true"


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """A redirect of the whole page, also when a fragment was asked for."""
    return HttpResponse(headers={"HX-Redirect": url}) if is_htmx(request) else HttpResponseRedirect(url)


def back_to(request: HttpRequest) -> str:
    """Where to return after signing in: this address if it was read, the console's home otherwise."""
    return request.get_full_path() if request.method == "GET" and not is_htmx(request) else reverse("console:home")


def stepped_up(request: HttpRequest, now: datetime) -> bool:
    """Whether the password was entered within the last five minutes."""
    at = parse_datetime(request.session.get("stepped_up_at", "") or "")
    return at is not None and now - at < STEP_UP
