"""Webhooks on screens: endpoints with their last 24 hours, what was delivered, each attempt."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from core.console import cells
from core.console.tables import whole_row
from core.console.views import Action, Column, DetailPage, Empty, Figure, Header, ListPage, MenuEntry, Tab
from core.menu import Panel
from integrations.models import DeliveryState, EndpointState, WebhookDelivery, WebhookEndpoint
from integrations.rules.event_catalogue import EVENT_TYPES
from integrations.selectors.webhook_queue import happening_of
from integrations.selectors.webhooks import (
    HOURS,
    Figures,
    figures_of,
    find_delivery,
    find_endpoint,
    list_attempts,
    list_deliveries,
    list_endpoints,
    message_of,
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
    if row.state == DeliveryState.WITHHELD or not row.attempts:
        return cells.dot(cells.State(row.get_state_display(), RESULTS[DeliveryState(row.state)]))
    return cells.dot(cells.State(said(row.status, row.error), RESULTS[DeliveryState(row.state)]))


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
        Column("next", "Next", value=lambda row: row.counts.get("next_at"), cell=cells.ago),
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
        subtitle = endpoint.state_reason or endpoint.description
        state = cells.state(ENDPOINT_STATES)(state_of(endpoint))
        return Header(endpoint.url, subtitle, endpoint.public_id, state)

    def figures(self, endpoint: WebhookEndpoint) -> Sequence[Figure]:
        """The last 24 hours."""
        day = figures_of(endpoint_ids=[endpoint.pk], now=self.now).get(endpoint.pk, Figures())
        counts = open_counts(endpoint_ids=[endpoint.pk]).get(endpoint.pk, {})
        return (
            Figure("Success 24 h", cells.percent(day.success)),
            Figure("P95 latency", latency(day.p95_ms)),
            Figure("Waiting", cells.number(counts.get("waiting", 0)), self._next(counts)),
            Figure("Given up", cells.number(counts.get("exhausted", 0))),
        )

    def _next(self, counts: Mapping[str, Any]) -> str:
        return f"next {cells.in_words(counts['next_at'], self.now)}" if counts.get("next_at") else ""

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
        {"row": row, "result": result(row), "latency": latency(row.latency_ms), "url": _at(endpoint, row)}
        for row in rows
    ]
    return {"rows": shown, "all_url": url("webhook-deliveries", endpoint)}


def _at(endpoint: WebhookEndpoint, row: WebhookDelivery) -> str:
    return url("webhook-delivery", endpoint, row.public_id)


def _facts(request: HttpRequest, endpoint: WebhookEndpoint) -> Mapping[str, Any]:
    rotating = endpoint.old_secret_until is not None and timezone.now() < endpoint.old_secret_until
    filters = ", ".join(f"{name}: {' or '.join(values)}" for name, values in endpoint.filters.items())
    rows = [
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
        ("API client", cells.code(endpoint.client)),
        ("Set up", cells.instant(endpoint.created_at)),
    ]
    return {"rows": rows}


class DeliveryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What deliveries can be narrowed by."""

    state = django_filters.ChoiceFilter(label="State", choices=DeliveryState.choices, empty_label="Any state")
    type = django_filters.ChoiceFilter(
        label="Type", field_name="event_type", choices=[(name, name) for name in EVENT_TYPES], empty_label="Any type"
    )

    class Meta:
        model = WebhookDelivery
        fields: Sequence[str] = ()


class DeliveryList(ListPage):
    """All that was or will be delivered to one endpoint, the newest first."""

    name, title, permission = "webhook-deliveries", "Deliveries", VIEW
    filterset_class, search_label, keeps_views = DeliveryFilter, "Id of the event, message or customer", False
    default_sort = "-id"
    empty = Empty("Nothing delivered yet", "Send a test from the page of the endpoint.")
    columns = (
        Column("result", "Result", value=result),
        Column(
            "event",
            "Event",
            value=whole_row,
            cell=lambda row: format_html(
                '<a href="{}" data-drawer><code>{}</code></a>',
                _at(row.endpoint, row),
                f"…{row.message_id[-10:]}",
            ),
        ),
        Column("event_type", "Type"),
        Column("order_key", "About", cell=cells.code),
        Column("attempts", "Attempts", cell=cells.number, end=True),
        Column("latency_ms", "Latency", cell=latency, end=True),
        Column("happened_at", "Happened", cell=cells.ago),
        Column("due_at", "Next", value=lambda row: row.due_at if row.state == "waiting" else None, cell=cells.ago),
        Column("message_id", "Message", cell=cells.code, optional=True),
    )

    def rows(self) -> QuerySet[WebhookDelivery]:
        """Those of the endpoint in the address."""
        endpoint = find_endpoint(public_id=self.kwargs["public_id"])
        return list_deliveries(endpoint=endpoint).select_related("endpoint")

    def search(self, rows: QuerySet[WebhookDelivery], text: str) -> QuerySet[WebhookDelivery]:
        """By exact id."""
        message = f"msg_{text[4:]}" if text.startswith("evt_") else text
        return rows.filter(message_id=message) | rows.filter(order_key=text) | rows.filter(public_id=text)

    def actions(self) -> Sequence[Action]:
        """Back, or send again."""
        public_id = self.kwargs["public_id"]
        return (
            Action("Endpoint", reverse("console:webhook", args=[public_id]), VIEW, "webhook"),
            Action("Replay", reverse("console:webhook-replay", args=[public_id]), CHANGE, "rotate-clockwise"),
        )


class DeliveryDetail(DetailPage):
    """One delivery: what it says, each attempt, the answer; in the drawer or on a page of its own."""

    name, title, permission = "webhook-delivery", "Delivery", VIEW
    panels = (
        Panel("facts", "Delivery", "integrations/bounds.html", VIEW, lambda _, row: _told(row)),
        Panel("attempts", "Attempts", "integrations/attempts.html", VIEW, lambda _, row: _attempts(row)),
        Panel("payload", "Payload", "engagement/payload.html", VIEW, lambda _, row: _payload(row)),
    )

    def find(self) -> WebhookDelivery:
        """By its id, at the endpoint of the address."""
        endpoint = find_endpoint(public_id=self.kwargs["public_id"])
        row = find_delivery(endpoint=endpoint, public_id=self.kwargs["delivery_id"])
        row.endpoint = endpoint
        return row

    def header(self, row: WebhookDelivery) -> Header:
        """The type and the result."""
        return Header(row.event_type, "", row.public_id, result(row))

    def actions(self, row: WebhookDelivery) -> Sequence[Action]:
        """Send again, unless what it says is gone."""
        gone = "" if message_of(row) else "The payload is past its retention"
        replay = url("webhook-delivery-replay", row.endpoint, row.public_id)
        return (
            Action("Replay", replay, CHANGE, "rotate-clockwise", primary=True, disabled_because=gone),
            Action("Endpoint", url("webhook", row.endpoint), VIEW, "webhook"),
        )


def _told(row: WebhookDelivery) -> Mapping[str, Any]:
    about = cells.code(row.order_key)
    if row.order_key.startswith("cus_"):
        about = cells.link(reverse("console:customer", args=[row.order_key]), row.order_key)
    message = message_of(row)
    rows = [
        ("Event", cells.code(f"evt_{row.message_id[4:]}")),
        ("Message", cells.code(row.message_id)),
        ("About", about),
        ("Request", cells.code(message.request_id if message else "")),
        ("Happened", cells.instant(row.happened_at)),
        ("Next attempt", cells.ago(row.due_at) if row.state == DeliveryState.WAITING else cells.NOTHING),
    ]
    return {"rows": rows}


def _attempts(row: WebhookDelivery) -> Mapping[str, Any]:
    log = list_attempts(delivery=row)
    shown = [
        {
            "one": one,
            "result": cells.dot(
                cells.State(said(one.status, one.error), "good" if one.status and 200 <= one.status < 300 else "bad")
            ),
            "latency": latency(one.latency_ms),
        }
        for one in log
    ]
    return {"attempts": shown, "answer": log[-1].answer if log else ""}


def _payload(row: WebhookDelivery) -> Mapping[str, Any]:
    message = message_of(row)
    text = json.dumps(happening_of(message).payload, indent=2) if message else ""
    return {"text": text, "masked": False}
