"""A raw, read-only window on the tables for superusers, at /admin/: Django's own admin without any way to write.

Writing there would go around the services, so that the audit trail and the outbox would have a hole. Each look
stands in the audit trail, because rows hold personal data unmasked. Secrets are not shown, not even as hashes.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final, cast

from django.apps import apps
from django.contrib.admin import AdminSite, ModelAdmin
from django.core.paginator import Paginator
from django.db.models import BinaryField, CompositePrimaryKey, Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, URLResolver, reverse
from django.utils.http import urlencode

from core import audit, menu
from core.console.pages import MissingPermission, actor_of
from core.models import StaffUser

PERMISSION: Final = "core.view_raw"
APPS: Final = ("core", "customers", "consent", "campaigns", "engagement", "integrations", "marketing_hub")
HIDDEN: Final = re.compile(r"password|secret|^digest$|_hash$")
COLUMNS: Final = 7
MOST_ROWS: Final = 10_000
ABSENT: Final = ("password_change", "password_change_done", "view_on_site")


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts up to MOST_ROWS: a table may be long."""

    @cached_property
    def count(self) -> int:
        """How many rows there are to page through."""
        rows = cast(QuerySet[Model], self.object_list)
        return rows.order_by()[:MOST_ROWS].count()


class RawWindow(AdminSite):
    """The admin site for readers with PERMISSION; everybody else is refused or sent to the sign-in page."""

    site_header = site_title = "Raw data, read only"
    index_title = "Tables"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether this reader may look; somebody signed in without the permission gets the page that names it."""
        if not isinstance(request.user, StaffUser):
            return False
        if not request.user.has_perm(PERMISSION):
            raise MissingPermission(PERMISSION)
        return True

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The sign-in page of the console."""
        query = urlencode({"next": request.GET.get("next", reverse("admin:index"))})
        return HttpResponseRedirect(f"{reverse('console:sign-in')}?{query}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Signing out belongs to the console."""
        return HttpResponseRedirect(reverse("console:home"))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """The addresses of the site without those that change something."""
        found: list[URLPattern | URLResolver] = super().get_urls()
        return [entry for entry in found if getattr(entry, "name", "") not in ABSENT]


class RawTable(ModelAdmin):  # type: ignore[type-arg]
    """One table, any table: its newest rows and each row, never a form that saves."""

    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    ordering = ("-pk",)
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Everybody whom the site lets in."""
        return self.admin_site.has_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Everybody whom the site lets in."""
        return self.admin_site.has_permission(request)

    def changelist_view(self, request: HttpRequest, extra_context: Mapping[str, Any] | None = None) -> Any:
        """The rows; that somebody looked is recorded."""
        audit.record(by=actor_of(request), action="raw.listed", target=self.model._meta.label_lower)
        return super().changelist_view(request, dict(extra_context or {}))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Mapping[str, Any] | None = None
    ) -> HttpResponse:
        """The row; that somebody looked is recorded."""
        audit.record(
            by=actor_of(request), action="raw.opened", target=f"{self.model._meta.label_lower}:{object_id}"[:80]
        )
        return super().change_view(request, object_id, form_url, dict(extra_context or {}))


def _fields(model: type[Model]) -> list["Field[Any, Any]"]:
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, BinaryField)]
    return [field for field in fields if not HIDDEN.search(field.name)]


def _register(site: AdminSite) -> None:
    """Every table of the product with a single key; Django's admin knows no composite keys."""
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            if not isinstance(model._meta.pk, CompositePrimaryKey):
                names = [field.attname for field in _fields(model)]
                search = ["public_id__exact"] if "public_id" in names else []
                shown = {"list_display": names[:COLUMNS], "search_fields": search}
                site.register(model, RawTable, fields=[field.name for field in _fields(model)], **shown)


window = RawWindow()
_register(window)
menu.add_item(menu.MenuItem("Raw data", "admin:index", "database", "System", PERMISSION, order=90))
