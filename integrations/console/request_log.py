"""Every request to the API of the last days: whose, where, how it was answered; never what was sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import django_filters
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from core.console import cells
from core.console.views import Action, Column, Empty, ListPage
from integrations.console.moments import moment
from integrations.models import RequestLine
from integrations.rules.routes import template_of
from integrations.selectors.usage import client_names, list_requests
from integrations.services.usage_drain import first_kept

VIEW: Final = "integrations.view_apiusage"


class RequestFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the log can be narrowed by."""

    request_id = django_filters.CharFilter(label="Request id")
    client_id = django_filters.CharFilter(label="Client id")
    answer = django_filters.ChoiceFilter(
        label="Answer",
        empty_label="Any answer",
        choices=[("2", "2xx done"), ("3", "3xx elsewhere"), ("4", "4xx refused"), ("5", "5xx failed")],
        method="by_answer",
    )
    method = django_filters.ChoiceFilter(
        label="Verb",
        empty_label="Any verb",
        choices=[(verb, verb) for verb in ("GET", "POST", "PUT", "PATCH", "DELETE")],
    )
    since = moment("From", "at", "gte")
    until = moment("Before", "at", "lt")

    class Meta:
        model = RequestLine
        fields: Sequence[str] = ()

    def by_answer(self, rows: QuerySet[RequestLine], name: str, value: str) -> QuerySet[RequestLine]:
        """Answers of one class."""
        return rows.filter(status__gte=int(value) * 100, status__lt=int(value) * 100 + 100)


def _exactly(at: datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")


def _status(status: int) -> str:
    return cells.dot(cells.State(str(status), "good" if status < 400 else "warn" if status < 500 else "bad"))


def _reason(code: str) -> str:
    return cells.link(f"{reverse('docs-errors')}#{code}", code) if code else cells.NOTHING


class RequestLog(ListPage):
    """The log, the newest first."""

    name, title, permission = "request-log", "Request log", VIEW
    filterset_class, search_label = RequestFilter, "Request id (X-Request-Id) or client id"
    bar_filters = ("answer", "method", "since", "until")
    default_sort, key_field = "-at", "request_id"
    empty = Empty("No request in this range", "Requests show here some seconds after they were answered.")
    columns = (
        Column("at", "When", cell=_exactly, sort="at"),
        Column("request_id", "Request", cell=cells.code),
        Column("client", "Client", value=lambda row: row.client),
        Column("route", "Call", value=lambda row: f"{row.method} {template_of(row.route)}", cell=cells.code),
        Column("status", "Answer", cell=_status),
        Column("code", "Reason", cell=_reason),
        Column("ms", "Time", cell=lambda ms: f"{ms:g} ms", end=True),
        Column("client_id", "Client id", cell=cells.code, optional=True),
    )

    def rows(self) -> QuerySet[RequestLine]:
        """Those of every client."""
        return list_requests(since=first_kept(now=self.now))

    def search(self, rows: QuerySet[RequestLine], text: str) -> QuerySet[RequestLine]:
        """By exact id."""
        return rows.filter(Q(request_id=text) | Q(client_id=text))

    def prepare(self, rows: list[Any]) -> list[Any]:
        """With the names of clients, in one query."""
        names = client_names(public_ids=[row.client_id for row in rows])
        for row in rows:
            row.client = names.get(row.client_id) or row.client_id or "nobody recognised"
        return rows

    def actions(self) -> Sequence[Action]:
        """The figures."""
        return (Action("API usage", reverse("console:api-usage"), VIEW, "chart-line"),)
