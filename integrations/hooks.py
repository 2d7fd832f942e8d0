"""What integrations contributes to lower floors: how tokens and keys are found."""

from collections.abc import Callable, Collection

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from campaigns.selectors.channels import register_sender
from campaigns.services.outside import register_outside
from consent.selectors.papers import Connection, register_connections
from core import menu, meter, privacy
from core.actors import Credential
from core.api.credentials import ORIGIN_KEY, client_ip, is_own_origin, register_finder, register_guard
from core.errors import Forbidden
from core.privacy import PersonalData
from customers.selectors.origins import register_namer
from integrations.models import ApiClient, EndpointState, LogSink, WebhookDelivery, WebhookEndpoint
from integrations.rules.clients import EXPIRING
from integrations.rules.dpop import CERTIFICATE
from integrations.rules.routes import template_of
from integrations.selectors.anomalies import subject_names, waiting_anomalies
from integrations.selectors.clients import Found, count_expiring, find_api_key, find_bearer, list_clients
from integrations.selectors.quotas import warned_today
from integrations.selectors.sinks import failing_sinks, list_sinks, most_behind, sinks_behind
from integrations.selectors.usage import list_requests
from integrations.selectors.webhooks import (
    collect_deliveries,
    connections_behind,
    failing_endpoints,
    list_endpoints,
    seconds_waiting,
)
from integrations.services import webhook_planning
from integrations.services.bindings import check_binding
from integrations.services.clients import note_use
from integrations.services.networks import note_network
from integrations.services.outside import look_at_links, read_address
from integrations.services.usage_drain import first_kept
from integrations.services.webhook_messages import asked_for
from integrations.services.webhook_upkeep import forget_answers

register_sender(listens=asked_for)
register_outside(look=look_at_links, read=read_address)


def _noting(find: Callable[[str], Found | None]) -> Callable[[str], Credential | None]:
    """A finder that also notes when the client and its key were last used."""

    def finder(secret: str) -> Credential | None:
        found = find(secret)
        if found is None:
            return None
        note_use(client=found.client, key=found.key, now=timezone.now())
        return found.credential

    return finder


def _names(public_ids: Collection[str]) -> dict[str, str]:
    return dict(ApiClient.objects.filter(public_id__in=public_ids).values_list("public_id", "name"))


def _endpoint_names(public_ids: Collection[str]) -> dict[str, str]:
    rows = WebhookEndpoint.objects.filter(public_id__in=public_ids)
    return {row.public_id: row.description or row.url for row in rows}


def _sink_names(public_ids: Collection[str]) -> dict[str, str]:
    return dict(LogSink.objects.filter(public_id__in=public_ids).values_list("public_id", "name"))


register_namer(prefix="cli", namer=_names)
register_namer(prefix="whk", namer=_endpoint_names)
register_namer(prefix="snk", namer=_sink_names)
register_finder("bearer", _noting(find_bearer))
register_finder("api_key", _noting(find_api_key))


def _check_origin(request: HttpRequest, credential: Credential, secret: str) -> None:
    """Browsers name the page in `Origin` (Fetch Standard); other programs send none."""
    origin = request.META.get("HTTP_ORIGIN", "")
    if credential.origins:
        if origin not in credential.origins:
            raise Forbidden("This key works on the web pages it was made for only.", code="origin_not_allowed")
        request.META[ORIGIN_KEY] = origin
    elif credential.kind == "api_key" and origin and not is_own_origin(request):
        message = "An API key is a secret, and a browser sent it: revoke it, and use a publishable key there."
        raise Forbidden(message, code="secret_in_browser")


def _check_binding(request: HttpRequest, credential: Credential, secret: str) -> None:
    """A token that is bound to a key or a certificate is of no use to whoever lacks them."""
    said = request.META
    scheme = said.get("HTTP_AUTHORIZATION", "").partition(" ")[0].lower()
    if credential.bound_to == ("", "") and scheme != "dpop":
        return
    host = f"{request.scheme}://{request.get_host()}"
    check_binding(
        bound_to=credential.bound_to,
        scheme=scheme,
        proof=said.get("HTTP_DPOP", ""),
        certificate=said.get(CERTIFICATE, ""),
        call={"method": request.method, "path": request.path, "host": host, "token": secret},
        now=timezone.now(),
    )


def _note_network(request: HttpRequest, credential: Credential, secret: str) -> None:
    """Where servers call from; web pages and apps run where people are."""
    if credential.origins or credential.staff_id:
        return
    header = settings.COUNTRY_HEADER
    country = request.headers.get(header, "") if header else ""
    now, address = timezone.now(), client_ip(request)
    note_network(client_id=credential.client_id, address=address, country=country, now=now)


register_guard(_check_origin)
register_guard(_check_binding)
register_guard(_note_network)


def _expiring_secrets() -> list[menu.Alert]:
    now = timezone.now()
    number = count_expiring(now=now, before=now + EXPIRING)
    if not number:
        return []
    text = f"Secrets that expire within 14 days: {number} API client{'s' if number > 1 else ''}."
    return [menu.Alert(text, reverse("console:api-clients"))]


def _clients_behind(ids: Collection[str]) -> list[Connection]:
    rows = ApiClient.objects.filter(public_id__in=ids).order_by("name")[:200]
    return [
        Connection(c.public_id, c.name, "API client", "Disabled" if c.disabled_at else "Active", "api-client")
        for c in rows
    ]


def _search(text: str, reader: menu.Reader) -> list[menu.Hit]:
    found = list_clients(now=timezone.now()).filter(name__istartswith=text)[:5]
    return [menu.Hit(c.name, reverse("console:api-client", args=[c.public_id]), c.client_id) for c in found]


def _search_requests(text: str, reader: menu.Reader) -> list[menu.Hit]:
    found = list_requests(since=first_kept(now=timezone.now())).filter(request_id=text).order_by("-at")[:5]
    url = f"{reverse('console:request-log')}?{urlencode({'request_id': text})}"
    return [menu.Hit(f"{line.method} {template_of(line.route)}", url, line.request_id) for line in found]


def _near_quota() -> list[menu.Alert]:
    found = warned_today(now=timezone.now())
    names = _names([warning.client_id for warning in found])
    return [
        menu.Alert(
            f"API client {names.get(row.client_id, row.client_id)} has used {row.step} % of its {row.window}.",
            reverse("console:api-client", args=[row.client_id]),
        )
        for row in found[:10]
        if row.client_id in names
    ]


def _failing() -> list[menu.Alert]:
    return [
        menu.Alert(
            f"Webhook {row.description or row.public_id} "
            + ("was disabled." if row.state == EndpointState.DISABLED else f"fails: {row.last_error}."),
            reverse("console:webhook", args=[row.public_id]),
        )
        for row in failing_endpoints()[:10]
    ]


def _search_webhooks(text: str, reader: menu.Reader) -> list[menu.Hit]:
    found = list_endpoints().filter(description__istartswith=text)[:5]
    return [menu.Hit(w.description, reverse("console:webhook", args=[w.public_id]), w.url) for w in found]


register_connections(name="webhooks", lister=connections_behind)
register_connections(name="clients", lister=_clients_behind)
register_connections(name="sinks", lister=sinks_behind)


def _failing_sinks() -> list[menu.Alert]:
    return [
        menu.Alert(f"Sink {row.name} fails: {row.last_error}", reverse("console:sink", args=[row.public_id]))
        for row in failing_sinks()[:10]
    ]


def _search_sinks(text: str, reader: menu.Reader) -> list[menu.Hit]:
    found = list_sinks().filter(name__istartswith=text)[:5]
    return [menu.Hit(s.name, reverse("console:sink", args=[s.public_id]), s.servers) for s in found]


menu.add_alerts(menu.AlertSource("sinks", "integrations.view_sink", _failing_sinks))
menu.add_search(menu.Search("Sinks", "database", "integrations.view_sink", _search_sinks))
menu.add_alerts(menu.AlertSource("webhooks", "integrations.view_webhook", _failing))
menu.add_search(menu.Search("Webhooks", "webhook", "integrations.view_webhook", _search_webhooks))
meter.register_lag("webhooks.plan", lambda: webhook_planning.seconds_behind(now=timezone.now()))
meter.register_lag("webhooks.send", lambda: seconds_waiting(now=timezone.now()))
meter.register_lag("sinks", lambda: most_behind(now=timezone.now()))
privacy.register(
    PersonalData(
        name="integrations.webhook_deliveries",
        model=WebhookDelivery,
        category="which events about a person went to which partner",
        purpose="delivering events, and showing who was told",
        retention="30 days unless WEBHOOK_RETENTION_DAYS says otherwise",
        collect=collect_deliveries,
        erase=forget_answers,
        order=230,
    )
)


def _unusual() -> list[menu.Alert]:
    found = list(waiting_anomalies()[:10])
    names = subject_names(subjects=[row.subject for row in found])
    return [
        menu.Alert(
            f"{row.get_kind_display()}: {names.get(row.subject) or row.subject or 'nobody recognised'}.",
            reverse("console:anomaly", args=[row.public_id]),
        )
        for row in found
    ]


menu.add_alerts(menu.AlertSource("anomalies", "integrations.view_anomaly", _unusual))
menu.add_alerts(menu.AlertSource("quotas", "integrations.view_apiclient", _near_quota))
menu.add_alerts(menu.AlertSource("secrets", "integrations.view_apiclient", _expiring_secrets))
menu.add_search(menu.Search("Requests", "list", "integrations.view_apiusage", _search_requests))
menu.add_search(menu.Search("API clients", "api", "integrations.view_apiclient", _search))
