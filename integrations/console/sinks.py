"""Sinks on screens: which there are, how far they are behind, what they are told."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django.urls import reverse

from core.console import cells
from core.console.tables import whole_row
from core.console.views import Action, Column, DetailPage, Empty, Figure, Header, ListPage, MenuEntry, Tab
from core.menu import Panel
from integrations.console.webhooks import company_cell
from integrations.models import BrokerKind, LogSink, SinkState
from integrations.selectors.sinks import behind_since, find_sink, list_sinks

VIEW, CHANGE = "integrations.view_sink", "integrations.change_sink"
STATES: Final = {
    "active": cells.State("Active", "good"),
    "failing": cells.State("Failing", "bad"),
    "paused": cells.State("Paused", "idle"),
}


def url(name: str, sink: LogSink) -> str:
    """The address of a screen about this sink."""
    return reverse(f"console:{name}", args=[sink.public_id])


def state_of(row: LogSink) -> str:
    """`failing` for an active one whose last attempt failed."""
    return "failing" if row.state == SinkState.ACTIVE and row.failures else row.state


def where(row: LogSink) -> str:
    """The topic or stream, or exchange and routing key, and the servers or the region."""
    key = f" / {row.routing_key}" if row.routing_key else ""
    return f"{row.destination}{key} at {row.servers or row.region}"


class SinkFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    kind = django_filters.ChoiceFilter(label="Broker", choices=BrokerKind.choices, empty_label="Any broker")

    class Meta:
        model = LogSink
        fields: Sequence[str] = ()


class SinkList(ListPage):
    """Every sink with how far it is behind."""

    name, title, permission = "sinks", "Sinks", VIEW
    menu_entry = MenuEntry("Sinks", "database", "Integrations", order=22)
    filterset_class, search_label = SinkFilter, "Id or beginning of the name"
    default_sort = "-created_at"
    tabs = (Tab("All"), Tab("Active", {"state": "active"}), Tab("Paused", {"state": "paused"}))
    columns = (
        Column("name", "Sink", value=whole_row, cell=lambda row: cells.link(url("sink", row), row.name, where(row))),
        Column("kind", "Broker", value=lambda row: row.get_kind_display()),
        Column("state", "State", value=state_of, cell=cells.state(STATES)),
        Column("behind", "Behind since", value=lambda row: row.behind, cell=cells.ago),
        Column("sent", "Sent", cell=cells.number, end=True),
        Column("last_success_at", "Last success", cell=cells.ago),
        Column("purpose", "Purpose", cell=cells.code, optional=True),
        Column("created_at", "Set up", cell=cells.instant, sort="created_at", optional=True),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        text = "A topic of Kafka, an exchange of RabbitMQ or a stream of Kinesis gets all that happens, in its order."
        return Empty("No sinks yet", text, self.actions()[0])

    def rows(self) -> QuerySet[LogSink]:
        """All of them."""
        return list_sinks()

    def search(self, rows: QuerySet[LogSink], text: str) -> QuerySet[LogSink]:
        """By exact id or the beginning of the name."""
        return rows.filter(public_id=text) | rows.filter(name__istartswith=text)

    def prepare(self, rows: list[Any]) -> list[Any]:
        """How far each is behind; there are few."""
        for row in rows:
            row.behind = behind_since(sink=row)
        return rows

    def actions(self) -> Sequence[Action]:
        """A new one."""
        return (Action("New sink", reverse("console:sink-new"), CHANGE, "plus", primary=True),)


class SinkDetail(DetailPage):
    """One sink: how it does, where it leads, what it is told."""

    name, permission = "sink", VIEW
    panels = (Panel("facts", "What it is told", "integrations/bounds.html", VIEW, lambda _, row: _facts(row)),)

    def find(self) -> LogSink:
        """By public id."""
        return find_sink(public_id=self.kwargs["public_id"])

    def header(self, sink: LogSink) -> Header:
        """Name, id and state."""
        return Header(sink.name, sink.state_reason or where(sink), sink.public_id, cells.state(STATES)(state_of(sink)))

    def figures(self, sink: LogSink) -> Sequence[Figure]:
        """How it does."""
        behind = behind_since(sink=sink)
        return (
            Figure("Behind since", cells.in_words(behind, self.now) if behind else "Nothing waits"),
            Figure("Sent", cells.number(sink.sent)),
            Figure("Last success", cells.ago(sink.last_success_at)),
            Figure("Failures in a row", cells.number(sink.failures), sink.last_error if sink.failures else ""),
        )

    def actions(self, sink: LogSink) -> Sequence[Action]:
        """What can be done in this state."""
        first = [Action("Resume", url("sink-resume", sink), CHANGE, "player-play", primary=True)]
        if sink.state == SinkState.ACTIVE:
            pause = Action("Pause", url("sink-pause", sink), CHANGE, "player-pause")
            first = [Action("Send test", url("sink-test", sink), CHANGE, "send"), pause]
        edit = Action("Edit", url("sink-edit", sink), CHANGE, "edit")
        return (*first, edit, Action("Remove", url("sink-remove", sink), CHANGE, "trash"))


def _facts(sink: LogSink) -> Mapping[str, Any]:
    filters = ", ".join(f"{name}: {' or '.join(values)}" for name, values in sink.filters.items())
    rows = [
        ("Broker", sink.get_kind_display()),
        ("Servers", cells.code(sink.servers)),
        ("Topic, exchange or stream", cells.code(sink.destination)),
        ("Routing key", cells.code(sink.routing_key)),
        ("Region", cells.code(sink.region)),
        ("TLS", cells.yes_no(sink.tls)),
        ("Signs in as", cells.text(" ".join(filter(None, (sink.username, sink.mechanism))))),
        ("Events", cells.tags(sink.event_types)),
        ("Only where", cells.text(filters)),
        ("Purpose", cells.code(sink.purpose)),
        ("Payload", sink.get_payload_display()),
        ("Last failure", cells.ago(sink.last_failure_at)),
        ("Last error", cells.text(sink.last_error)),
        ("Fails since", cells.ago(sink.failing_since)),
        ("API client", cells.code(sink.client)),
        ("Company", company_cell(sink)),
        ("Set up", cells.instant(sink.created_at)),
    ]
    return {"rows": rows}
