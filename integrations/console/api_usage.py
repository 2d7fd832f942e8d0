"""How the API is used: requests, errors and times by day, client, operation and version; as a page and as a file."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode

from core.console import cells
from core.console.forms import ConsoleForm, dress
from core.console.views import Action, Figure, MenuEntry, Page
from core.meter import Level
from integrations.console.usage import first_success
from integrations.models import ApiClient
from integrations.rules.quotas import Burn
from integrations.rules.routes import template_of, version_of
from integrations.selectors.clients import list_clients
from integrations.selectors.quotas import burns_of
from integrations.selectors.usage import SHOWN_DAYS, Sums, list_days, sums_by
from integrations.services.usage import last_drained_at

VIEW: Final = "integrations.view_apiusage"
CLIENTS: Final = "integrations.view_apiclient"
MOST_SHOWN: Final = 50
LATE: Final = timedelta(minutes=1)
SLOW_FIRST_BYTE_MS: Final = 200
_FIGURES: Final = (
    "calls",
    "client_errors",
    "server_errors",
    "limited",
    "cached",
    "deprecated",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "first_byte_ms",
)


@dataclass(frozen=True, slots=True)
class Span:
    """What is asked for: days, and the public id of a client or None for all."""

    first: date
    last: date
    client_id: str | None

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    def sums(self, by: str, *, deprecated: bool = False) -> dict[tuple[Any, ...], Sums]:
        """The sums of this span."""
        return sums_by(by, first=self.first, last=self.last, client_id=self.client_id, deprecated=deprecated)


class SpanForm(ConsoleForm):
    """Which days of which client."""

    days = forms.TypedChoiceField(
        label="Days", coerce=int, choices=[(7, "7 days"), (30, "30 days"), (90, "90 days"), (400, "400 days")]
    )
    client = forms.ChoiceField(label="Client", required=False)

    def __init__(self, *args: Any, clients: Sequence[ApiClient], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(client.public_id, client.name) for client in clients]
        self.fields["client"].choices = [("", "All clients"), *names]  # type: ignore[attr-defined]


class ApiUsage(Page):
    """The figures of a span of days."""

    name, title, permission, template_name = "api-usage", "API usage", VIEW, "integrations/api_usage.html"
    menu_entry = MenuEntry("API usage", "chart-line", "Integrations", order=50)

    def get(self, request: HttpRequest) -> HttpResponse:
        """The last 30 days of all clients until something else is asked for."""
        clients = list(list_clients(now=self.now)[:500])
        asked = {"days": SHOWN_DAYS, "client": ""} | request.GET.dict()
        form = SpanForm(asked, clients=clients)
        for field in form:
            dress(field, "sm")
            field.field.widget.attrs["aria-label"] = field.label
        context: dict[str, Any] = {"form": form, "delayed": self._delayed()}
        if form.is_valid():
            span = span_of(form.cleaned_data["days"], form.cleaned_data["client"], self.now)
            context |= self._figures(span, {client.public_id: client for client in clients})
        return self.draw(self.template_name, context, 200 if form.is_valid() else 422)

    def _figures(self, span: Span, clients: Mapping[str, ApiClient]) -> dict[str, Any]:
        total, operations = span.sums("all")[()], span.sums("operation")
        by_client = span.sums("client")
        query = urlencode({"days": str(span.days), "client": span.client_id or ""})
        actions = (
            Action("Request log", log_url(span.client_id), VIEW, "list"),
            Action("Export", f"{reverse('console:api-usage-export')}?{query}", VIEW, "download"),
        )
        return {
            "total": total,
            "figures": figures(total),
            **charts(span),
            "clients": self._clients(by_client, clients),
            "operations": [
                (method, template_of(route), sums) for (method, route), sums in list(operations.items())[:MOST_SHOWN]
            ],
            "versions": versions(operations),
            "deprecated": [
                (_named(clients, client_id), method, template_of(route), sums)
                for (client_id, method, route), sums in span.sums("client and operation", deprecated=True).items()
            ][:MOST_SHOWN],
            "actions": self.allowed(actions),
        }

    def _clients(
        self, by_client: Mapping[tuple[Any, ...], Sums], clients: Mapping[str, ApiClient]
    ) -> list[dict[str, Any]]:
        """A row for each client with calls, with its windows as they are now."""
        shown = list(by_client.items())[:MOST_SHOWN]
        burns = burns_of(clients=[clients[key] for (key,), _ in shown if key in clients])
        may = self.reader.has_perm(CLIENTS)
        return [
            {
                "name": _named(clients, key, linked=may),
                "sums": sums,
                "first": first_success(clients[key]) if key in clients else "",
                "quota": burning(burns.get(key, ())),
            }
            for (key,), sums in shown
        ]

    def _delayed(self) -> datetime | None:
        """Until when the figures are known, when that is not the last minute."""
        at = last_drained_at()
        return at if at and self.now - at > LATE else None


class ExportUsage(Page):
    """The same span by day and operation, as CSV."""

    name, title, permission, downloads = "api-usage-export", "Export of API usage", VIEW, True

    def get(self, request: HttpRequest) -> HttpResponse:
        """The file."""
        form = SpanForm(
            {"days": SHOWN_DAYS, "client": ""} | request.GET.dict(), clients=list(list_clients(now=self.now)[:500])
        )
        if not form.is_valid():
            return HttpResponse("No such span.", status=422, content_type="text/plain; charset=utf-8")
        span = span_of(form.cleaned_data["days"], form.cleaned_data["client"], self.now)
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="api-usage-{span.first}-{span.last}.csv"'
        writer = csv.writer(answer)
        writer.writerow(("client", "method", "address", *_FIGURES))
        for (client_id, method, route), sums in span.sums("client and operation").items():
            writer.writerow((client_id, method, template_of(route), *(getattr(sums, name) for name in _FIGURES)))
        return answer


def span_of(days: int, client_id: str, now: datetime) -> Span:
    """The last `days` days (UTC), today included."""
    today = now.astimezone(UTC).date()
    return Span(today - timedelta(days=days - 1), today, client_id or None)


def log_url(client_id: str | None) -> str:
    """The log of requests, of one client where one is asked for."""
    return reverse("console:request-log") + (f"?{urlencode({'client_id': client_id})}" if client_id else "")


def in_ms(value: float | None) -> str:
    """`12.3 ms`, seconds from one on, a dash without calls."""
    if value is None:
        return cells.NOTHING
    return f"{value:g} ms" if value < 1_000 else f"{value / 1_000:.1f} s"


def figures(total: Sums) -> list[Figure]:
    """The figures on top."""
    slow = (total.first_byte_ms or 0) > SLOW_FIRST_BYTE_MS
    return [
        Figure("Requests", cells.number(total.calls), f"{total.cached:,} from cache or 304"),
        Figure("Refused (4xx)", cells.number(total.client_errors), f"{total.limited:,} too many (429)"),
        Figure("Failed (5xx)", cells.number(total.server_errors), _share(total.server_errors, total.calls)),
        Figure("P95", in_ms(total.p95_ms), f"P50 {in_ms(total.p50_ms)}, P99 {in_ms(total.p99_ms)}" * bool(total.calls)),
        Figure("First byte, P95", in_ms(total.first_byte_ms), f"over {SLOW_FIRST_BYTE_MS} ms" if slow else ""),
    ]


def charts(span: Span) -> dict[str, Any]:
    """Lines by day."""
    days = list_days(client_id=span.client_id, tier="", today=span.last, days=span.days)
    return {
        "times": [datetime.combine(day.day, time(), UTC).timestamp() for day in days],
        "calls": {
            "2xx and 3xx": [day.sums.succeeded for day in days],
            "4xx": [day.sums.client_errors for day in days],
            "5xx": [day.sums.server_errors for day in days],
        },
        "speed": {
            "P50 in ms": [day.sums.p50_ms for day in days],
            "P95 in ms": [day.sums.p95_ms for day in days],
            "P99 in ms": [day.sums.p99_ms for day in days],
        },
    }


def versions(operations: Mapping[tuple[Any, ...], Sums]) -> list[tuple[str, int]]:
    """Calls by version of the API, the most used first."""
    found: dict[str, int] = {}
    for (_, route), sums in operations.items():
        found[version_of(route)] = found.get(version_of(route), 0) + sums.calls
    return sorted(found.items(), key=lambda pair: -pair[1])


def burning(levels: Sequence[tuple[Level, Burn]]) -> str:
    """The fullest window: `85 % of the day, 97 % expected`; a dash without windows."""
    if not levels:
        return cells.NOTHING
    level, burn = max(levels, key=lambda pair: pair[1].share)
    words = f"{burn.share * 100:.0f} % of the {level.window.name}, {burn.expected * 100:.0f} % expected"
    tone = "bad" if burn.step >= 95 else "warn" if burn.step or burn.full_in is not None else "good"
    return cells.dot(cells.State(words, tone))


def _named(clients: Mapping[str, ApiClient], key: str, *, linked: bool = False) -> str:
    client = clients.get(key)
    if client is None:
        return key or "nobody recognised"
    return cells.link(reverse("console:api-client", args=[key]), client.name) if linked else client.name


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} % of all" if whole else ""
