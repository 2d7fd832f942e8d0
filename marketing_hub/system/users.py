"""Staff: who they are, which role they have, and what that lets them do, in words."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final

import django_filters
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from core.console import cells
from core.console.tables import whole_row
from core.console.views import Action, Column, DetailPage, Empty, Header, ListPage, MenuEntry, Page, Tab
from core.errors import NotFound
from core.menu import Panel
from core.models import AuditEntry, Role, StaffUser
from marketing_hub.system.audit import ALL as ALL_ENTRIES
from marketing_hub.system.audit import action_words
from marketing_hub.system.factors import has_second_factor

VIEW, CHANGE = "core.view_user", "core.change_user"
LATEST: Final = 10
STATES: Final = {
    "active": cells.State("Active", "good"),
    "invited": cells.State("Invited", "info"),
    "deactivated": cells.State("Deactivated", "idle"),
}
AREAS: Final = {
    "core": "Console and system",
    "customers": "Customers",
    "consent": "Consent",
    "campaigns": "Campaigns",
    "engagement": "Events",
    "integrations": "Integrations",
}
INVITED: Final = Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)


def state_of(user: StaffUser) -> str:
    """Deactivated, invited (no password chosen yet) or active."""
    if not user.is_active:
        return "deactivated"
    return "active" if user.has_usable_password() else "invited"


def find_staff(public_id: str) -> StaffUser:
    """The account; NotFound when there is none."""
    user = StaffUser.objects.filter(public_id=public_id).first()
    if user is None:
        raise NotFound(f"There is no account {public_id}.")
    return user


def areas() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every permission with its words, grouped by the part of the product it belongs to."""
    order = list(AREAS)
    names = sorted(settings.PERMISSION_NAMES.items(), key=lambda entry: order.index(entry[0].partition(".")[0]))
    return [(AREAS[app], list(group)) for app, group in groupby(names, key=lambda entry: entry[0].partition(".")[0])]


def user_url(name: str, user: StaffUser) -> str:
    """The address of a screen about this account."""
    return reverse(f"console:{name}", args=[user.public_id])


class StaffFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    role = django_filters.ChoiceFilter(label="Role", choices=Role.choices, empty_label="Any role")
    state = django_filters.ChoiceFilter(
        label="State",
        choices=[(name, state.word) for name, state in STATES.items()],
        empty_label="Any state",
        method="by_state",
    )

    class Meta:
        model = StaffUser
        fields: Sequence[str] = ()

    def by_state(self, rows: QuerySet[StaffUser], name: str, value: str) -> QuerySet[StaffUser]:
        """The rows of which `state_of` says the same."""
        if value == "deactivated":
            return rows.filter(is_active=False)
        return rows.filter(INVITED if value == "invited" else ~INVITED, is_active=True)


class StaffList(ListPage):
    """Everybody who may or might sign in."""

    name, title, permission = "users", "Users & roles", VIEW
    menu_entry = MenuEntry("Users & roles", "users", "System", order=30)
    filterset_class, search_label, default_sort = StaffFilter, "Name, e-mail or id", "name"
    empty = Empty("Nobody yet", "Invite the first colleague.")
    tabs = (Tab("All"), *(Tab(state.word, {"state": name}) for name, state in STATES.items()))
    columns = (
        Column("name", "Name", value=whole_row, sort="name", cell=lambda u: cells.link(user_url("user", u), u.name)),
        Column("email", "E-mail", sort="email"),
        Column("role", "Role", value=lambda user: user.get_role_display()),
        Column("state", "State", value=state_of, cell=cells.state(STATES)),
        Column("last_login", "Last sign-in", cell=cells.ago, sort="last_login"),
        Column("created_at", "Since", cell=cells.day, sort="created_at"),
        Column("time_zone", "Time zone", optional=True),
        Column("public_id", "Id", cell=cells.code, optional=True),
    )

    def rows(self) -> QuerySet[StaffUser]:
        """All of them."""
        return StaffUser.objects.all()

    def search(self, rows: QuerySet[StaffUser], text: str) -> QuerySet[StaffUser]:
        """By exact id or by the beginning of name or address."""
        return rows.filter(Q(public_id=text) | Q(name__istartswith=text) | Q(email__startswith=text.lower()))

    def actions(self) -> Sequence[Action]:
        """The roles, and a new colleague."""
        return (
            Action("Roles", reverse("console:roles"), VIEW, "shield-check"),
            Action("Invite", reverse("console:user-invite"), CHANGE, "user-plus", primary=True),
        )


class StaffDetail(DetailPage):
    """One account: what this person can do, and did lately."""

    name, permission, panel_area = "user", VIEW, "user"

    @property
    def panels(self) -> Sequence[Panel]:  # type: ignore[override]
        """Rights beside facts and the latest actions."""
        return (
            Panel("rights", "What this person can do", "system/rights.html", VIEW, _rights, icon="shield-check"),
            Panel("facts", "Account", "system/facts.html", VIEW, _facts, place="side"),
            Panel("latest", "Latest actions", "system/latest.html", ALL_ENTRIES, _latest, place="side"),
        )

    def find(self) -> StaffUser:
        """By public id."""
        return find_staff(self.kwargs["public_id"])

    def header(self, user: StaffUser) -> Header:
        """Name, role, state."""
        words = user.name.split()
        state = cells.state(STATES)(state_of(user))
        return Header(
            user.name, user.get_role_display(), user.public_id, state, "".join(w[0] for w in words[:2]).upper()
        )

    def actions(self, user: StaffUser) -> Sequence[Action]:
        """What can be done in this state."""
        if not user.is_active:
            return (Action("Activate", user_url("user-activate", user), CHANGE, "check", primary=True),)
        own = "You cannot deactivate your own account" if user == self.reader else ""
        link = "New password link" if user.has_usable_password() else "New invitation link"
        return (
            Action("Change role", user_url("user-role", user), CHANGE, "edit"),
            Action(
                "Reset the second factor",
                user_url("user-second-factor", user),
                CHANGE,
                "shield-check",
                disabled_because="" if has_second_factor(user) else "This account has no authenticator app",
            ),
            Action(link, user_url("user-invite-again", user), CHANGE, "mail"),
            Action("Deactivate", user_url("user-deactivate", user), CHANGE, "user-off", disabled_because=own),
        )


def _rights(request: HttpRequest, user: StaffUser) -> Mapping[str, Any]:
    granted = [(area, [(words, user.has_perm(name)) for name, words in group]) for area, group in areas()]
    return {"areas": granted, "active": user.is_active, "role": user.get_role_display()}


def _facts(request: HttpRequest, user: StaffUser) -> Mapping[str, Any]:
    rows = [
        ("E-mail", user.email),
        ("Role", user.get_role_display()),
        ("Second factor", "authenticator app" if has_second_factor(user) else "none"),
        ("Time zone", user.time_zone),
        ("Since", cells.day(user.created_at)),
        ("Last sign-in", cells.ago(user.last_login)),
        ("Id", cells.code(user.public_id)),
    ]
    return {"rows": rows}


def _latest(request: HttpRequest, user: StaffUser) -> Mapping[str, Any]:
    entries = AuditEntry.objects.filter(actor_kind="staff", actor_id=user.public_id).order_by("-at", "-pk")[:LATEST]
    rows = [
        (cells.link(reverse("console:audit-entry", args=[entry.pk]), action_words(entry.action)), cells.ago(entry.at))
        for entry in entries
    ]
    return {"rows": rows, "all_url": f"{reverse('console:audit')}?actor={user.public_id}"}


class Roles(Page):
    """The matrix of roles and permissions, as settings hold it."""

    name, title, permission, template_name = "roles", "Roles", VIEW, "system/roles.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Who may do what, and how many people that is."""
        people = dict(StaffUser.objects.filter(is_active=True).values_list("role").annotate(Count("pk")))
        list_url = reverse("console:users")
        heads = [(role.label, f"{list_url}?role={role}", people.get(role, 0)) for role in Role]
        return self.draw(self.template_name, {"heads": heads, "areas": [_marks(*entry) for entry in areas()]})


def _marks(area: str, group: Sequence[tuple[str, str]]) -> tuple[str, list[tuple[str, list[bool]]]]:
    def granted(name: str) -> list[bool]:
        return [role == Role.SUPERUSER or role in settings.PERMISSION_ROLES[name] for role in Role]

    return area, [(words, granted(name)) for name, words in group]
