"""Deliveries to webhooks on screens: the log of an endpoint, and one delivery with each attempt."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html

from core.console import cells
from core.console.tables import whole_row
from core.console.views import Action, Column, DetailPage, Empty, Header, ListPage
from core.menu import Panel
from customers.selectors.attributes import confidential_keys
from integrations.console.moments import moment
from integrations.console.webhooks import CHANGE, VIEW, delivery_url, latency, next_attempt, result, url
from integrations.models import BodyFormat, DeliveryState, PayloadKind, WebhookDelivery, WebhookEndpoint
from integrations.rules.commands import as_curl
from integrations.rules.envelopes import CONTENT_TYPES, cloud_event, data_of, encoded, standard_body
from integrations.rules.event_catalogue import EVENT_TYPES
from integrations.selectors.webhook_queue import happening_of
from integrations.selectors.webhooks import find_delivery, find_endpoint, list_attempts, list_deliveries, message_of
from integrations.services.webhook_results import said


class DeliveryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What deliveries can be narrowed by."""

    state = django_filters.ChoiceFilter(label="State", choices=DeliveryState.choices, empty_label="Any state")
    type = django_filters.ChoiceFilter(
        label="Type", field_name="event_type", choices=[(name, name) for name in EVENT_TYPES], empty_label="Any type"
    )

    since = moment("From", "happened_at", "gte")
    until = moment("Before", "happened_at", "lt")

    class Meta:
        model = WebhookDelivery
        fields: Sequence[str] = ()


class DeliveryList(ListPage):
    """All that was or will be delivered to one endpoint, the newest first."""

    name, permission = "webhook-deliveries", VIEW
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
                delivery_url(row.endpoint, row),
                f"…{row.message_id[-10:]}",
            ),
        ),
        Column("event_type", "Type"),
        Column("order_key", "About", cell=cells.code),
        Column("attempts", "Attempts", cell=cells.number, end=True),
        Column("latency_ms", "Latency", cell=latency, end=True),
        Column("happened_at", "Happened", cell=cells.ago),
        Column("due_at", "Next", value=lambda row: _next(row)),
        Column("message_id", "Message", cell=cells.code, optional=True),
    )

    @cached_property
    def endpoint(self) -> WebhookEndpoint:
        """That of the address."""
        return find_endpoint(public_id=self.kwargs["public_id"])

    @property
    def title(self) -> str:  # type: ignore[override]
        """To whom."""
        return f"Deliveries to {self.endpoint.description or self.endpoint.url}"

    def rows(self) -> QuerySet[WebhookDelivery]:
        """Those of the endpoint in the address."""
        return list_deliveries(endpoint=self.endpoint).select_related("endpoint")

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
        Panel("facts", "Delivery", "integrations/bounds.html", VIEW, lambda _, row: _told(row), order=10),
        Panel("attempts", "Attempts", "integrations/attempts.html", VIEW, lambda _, row: _attempts(row), order=20),
        Panel("payload", "Payload", "engagement/payload.html", VIEW, lambda _, row: _payload(row), order=30),
        Panel("curl", "As a command", "integrations/curl.html", VIEW, lambda _, row: _command(row), order=40),
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


def _next(row: WebhookDelivery) -> str:
    due = row.due_at if row.state == DeliveryState.WAITING else None
    return next_attempt(row.endpoint, due, timezone.now())


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
        ("Next attempt", _next(row)),
    ]
    if row.endpoint.payload == PayloadKind.FULL and (kept := confidential_keys()):
        rows.append(("Left out as confidential", cells.tags(f"attributes.{key}" for key in kept)))
    return {"rows": rows}


def _attempts(row: WebhookDelivery) -> Mapping[str, Any]:
    log = list_attempts(delivery=row)
    shown = [
        {
            "one": one,
            "at": timezone.localtime(one.at).strftime("%Y-%m-%d %H:%M:%S"),
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


def _command(row: WebhookDelivery) -> Mapping[str, Any]:
    message = message_of(row)
    if message is None:
        return {"command": ""}
    event, endpoint = happening_of(message), row.endpoint
    data = data_of(event)
    cloud = endpoint.format == BodyFormat.CLOUDEVENTS
    body = (
        cloud_event(event, source=settings.PUBLIC_URL, data=data)
        if cloud
        else standard_body(event, data=data, livemode=settings.LIVEMODE)
    )
    headers = {"content-type": CONTENT_TYPES[endpoint.format], "webhook-id": row.message_id}
    return {"command": as_curl(url=endpoint.url, headers=headers, body=encoded(body).decode())}
