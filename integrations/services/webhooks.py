"""Verbs for webhook endpoints: set up, change, rotate the secret, pause, enable, test, remove."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from consent.selectors.decisions import use_of
from consent.selectors.papers import check_may_begin
from core import audit, outbox
from core.actors import Actor
from core.crypto import seal, unseal
from core.errors import InvalidInput, InvalidState, NotFound
from core.models import OutboxMessage
from customers.services.resealing import reseal_texts
from integrations.models import (
    BodyFormat,
    DeliveryState,
    EndpointState,
    PayloadKind,
    WebhookDelivery,
    WebhookEndpoint,
)
from integrations.rules.addresses import address_problem
from integrations.rules.breaker import Health
from integrations.rules.envelopes import PAYLOAD_VERSION
from integrations.rules.event_catalogue import ENDPOINT_DISABLED, MOST_FILTERS, PING, is_pattern
from integrations.rules.signing import new_signing_secret

MOST_ENDPOINTS: Final = 50
MOST_PARALLEL: Final = 64
MEMBERS: Final = (
    "url",
    "description",
    "event_types",
    "filters",
    "payload",
    "format",
    "payload_version",
    "purpose",
    "keep_order",
    "parallel",
    "processor",
)
"""What may be chosen."""
_KINDS: Final = {
    "url": str,
    "description": str,
    "purpose": str,
    "keep_order": bool,
    "parallel": int,
    "processor": str,
}
_CHOICES: Final = {"payload": PayloadKind.values, "format": BodyFormat.values, "payload_version": [PAYLOAD_VERSION]}


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """A new endpoint and its secret, which cannot be read again."""

    endpoint: WebhookEndpoint
    secret: str


@transaction.atomic
def create_endpoint(*, values: Mapping[str, Any], client: str = "", by: Actor, now: datetime) -> NewEndpoint:
    """An active endpoint for events from now on; it belongs to `client` (public id), or to staff when empty.

    Refuses an address that is not https or not public, unknown types, filters and purposes, more than MOST_ENDPOINTS
    of one client, and a company behind it whose agreement or proof of security does not hold today.
    """
    wanted = {"event_types": [], "purpose": "service", **_checked(values)}
    for name in ("url", "event_types"):
        if not wanted.get(name):
            raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
    check_may_begin(processor=wanted.get("processor", ""), client=client, today=now.date())
    if WebhookEndpoint.objects.filter(client=client).count() >= MOST_ENDPOINTS:
        raise InvalidState(f"There are {MOST_ENDPOINTS} endpoints already; remove one that is not needed.")
    public_id, secret = WebhookEndpoint.new_public_id(), new_signing_secret()
    endpoint = WebhookEndpoint.objects.create(
        public_id=public_id,
        client=client,
        secret=seal(secret, _context(public_id)),
        secret_at=now,
        created_by=str(by),
        created_at=now,
        updated_at=now,
        **wanted,
    )
    audit.record(by=by, action="webhook.created", target=public_id, changes={"purpose": [None, endpoint.purpose]})
    return NewEndpoint(endpoint, secret)


@transaction.atomic
def change_endpoint(
    *, endpoint: WebhookEndpoint, values: Mapping[str, Any], by: Actor, now: datetime
) -> WebhookEndpoint:
    """The endpoint has these values; what waits already is sent by them too. Refuses as `create_endpoint` does."""
    endpoint = _locked(endpoint)
    wanted = _checked(values)
    if wanted.get("processor", endpoint.processor) != endpoint.processor:
        check_may_begin(processor=wanted["processor"], client=endpoint.client, today=now.date())
    changed = [name for name, value in wanted.items() if getattr(endpoint, name) != value]
    for name in changed:
        setattr(endpoint, name, wanted[name])
    endpoint.updated_at = now
    endpoint.save(update_fields=[*changed, "updated_at"])
    if changed:
        changes = {name: ["", ""] for name in changed}
        audit.record(by=by, action="webhook.changed", target=endpoint.public_id, changes=changes)
    return endpoint


@transaction.atomic
def rotate_signing_secret(*, endpoint: WebhookEndpoint, by: Actor, now: datetime) -> str:
    """A new secret, answered once. For settings.SECRET_OVERLAP_HOURS the one before signs too."""
    endpoint = _locked(endpoint)
    secret = new_signing_secret()
    endpoint.old_secret = endpoint.secret
    endpoint.old_secret_until = now + timedelta(hours=settings.SECRET_OVERLAP_HOURS)
    endpoint.secret, endpoint.secret_at, endpoint.updated_at = seal(secret, _context(endpoint.public_id)), now, now
    endpoint.save(update_fields=["secret", "secret_at", "old_secret", "old_secret_until", "updated_at"])
    audit.record(by=by, action="webhook.secret_rotated", target=endpoint.public_id)
    return secret


def signing_secrets(*, endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """The texts that sign at this moment, the newest first."""
    return [unseal(sealed, _context(endpoint.public_id)) for sealed in endpoint.both_secrets(now)]


def reseal_secrets() -> int:
    """Every signing secret, the one before included, lies under the first key of FIELD_KEYS; how many were moved."""
    return sum(
        reseal_texts(model=WebhookEndpoint, field=field, context=lambda row: _context(row.public_id))
        for field in ("secret", "old_secret")
    )


@transaction.atomic
def pause_endpoint(*, endpoint: WebhookEndpoint, by: Actor, now: datetime, reason: str = "") -> WebhookEndpoint:
    """Nothing is sent or queued; the events stay in the log, from which they can be replayed. Only an active one."""
    endpoint = _locked(endpoint)
    if endpoint.state != EndpointState.ACTIVE:
        raise InvalidState(f"This endpoint is {endpoint.get_state_display().lower()}: it cannot be paused.")
    return _moved(endpoint, EndpointState.PAUSED, reason, by, now)


@transaction.atomic
def enable_endpoint(*, endpoint: WebhookEndpoint, by: Actor, now: datetime) -> WebhookEndpoint:
    """It is sent to again, beginning with one delivery that probes it.

    Refuses one that is active, and one of a company whose agreement or proof of security does not hold today.
    """
    endpoint = _locked(endpoint)
    if endpoint.state == EndpointState.ACTIVE:
        raise InvalidState("This endpoint is active already.")
    check_may_begin(processor=endpoint.processor, client=endpoint.client, today=now.date())
    set_health(endpoint=endpoint, health=Health())
    endpoint.save(update_fields=["failures", "failing_since", "closed_until", "notice"])
    return _moved(endpoint, EndpointState.ACTIVE, "", by, now)


def disable_endpoint(*, endpoint: WebhookEndpoint, reason: str, by: Actor, now: datetime) -> WebhookEndpoint:
    """The endpoint, which the caller holds locked, is not sent to any more, and whoever follows is told."""
    payload = {"endpoint": endpoint.public_id, "reason": reason}
    outbox.publish(topic=ENDPOINT_DISABLED, subject=endpoint.public_id, payload=payload)
    return _moved(endpoint, EndpointState.DISABLED, reason, by, now)


@transaction.atomic
def remove_endpoint(*, endpoint: WebhookEndpoint, by: Actor, now: datetime) -> None:
    """The endpoint is gone, and the log of its deliveries with it."""
    endpoint = _locked(endpoint)
    audit.record(by=by, action="webhook.removed", target=endpoint.public_id)
    endpoint.delete()


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint, by: Actor, now: datetime) -> WebhookDelivery:
    """A `ping` is queued for this endpoint alone. Refuses an endpoint that is not active."""
    endpoint = _locked(endpoint)
    if endpoint.state != EndpointState.ACTIVE:
        raise InvalidState("Enable the endpoint first.")
    outbox.publish(topic=PING, subject=endpoint.public_id, payload={"endpoint": endpoint.public_id})
    message = OutboxMessage.objects.filter(subject=endpoint.public_id, topic=PING).order_by("-id")[0]
    audit.record(by=by, action="webhook.tested", target=endpoint.public_id)
    return WebhookDelivery.objects.create(
        public_id=WebhookDelivery.new_public_id(),
        endpoint=endpoint,
        message_id=message.message_id,
        event_type=PING,
        order_key=message.message_id,
        due_at=now,
        happened_at=now,
        created_at=now,
        state=DeliveryState.WAITING,
    )


def set_health(*, endpoint: WebhookEndpoint, health: Health) -> None:
    """The columns of the endpoint, not yet stored, say how it does."""
    endpoint.failures, endpoint.failing_since = health.failures, health.failing_since
    endpoint.closed_until, endpoint.notice = health.closed_until, health.notice


def _locked(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    row = WebhookEndpoint.objects.select_for_update().filter(pk=endpoint.pk).first()
    if row is None:
        raise NotFound("There is no such webhook endpoint.")
    return row


def _moved(endpoint: WebhookEndpoint, to: EndpointState, reason: str, by: Actor, now: datetime) -> WebhookEndpoint:
    changes = {"state": [endpoint.state, str(to)]}
    endpoint.state, endpoint.state_reason, endpoint.updated_at = to, reason.strip()[:200], now
    endpoint.save(update_fields=["state", "state_reason", "updated_at"])
    verb = {"active": "enabled"}.get(str(to), str(to))
    audit.record(by=by, action=f"webhook.{verb}", target=endpoint.public_id, changes=changes, reason=reason[:300])
    return endpoint


def _context(public_id: str) -> str:
    return f"webhook:{public_id}"


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(values)
    for name in checked:
        if name not in MEMBERS:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:60])
        if name in _KINDS and type(checked[name]) is not _KINDS[name]:
            raise InvalidInput(f"Invalid '{name}'", param=name)
    for name, choices in _CHOICES.items():
        if name in checked and checked[name] not in choices:
            raise InvalidInput(f"Invalid '{name}': choose from {', '.join(choices)}", param=name)
    if not 1 <= checked.get("parallel", 1) <= MOST_PARALLEL:
        raise InvalidInput(f"Invalid 'parallel': 1 to {MOST_PARALLEL}", param="parallel")
    _check_address(checked)
    _check_events(checked)
    if "purpose" in checked:
        use_of(checked["purpose"])
    return checked


def _check_address(checked: dict[str, Any]) -> None:
    if "description" in checked and (len(checked["description"]) > 120 or not checked["description"].isprintable()):
        raise InvalidInput("Invalid 'description'", param="description")
    if "url" in checked and (why := address_problem(checked["url"], loopback=settings.WEBHOOK_LOOPBACK)):
        raise InvalidInput(why, code="invalid_parameter", param="url")


def _check_events(checked: dict[str, Any]) -> None:
    if "event_types" in checked:
        types = checked["event_types"]
        if not isinstance(types, list) or not types or len(types) > 100:
            raise InvalidInput("Name at least one type of event.", param="event_types")
        unknown = [one for one in types if not isinstance(one, str) or not is_pattern(one)]
        if unknown:
            raise InvalidInput(f"There is no type of event '{str(unknown[0])[:60]}'.", param="event_types")
        checked["event_types"] = list(dict.fromkeys(types))
    check_filters(filters=checked.get("filters", {}))


def check_filters(*, filters: Any) -> None:
    """Return when `filters` maps members of payloads to lists of accepted values; InvalidInput when not."""
    if not isinstance(filters, dict) or len(filters) > MOST_FILTERS or not all(map(_is_filter, filters.items())):
        raise InvalidInput("Filters map names of members to lists of texts.", param="filters")


def _is_filter(pair: tuple[Any, Any]) -> bool:
    name, accepted = pair
    texts = [name, *accepted] if isinstance(accepted, list) and 0 < len(accepted) <= 100 else [None]
    return all(isinstance(text, str) and 0 < len(text) <= 100 and text.isprintable() for text in texts)
