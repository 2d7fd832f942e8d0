"""The audit log: who did what, to which object, what changed, why, in which request."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from core.actors import ActorKind
from core.console import cells
from core.console.pages import staff_of
from core.console.tables import whole_row
from core.console.views import Action, Column, DetailPage, Empty, Header, ListPage, MenuEntry
from core.errors import NotFound
from core.menu import Panel
from core.models import AuditEntry, StaffUser
from integrations.models import ApiClient
from marketing_hub.system.people import FIXED, name_of, names_of
from marketing_hub.system.words import words_of

OWN, ALL, PROVE = "core.view_own_auditentry", "core.view_auditentry", "core.verify_audit"
MOST_ACTORS: Final = 300
PAGES: Final = {
    "cli": ("console:api-client", "integrations.view_apiclient"),
    "con": ("console:consent-entry", "consent.view_consent"),
    "cus": ("console:customer", "customers.view_customer"),
    "imp": ("console:import", "customers.view_import"),
    "job": ("console:job", "core.view_job"),
    "usr": ("console:user", "core.view_user"),
}


def entries_for(reader: StaffUser) -> QuerySet[AuditEntry]:
    """Every entry for those who may see all, else what the reader did."""
    if reader.has_perm(ALL):
        return AuditEntry.objects.all()
    return AuditEntry.objects.filter(actor_kind=ActorKind.STAFF, actor_id=reader.public_id)


def who(entry: AuditEntry) -> str:
    """The actor in one word, as jobs and `names_of` write it."""
    return f"{entry.actor_kind}:{entry.actor_id}"


def action_words(action: str) -> str:
    """`staff.role_changed` as `Staff: role changed`."""
    noun, _, deed = action.partition(".")
    return f"{noun.replace('_', ' ').capitalize()}: {deed.replace('_', ' ')}" if deed else noun


def target_link(target: str, reader: StaffUser) -> str:
    """The id of the object, as a link where it has a page that this reader may open."""
    name, permission = PAGES.get(target.partition("_")[0], ("", ""))
    if name and re.fullmatch(r"[a-z]{3}_[0-9A-Za-z]{22}", target) and reader.has_perm(permission):
        return format_html('<a href="{}"><code>{}</code></a>', reverse(name, args=[target]), target)
    return cells.code(target)


class _AnyChoice(django_filters.fields.ChoiceField):  # type: ignore[misc]
    """Offers names and takes any id: a link may ask for an actor beyond those offered."""

    def valid_value(self, value: Any) -> bool:
        """Whatever is asked for, as it can only find fewer rows; but no NUL, which no text of the database holds."""
        return "\x00" not in str(value)


class _ActorFilter(django_filters.ChoiceFilter):  # type: ignore[misc]
    field_class = _AnyChoice


class _DayFilter(django_filters.DateFilter):  # type: ignore[misc]
    """A local day; `after` counts days from it, so that the last day is included. Served by the index on `at`."""

    def __init__(self, *, label: str, after: int, side: str) -> None:
        super().__init__(label=label, widget=forms.DateInput(attrs={"type": "date"}), field_name="at")
        self.after, self.side = after, side

    def filter(self, rows: QuerySet[AuditEntry], day: date | None) -> QuerySet[AuditEntry]:
        """The rows on that side of the day's local midnight."""
        if day is None or day == date.max:
            return rows
        midnight = datetime.combine(day + timedelta(days=self.after), time.min)
        return rows.filter(**{f"at__{self.side}": timezone.make_aware(midnight)})


class AuditFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the log can be narrowed by; who acted only for those who may see others."""

    actor = _ActorFilter(label="Actor", field_name="actor_id", empty_label="Anybody")
    action = django_filters.ChoiceFilter(label="Action", empty_label="Any action")
    target = django_filters.CharFilter(label="Object id", max_length=80)
    request_id = django_filters.CharFilter(label="Request id", max_length=128)
    since = _DayFilter(label="From", after=0, side="gte")
    until = _DayFilter(label="Until", after=1, side="lt")

    class Meta:
        model = AuditEntry
        fields: Sequence[str] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.filters["action"].extra["choices"] = [(a, action_words(a)) for a in words_of(AuditEntry, "action")]
        if self.request.user.has_perm(ALL):
            self.filters["actor"].extra["choices"] = _actors(self.request.user)
        else:
            del self.filters["actor"]


def _actors(reader: StaffUser) -> list[tuple[str, str]]:
    people = StaffUser.objects.order_by("name", "pk").values_list("public_id", "name")[:MOST_ACTORS]
    programs = ApiClient.objects.order_by("name", "pk").values_list("public_id", "name")[:MOST_ACTORS]
    seen = people if reader.has_perm("core.view_user") else ()
    return [*seen, *programs, (str(ActorKind.SYSTEM), FIXED[ActorKind.SYSTEM])]


class AuditList(ListPage):
    """What was done, newest first."""

    name, title, permission = "audit", "Audit log", OWN
    menu_entry = MenuEntry("Audit log", "history", "System", order=20)
    filterset_class, default_sort = AuditFilter, "-at"
    key_field, keeps_views = "pk", False  # the choices of its filters use up the queries a list may cost
    empty = Empty("Nothing recorded yet", "Every change made here or through the API leaves an entry.")

    @property
    def columns(self) -> Sequence[Column]:  # type: ignore[override]
        """Ids become links as far as the reader may follow them."""
        return (
            Column("at", "When", value=whole_row, cell=_when, sort="at"),
            Column("actor", "Who", value=lambda entry: entry.actor_name),
            Column("action", "What", cell=action_words),
            Column("target", "Object", cell=lambda target: target_link(target, self.reader)),
            Column("changes", "Changed", value=lambda entry: ", ".join(entry.changes)),
            Column("reason", "Reason", cell=cells.text),
            Column("ip", "From", cell=cells.text),
            Column("request_id", "Request", cell=_request_link),
            Column("actor_id", "Actor id", cell=cells.code, optional=True),
        )

    def rows(self) -> QuerySet[AuditEntry]:
        """All, or one's own."""
        return entries_for(self.reader)

    def prepare(self, rows: list[Any]) -> list[Any]:
        """The names of those who acted."""
        actors = self.filterset.filters.get("actor") if self.filterset else None
        offered = dict(actors.extra["choices"]) if actors else {}
        names = names_of((who(entry) for entry in rows if entry.actor_id not in offered), self.reader)
        for entry in rows:
            entry.actor_name = offered.get(entry.actor_id) or name_of(who(entry), names)
        return rows

    def actions(self) -> Sequence[Action]:
        """The same rows as a file."""
        query = self.address.with_(sort=None)
        return (
            Action("Verify", reverse("console:audit-verify"), PROVE, "fingerprint"),
            Action("Export CSV", reverse("console:audit-export") + query, OWN, "download"),
        )


def _when(entry: AuditEntry) -> str:
    local = timezone.localtime(entry.at)
    words = '<a href="{}" data-drawer><time datetime="{}">{}</time></a>'
    address = reverse("console:audit-entry", args=[entry.pk])
    return format_html(words, address, entry.at.isoformat(), local.strftime("%Y-%m-%d %H:%M:%S"))


def _request_link(request_id: str) -> str:
    if not request_id:
        return cells.NOTHING
    address = f"{reverse('console:audit')}?{urlencode({'request_id': request_id})}"
    return format_html('<a href="{}"><code>{}</code></a>', address, request_id)


class AuditDetail(DetailPage):
    """One entry: each changed field before and after, and the request it came with."""

    name, permission = "audit-entry", OWN

    @property
    def panels(self) -> Sequence[Panel]:  # type: ignore[override]
        """What changed, and everything around it."""
        return (
            Panel("changes", "What changed", "system/changes.html", OWN, _changes),
            Panel("facts", "Who, when, from where", "system/facts.html", OWN, _facts, place="side"),
        )

    def find(self) -> AuditEntry:
        """By number, among those this reader may see."""
        entry = entries_for(self.reader).filter(pk=self.kwargs["pk"]).first()
        if entry is None:
            raise NotFound("There is no such entry, or it is about what somebody else did.")
        return entry

    def header(self, entry: AuditEntry) -> Header:
        """The deed and its object."""
        return Header(action_words(entry.action), code=entry.target)


def _changes(request: HttpRequest, entry: AuditEntry) -> Mapping[str, Any]:
    return {"rows": [(name, *_sides(value)) for name, value in entry.changes.items()]}


def _sides(value: Any) -> tuple[str, str]:
    """Before and after; nothing for a personal field, of which only the name is kept."""
    if value == []:
        return "not kept", "not kept"
    before, after = value if isinstance(value, list) and len(value) == 2 else ("", value)
    return _plain(before), _plain(after)


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or cells.NOTHING
    return cells.text(value)


def _facts(request: HttpRequest, entry: AuditEntry) -> Mapping[str, Any]:
    reader = staff_of(request)
    rows = [
        ("Who", name_of(who(entry), names_of([who(entry)], reader))),
        ("Actor id", cells.code(entry.actor_id)),
        ("When", cells.instant(entry.at)),
        ("Action", cells.code(entry.action)),
        ("Object", target_link(entry.target, reader)),
        ("Reason", cells.text(entry.reason)),
        ("From", cells.text(entry.ip)),
        ("Request", _request_link(entry.request_id)),
    ]
    return {"rows": rows}
