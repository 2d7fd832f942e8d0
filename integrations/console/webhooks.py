"""Webhooks on screens: endpoints with their last 24 hours, what was delivered, each attempt."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from consent.rules.papers import why_not_live
from consent.selectors.papers import papers_behind
from core.console import cells
from core.console.tables import whole_row
from core.console.views import Action, Column, DetailPage, Empty, Figure, Header, ListPage, MenuEntry, Tab
from core.menu import Panel
from integrations.models import DeliveryState, EndpointState, LogSink, WebhookDelivery, WebhookEndpoint
from integrations.rules.event_catalogue import EVENT_TYPES
from integrations.selectors.anomalies import subject_names
from integrations.selectors.webhooks import (
    HOURS,
    Figures,
    figures_of,
    find_endpoint,
    list_deliveries,
    list_endpoints,
    open_counts,
)
from integrations.services.webhook_results import said

VIEW, CHANGE = "integrations.view_webhook", "integrations.change_webhook"
ENDPOINT_STATES: Final = {
    "active": cells.State("Active", "good"),
    "failing": cells.State("Failing", "warn"),
    "paused": cells.State("Paused", "idle"),
    "disabled": cells.State("Disabled", "bad"),
}
RESULTS: Final = {
    DeliveryState.WAITING: "warn",
    DeliveryState.DELIVERED: "good",
    DeliveryState.EXHAUSTED: "bad",
    DeliveryState.WITHHELD: "idle",
}
LATEST: Final = 25


def url(name: str, endpoint: WebhookEndpoint, *more: str) -> str:
    """The address of a screen about this endpoint."""
    return reverse(f"console:{name}", args=[endpoint.public_id, *more])


def state_of(row: WebhookEndpoint) -> str:
    """`failing` for an active one whose last attempts failed."""
    return "failing" if row.state == EndpointState.ACTIVE and row.failures else row.state


def result(row: WebhookDelivery) -> str:
    """What came of the last attempt, drawn."""
    if row.state == DeliveryState.WITHHELD:
        return cells.dot(cells.State(f"Withheld: {said(None, row.error)}", RESULTS[DeliveryState.WITHHELD]))
    if not row.attempts:
        return cells.dot(cells.State(row.get_state_display(), RESULTS[DeliveryState(row.state)]))
    return cells.dot(cells.State(said(row.status, row.error), RESULTS[DeliveryState(row.state)]))


def next_attempt(endpoint: WebhookEndpoint, due: datetime | None, now: datetime) -> str:
    """When what is due will be tried: not before the breaker lets it, and not while the endpoint is switched off."""
    if due is None:
        return cells.NOTHING
    if endpoint.state != EndpointState.ACTIVE:
        return "when enabled"
    at = max(due, endpoint.closed_until or due)
    if at > now + timedelta(minutes=1):
        return cells.in_words(at, now)
    return "within a minute" if at > now else "now"


def latency(milliseconds: float | None) -> str:
    """Seconds from a second on."""
    if milliseconds is None:
        return cells.NOTHING
    return f"{milliseconds:.0f} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.1f} s"


def sparkline(figures: Figures) -> str:
    """A bar an hour for 24 hours: attempts, those that failed on top; the share that arrived stands beside it."""
    most = max(max(a + b for a, b in zip(figures.delivered, figures.failed, strict=True)), 1)
    bars = [
        (hour * 4, 16 - 16 * (good + bad) / most, 16 * bad / most, 16 - 16 * good / most, 16 * good / most)
        for hour, (good, bad) in enumerate(zip(figures.delivered, figures.failed, strict=True))
    ]
    shapes = format_html_join(
        "",
        '<rect x="{}" y="{}" width="3" height="{}" opacity="0.45"/><rect x="{}" y="{}" width="3" height="{}"/>',
        ((x, f"{y:.1f}", f"{bad:.1f}", x, f"{top:.1f}", f"{good:.1f}") for x, y, bad, top, good in bars),
    )
    words = cells.percent(figures.success)
    return format_html(
        '<svg width="{}" height="16" viewBox="0 0 {} 16" fill="currentColor" aria-hidden="true">{}</svg> {}',
        HOURS * 4,
        HOURS * 4,
        shapes,
        words,
    )


class EndpointFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    state = django_filters.ChoiceFilter(label="State", choices=EndpointState.choices, empty_label="Any state")

    class Meta:
        model = WebhookEndpoint
        fields: Sequence[str] = ()


class WebhookList(ListPage):
    """Every endpoint with how it did in the last 24 hours."""

    name, title, permission = "webhooks", "Webhooks", VIEW
    menu_entry = MenuEntry("Webhooks", "webhook", "Integrations", order=20)
    filterset_class, search_label = EndpointFilter, "Id or beginning of the description"
    default_sort = "-created_at"
    tabs = (Tab("All"), Tab("Active", {"state": "active"}), Tab("Disabled", {"state": "disabled"}))
    columns = (
        Column(
            "url",
            "Endpoint",
            value=whole_row,
            cell=lambda row: cells.link(url("webhook", row), row.description or row.url, row.url),
        ),
        Column("state", "State", value=state_of, cell=cells.state(ENDPOINT_STATES)),
        Column("success", "Success 24 h", value=lambda row: row.day, cell=sparkline),
        Column(
            "p95", "P95", value=lambda row: row.day.p95_ms, cell=lambda ms: latency(None if ms is None else int(ms))
        ),
        Column("waiting", "Waiting", value=lambda row: row.counts.get("waiting", 0), cell=cells.number, end=True),
        Column("exhausted", "Given up", value=lambda row: row.counts.get("exhausted", 0), cell=cells.number, end=True),
        Column("next", "Next", value=lambda row: next_attempt(row, row.counts.get("next_at"), timezone.now())),
        Column("purpose", "Purpose", cell=cells.code, optional=True),
        Column("created_at", "Set up", cell=cells.instant, sort="created_at", optional=True),
    )

    @property
    def empty(self) -> Empty:  # type: ignore[override]
        """What to do first."""
        text = (
            "A partner is told within seconds what happens here: " + ", ".join(list(EVENT_TYPES)[7:13]) + " and more."
        )
        return Empty("No webhooks yet", text, self.actions()[0])

    def rows(self) -> QuerySet[WebhookEndpoint]:
        """All of them."""
        return list_endpoints()

    def search(self, rows: QuerySet[WebhookEndpoint], text: str) -> QuerySet[WebhookEndpoint]:
        """By exact id or the beginning of the description."""
        return rows.filter(public_id=text) | rows.filter(description__istartswith=text)

    def prepare(self, rows: list[Any]) -> list[Any]:
        """Their figures, in two queries."""
        ids = [row.pk for row in rows]
        days, counts = figures_of(endpoint_ids=ids, now=self.now), open_counts(endpoint_ids=ids)
        for row in rows:
            row.day, row.counts = days.get(row.pk, Figures()), counts.get(row.pk, {})
        return rows

    def actions(self) -> Sequence[Action]:
        """A new one."""
        return (Action("New webhook", reverse("console:webhook-new"), CHANGE, "plus", primary=True),)


class WebhookDetail(DetailPage):
    """One endpoint: how it does, what was delivered last, what it asks for."""

    name, permission = "webhook", VIEW

    @property
    def panels(self) -> Sequence[Panel]:  # type: ignore[override]
        """Deliveries beside facts."""
        return (
            Panel("deliveries", "Latest deliveries", "integrations/deliveries.html", VIEW, _latest, icon="send"),
            Panel("facts", "What it is told", "integrations/bounds.html", VIEW, _facts, place="side"),
        )

    def find(self) -> WebhookEndpoint:
        """By public id."""
        return find_endpoint(public_id=self.kwargs["public_id"])

    def header(self, endpoint: WebhookEndpoint) -> Header:
        """Address, id and state."""
        made = f"secret made {cells.in_words(endpoint.secret_at, self.now)}"
        subtitle = endpoint.state_reason or " · ".join(filter(None, (endpoint.description, made)))
        state = cells.state(ENDPOINT_STATES)(state_of(endpoint))
        return Header(endpoint.url, subtitle, endpoint.public_id, state)

    def figures(self, endpoint: WebhookEndpoint) -> Sequence[Figure]:
        """The last 24 hours."""
        day = figures_of(endpoint_ids=[endpoint.pk], now=self.now).get(endpoint.pk, Figures())
        counts = open_counts(endpoint_ids=[endpoint.pk]).get(endpoint.pk, {})
        return (
            Figure("Success 24 h", cells.percent(day.success)),
            Figure("P95 latency", latency(day.p95_ms)),
            Figure("Waiting", cells.number(counts.get("waiting", 0)), self._next(endpoint, counts)),
            Figure("Given up", cells.number(counts.get("exhausted", 0))),
        )

    def _next(self, endpoint: WebhookEndpoint, counts: Mapping[str, Any]) -> str:
        due = counts.get("next_at")
        return f"next {next_attempt(endpoint, due, self.now)}" if due else ""

    def actions(self, endpoint: WebhookEndpoint) -> Sequence[Action]:
        """What can be done in this state."""
        if endpoint.state != EndpointState.ACTIVE:
            return (
                Action("Enable", url("webhook-enable", endpoint), CHANGE, "player-play", primary=True),
                Action("Edit", url("webhook-edit", endpoint), CHANGE, "edit"),
                Action("Remove", url("webhook-remove", endpoint), CHANGE, "trash"),
            )
        return (
            Action("Send test", url("webhook-test", endpoint), CHANGE, "send"),
            Action("Replay", url("webhook-replay", endpoint), CHANGE, "rotate-clockwise"),
            Action("Edit", url("webhook-edit", endpoint), CHANGE, "edit"),
            Action("Rotate secret", url("webhook-rotate", endpoint), CHANGE, "refresh"),
            Action("Pause", url("webhook-pause", endpoint), CHANGE, "player-pause"),
            Action("Remove", url("webhook-remove", endpoint), CHANGE, "trash"),
        )


def _latest(request: HttpRequest, endpoint: WebhookEndpoint) -> Mapping[str, Any]:
    rows = list_deliveries(endpoint=endpoint).order_by("-id")[:LATEST]
    shown = [
        {"row": row, "result": result(row), "latency": latency(row.latency_ms), "url": delivery_url(endpoint, row)}
        for row in rows
    ]
    return {"rows": shown, "all_url": url("webhook-deliveries", endpoint)}


def delivery_url(endpoint: WebhookEndpoint, row: WebhookDelivery) -> str:
    """The page of a delivery."""
    return url("webhook-delivery", endpoint, row.public_id)


def _facts(request: HttpRequest, endpoint: WebhookEndpoint) -> Mapping[str, Any]:
    rotating = endpoint.old_secret_until is not None and timezone.now() < endpoint.old_secret_until
    filters = ", ".join(f"{name}: {' or '.join(values)}" for name, values in endpoint.filters.items())
    rows = [
        ("Description", cells.text(endpoint.description)),
        ("Events", cells.tags(endpoint.event_types)),
        ("Only where", cells.text(filters)),
        ("Purpose", cells.code(endpoint.purpose)),
        ("Payload", f"{endpoint.get_payload_display()}, version {endpoint.payload_version}"),
        ("Body", endpoint.get_format_display()),
        ("Keeps order", cells.yes_no(endpoint.keep_order)),
        ("Requests at a time", cells.number(endpoint.parallel)),
        ("Secret made", cells.ago(endpoint.secret_at)),
        ("Old secret signs until", cells.instant(endpoint.old_secret_until) if rotating else cells.NOTHING),
        ("Last success", cells.ago(endpoint.last_success_at)),
        ("Last failure", cells.ago(endpoint.last_failure_at)),
        ("Last error", cells.text(endpoint.last_error)),
        ("Fails since", cells.ago(endpoint.failing_since)),
        ("API client", _client_cell(endpoint)),
        ("Company", company_cell(endpoint)),
        ("Set up", cells.instant(endpoint.created_at)),
    ]
    return {"rows": rows}


def _client_cell(endpoint: WebhookEndpoint) -> str:
    """Whose endpoint it is, by name."""
    name = subject_names(subjects=[endpoint.client]).get(endpoint.client) if endpoint.client else None
    return cells.link(reverse("console:api-client", args=[endpoint.client]), name) if name else cells.text("")


def company_cell(endpoint: WebhookEndpoint | LogSink) -> str:
    """Who gets it by the register of processors, and why it may not today."""
    behind = papers_behind((endpoint.processor, endpoint.client))
    papers = behind.get(endpoint.processor) or behind.get(endpoint.client)
    if papers is None:
        return cells.NOTHING
    against = why_not_live(papers, timezone.now().date())
    return cells.link(reverse("console:processor", args=[papers.company]), papers.name, against)
