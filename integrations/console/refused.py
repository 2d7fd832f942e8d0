"""Requests that the API refused: whose, where, why, how often; never what was sent."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.urls import reverse

from core.console import cells
from core.console.tables import whole_row
from core.console.views import Column, Empty, ListPage, MenuEntry
from integrations.models import RefusedRequest
from integrations.rules.routes import template_of
from integrations.selectors.usage import client_names, list_refused


class RefusedFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the list can be narrowed by."""

    status = django_filters.ChoiceFilter(
        label="Status",
        empty_label="Any status",
        choices=[
            (400, "400 not usable"),
            (401, "401 not recognised"),
            (403, "403 not allowed"),
            (404, "404 not found"),
            (409, "409 in conflict"),
            (422, "422 against a rule"),
            (429, "429 too many"),
            (500, "500 defect"),
        ],
    )

    class Meta:
        model = RefusedRequest
        fields: Sequence[str] = ()


def _client(row: Any) -> str:
    if not row.client_id:
        return "nobody recognised"
    return cells.link(reverse("console:api-client", args=[row.client_id]), row.client)


def _reason(code: str) -> str:
    return cells.link(f"{reverse('docs-errors')}#{code}", code)


class RefusedRequestList(ListPage):
    """What was refused, minute by minute."""

    name, title, permission = "refused-requests", "Refused requests", "integrations.view_refusedrequest"
    menu_entry = MenuEntry("Refused requests", "ban", "Integrations", order=55)
    filterset_class, search_label = RefusedFilter, "Client, reason or request id"
    default_sort, key_field = "-minute", "pk"
    columns = (
        Column("minute", "Minute", cell=cells.instant, sort="minute"),
        Column("client", "Client", value=whole_row, cell=_client),
        Column("route", "Call", value=lambda row: f"{row.method} {template_of(row.route)}", cell=cells.code),
        Column("status", "Status"),
        Column("code", "Reason", cell=_reason),
        Column("param", "Field"),
        Column("count", "Requests", cell=cells.number, end=True),
        Column("request_id", "Last request", cell=cells.code),
        Column("client_id", "Client id", cell=cells.code, optional=True),
    )
    empty = Empty("No request was refused", "Refused requests show here with their reason, some seconds later.")

    def rows(self) -> QuerySet[RefusedRequest]:
        """Those of every client."""
        return list_refused()

    def search(self, rows: QuerySet[RefusedRequest], text: str) -> QuerySet[RefusedRequest]:
        """By exact client, reason or request id."""
        return rows.filter(Q(client_id=text) | Q(code=text) | Q(request_id=text))

    def prepare(self, rows: list[Any]) -> list[Any]:
        """With the names of clients, in one query."""
        names = client_names(public_ids=[row.client_id for row in rows])
        for row in rows:
            row.client = names.get(row.client_id) or row.client_id
        return rows
