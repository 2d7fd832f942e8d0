"""Unusual use on screens: what was found, and what nobody wants to be told of."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django.urls import reverse

from core.console import cells
from core.console.tables import whole_row
from core.console.views import Action, Column, DetailPage, Empty, Figure, Header, ListPage, MenuEntry, Tab
from core.menu import Panel
from integrations.models import Anomaly, AnomalyState, Mute
from integrations.rules.anomalies import OF_STAFF, Kind, in_words
from integrations.selectors.anomalies import find_anomaly, list_anomalies, list_mutes, subject_names, waiting_anomalies

VIEW, CHANGE = "integrations.view_anomaly", "integrations.change_anomaly"
STATES: Final = {
    "open": cells.State("Open", "warn"),
    "muted": cells.State("Open, muted", "idle"),
    "dismissed": cells.State("Dismissed", "good"),
}
MUTE_STATES: Final = {"on": cells.State("Muted", "warn"), "over": cells.State("Over", "idle")}


def state_of(row: Anomaly) -> str:
    """`muted` for an open one that nobody was told of."""
    return "muted" if row.muted and row.state == AnomalyState.OPEN else row.state


def who(row: Anomaly | Mute, names: Mapping[str, str]) -> str:
    """The client or member of staff by name."""
    return names.get(row.subject) or row.subject or "Nobody recognised"


class AnomalyFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    kind = django_filters.ChoiceFilter(label="What", choices=Kind.choices, empty_label="Anything")
    state = django_filters.ChoiceFilter(label="State", choices=AnomalyState.choices, empty_label="Any state")

    class Meta:
        model = Anomaly
        fields: Sequence[str] = ()


class AnomalyList(ListPage):
    """Everything found, the newest first."""

    name, title, permission = "anomalies", "Unusual use", VIEW
    menu_entry = MenuEntry(
        "Unusual use", "alert-triangle", "Integrations", order=52, count=lambda: waiting_anomalies().count()
    )
    filterset_class, search_label = AnomalyFilter, "Id of a client or account"
    default_sort = "-created_at"
    tabs = (Tab("All"), Tab("Open", {"state": "open"}), Tab("Dismissed", {"state": "dismissed"}))
    empty = Empty("Nothing unusual was found", "Use of the API and signing in are looked at every five minutes.")
    columns = (
        Column(
            "kind",
            "What",
            value=whole_row,
            cell=lambda row: cells.link(
                reverse("console:anomaly", args=[row.public_id]), row.get_kind_display(), row.where
            ),
        ),
        Column("who", "Who", value=lambda row: row.who),
        Column("seen", "Seen", cell=cells.number, end=True),
        Column("usual", "Usual", cell=cells.number, end=True),
        Column("created_at", "Found", cell=cells.ago, sort="created_at"),
        Column("state", "State", value=state_of, cell=cells.state(STATES)),
        Column("subject", "Id", cell=cells.code, optional=True),
        Column("reason", "Why dismissed", cell=cells.text, optional=True),
    )

    def rows(self) -> QuerySet[Anomaly]:
        """All of them."""
        return list_anomalies()

    def search(self, rows: QuerySet[Anomaly], text: str) -> QuerySet[Anomaly]:
        """By exact id."""
        return rows.filter(subject=text) | rows.filter(public_id=text)

    def prepare(self, rows: list[Any]) -> list[Any]:
        """With names, in two queries."""
        names = subject_names(subjects=[row.subject for row in rows])
        for row in rows:
            row.who = who(row, names)
        return rows

    def actions(self) -> Sequence[Action]:
        """What is muted."""
        return (Action("Muted", reverse("console:mutes"), VIEW, "bell"),)


class AnomalyDetail(DetailPage):
    """One alert: what was seen against what is usual, and what can be done."""

    name, permission = "anomaly", VIEW
    panels = (Panel("facts", "What was found", "integrations/bounds.html", VIEW, lambda _, row: _facts(row)),)

    def find(self) -> Anomaly:
        """By public id."""
        return find_anomaly(public_id=self.kwargs["public_id"])

    def header(self, row: Anomaly) -> Header:
        """What, who, state."""
        name = who(row, subject_names(subjects=[row.subject]))
        return Header(row.get_kind_display(), name, row.public_id, cells.state(STATES)(state_of(row)))

    def figures(self, row: Anomaly) -> Sequence[Figure]:
        """How much."""
        return (
            Figure("Seen", cells.number(row.seen)),
            Figure("Usual", cells.number(row.usual), "median of the days before" if row.usual is not None else ""),
            Figure("Found", cells.ago(row.created_at)),
        )

    def actions(self, row: Anomaly) -> Sequence[Action]:
        """To the client; dismiss; mute."""
        found: list[Action] = []
        if row.subject.startswith("cli_"):
            url = reverse("console:api-client", args=[row.subject])
            log = f"{reverse('console:request-log')}?client_id={row.subject}"
            found += [Action("Client", url, "integrations.view_apiclient", "api")]
            found += [Action("Requests", log, "integrations.view_apiusage", "list")]
        if row.state == AnomalyState.OPEN:
            dismiss = reverse("console:anomaly-dismiss", args=[row.public_id])
            found.append(Action("Dismiss", dismiss, CHANGE, "check", primary=True))
        return (*found, Action("Mute", reverse("console:anomaly-mute", args=[row.public_id]), CHANGE, "bell"))


def _facts(row: Anomaly) -> Mapping[str, Any]:
    rows = [
        ("In words", cells.text(in_words(row.finding))),
        ("About", "A member of staff" if row.kind in OF_STAFF else "An API client"),
        ("Id", cells.code(row.subject)),
        ("Told", cells.yes_no(not row.muted)),
        ("Last seen", cells.instant(row.updated_at)),
        ("Dismissed", cells.instant(row.dismissed_at)),
        ("By", cells.code(row.dismissed_by)),
        ("Why", cells.text(row.reason)),
    ]
    return {"rows": rows}


class MuteList(ListPage):
    """What nobody wants to be told of, and until when."""

    name, title, permission = "mutes", "Muted alerts", VIEW
    search_label, default_sort = "Id of a client or account", "-created_at"
    empty = Empty("Nothing is muted", "Alerts and quota warnings are muted on the page of an alert or of a client.")
    columns = (
        Column("who", "About", value=lambda row: row.who, cell=cells.strong),
        Column("kind", "What", value=lambda row: row.get_kind_display()),
        Column("until", "Until", cell=cells.instant),
        Column("reason", "Why", cell=cells.text),
        Column("created_by", "By", cell=cells.code),
        Column("state", "State", value=lambda row: row.state, cell=cells.state(MUTE_STATES)),
        Column("created_at", "Since", cell=cells.instant, sort="created_at", optional=True),
        Column(
            "end", "Change", value=lambda row: row.end, cell=lambda url: cells.link(url, "Tell again") if url else ""
        ),
    )

    def rows(self) -> QuerySet[Mute]:
        """All of them."""
        return list_mutes()

    def search(self, rows: QuerySet[Mute], text: str) -> QuerySet[Mute]:
        """By exact id."""
        return rows.filter(subject=text)

    def prepare(self, rows: list[Any]) -> list[Any]:
        """With names, states, and the way out."""
        names = subject_names(subjects=[row.subject for row in rows])
        may = self.reader.has_perm(CHANGE)
        for row in rows:
            row.who, row.state = who(row, names), "on" if row.until > self.now else "over"
            row.end = reverse("console:mute-end", args=[row.public_id]) if may and row.state == "on" else ""
        return rows
