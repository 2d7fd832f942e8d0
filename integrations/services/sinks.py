"""Verbs for sinks: set up, change, pause, resume, test, remove."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from consent.selectors.decisions import use_of
from consent.selectors.papers import check_may_begin
from core import audit, outbox
from core.actors import Actor
from core.crypto import seal, unseal
from core.errors import InvalidInput, InvalidState, NotFound
from customers.services.resealing import reseal_texts
from integrations.connectors.brokers import Target
from integrations.models import BrokerKind, LogSink, Mechanism, PayloadKind, SinkState
from integrations.rules.event_catalogue import PING, is_pattern
from integrations.rules.kinesis import ACCESS_KEY, REGION, STREAM, servers_in
from integrations.rules.sinks import TOPIC, servers_of, servers_problem
from integrations.rules.streams import ENGAGEMENT, Mark
from integrations.selectors.sinks import MOST_ACTIVE, place_is_lost
from integrations.selectors.stream_log import check_engagement, head
from integrations.services.webhooks import check_filters

NOW, BEGINNING = "now", "beginning"
STARTS: Final = (NOW, BEGINNING)
MEMBERS: Final = (
    "name",
    "servers",
    "destination",
    "routing_key",
    "virtual_host",
    "region",
    "tls",
    "mechanism",
    "username",
    "password",
    "event_types",
    "filters",
    "payload",
    "purpose",
    "processor",
)
"""What may be chosen, and changed."""
_LENGTHS: Final = {
    "name": 120,
    "servers": 500,
    "destination": 249,
    "routing_key": 250,
    "virtual_host": 120,
    "region": 40,
    "username": 120,
    "password": 500,
    "purpose": 60,
    "processor": 40,
}
_CHOICES: Final = {"payload": PayloadKind.values, "mechanism": Mechanism.values}
_DEFAULTS: Final = {"servers": "", "event_types": [], "purpose": "service", "tls": True, "destination": ""}


@transaction.atomic
def create_sink(
    *, kind: str, values: Mapping[str, Any], start: str = NOW, client: str = "", by: Actor, now: datetime
) -> LogSink:
    """An active sink for events from now on, or from the beginning of what is kept; of `client`, or of staff when ''.

    Refuses servers that are not public or without TLS, unknown types and purposes, more than MOST_ACTIVE in all, and a
    company whose agreement or proof of security does not hold today.
    """
    for name, value, choices in (("kind", kind, BrokerKind.values), ("start", start, STARTS)):
        if value not in choices:
            raise InvalidInput(f"Invalid '{name}': choose from {', '.join(choices)}", param=name)
    wanted = _checked(kind, {**_DEFAULTS, **values})
    for name in ("name", "password" if kind == BrokerKind.KINESIS else "servers", "event_types"):
        if not wanted.get(name):
            raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
    check_may_begin(processor=wanted.get("processor", ""), client=client, today=now.date())
    if LogSink.objects.count() >= MOST_ACTIVE:
        raise InvalidState(f"There are {MOST_ACTIVE} sinks already; remove one that is not needed.")
    public_id = LogSink.new_public_id()
    wanted["password"] = _sealed(public_id, wanted.get("password", ""))
    sink = LogSink.objects.create(
        public_id=public_id,
        kind=kind,
        client=client,
        place=str(head() if start == NOW else Mark()),
        place_at=now,
        created_by=str(by),
        created_at=now,
        updated_at=now,
        **wanted,
    )
    audit.record(by=by, action="sink.created", target=public_id, changes={"purpose": [None, sink.purpose]})
    return sink


@transaction.atomic
def change_sink(*, sink: LogSink, values: Mapping[str, Any], by: Actor, now: datetime) -> LogSink:
    """The sink has these values from its next stretch of the log on. Refuses as `create_sink` does.

    Whoever names other servers gives the password too, so that nobody learns it by sending us elsewhere.
    """
    sink = _locked(sink)
    present = {name: getattr(sink, name) for name in MEMBERS if name != "password"}
    wanted = _checked(sink.kind, present | dict(values))
    if sink.password and wanted["servers"] != sink.servers and "password" not in values:
        raise InvalidInput("Other servers need the password again.", code="missing_field", param="password")
    if wanted["processor"] != sink.processor:
        check_may_begin(processor=wanted["processor"], client=sink.client, today=now.date())
    if "password" in wanted:
        wanted["password"] = _sealed(sink.public_id, wanted["password"])
    changed = [name for name, value in wanted.items() if getattr(sink, name) != value]
    for name in changed:
        setattr(sink, name, wanted[name])
    sink.updated_at = now
    sink.save(update_fields=[*changed, "updated_at"])
    if changed:
        changes = {name: ["", ""] for name in changed}
        audit.record(by=by, action="sink.changed", target=sink.public_id, changes=changes)
    return sink


@transaction.atomic
def pause_sink(*, sink: LogSink, by: Actor, now: datetime, reason: str = "") -> LogSink:
    """Nothing is written; its place stays, for as long as the log is kept. Only an active one."""
    sink = _locked(sink)
    if sink.state != SinkState.ACTIVE:
        raise InvalidState("This sink is paused already.")
    return _moved(sink, SinkState.PAUSED, reason, by, now)


@transaction.atomic
def resume_sink(*, sink: LogSink, by: Actor, now: datetime) -> LogSink:
    """It goes on where it was.

    Refuses one that is active, one whose place the log no longer reaches, and one of a company whose agreement or proof
    of security does not hold today.
    """
    sink = _locked(sink)
    if sink.state == SinkState.ACTIVE:
        raise InvalidState("This sink is active already.")
    check_may_begin(processor=sink.processor, client=sink.client, today=now.date())
    if place_is_lost(sink=sink, now=now):
        raise InvalidState("The log is not kept that long: set up a new sink, and read everything again.")
    sink.failures, sink.failing_since = 0, None
    sink.save(update_fields=["failures", "failing_since"])
    return _moved(sink, SinkState.ACTIVE, "", by, now)


@transaction.atomic
def send_test(*, sink: LogSink, by: Actor, now: datetime) -> LogSink:
    """A `ping` is in the log for this sink alone, and the sink is tried at once. Refuses one that is not active."""
    sink = _locked(sink)
    if sink.state != SinkState.ACTIVE:
        raise InvalidState("Resume the sink first.")
    outbox.publish(topic=PING, subject=sink.public_id, payload={"sink": sink.public_id})
    sink.updated_at = now
    sink.save(update_fields=["updated_at"])
    audit.record(by=by, action="sink.tested", target=sink.public_id)
    return sink


@transaction.atomic
def remove_sink(*, sink: LogSink, by: Actor, now: datetime) -> None:
    """The sink is gone, its credentials and its place with it."""
    sink = _locked(sink)
    audit.record(by=by, action="sink.removed", target=sink.public_id)
    sink.delete()


def target_of(*, sink: LogSink) -> Target:
    """Where its letters go, with the password in clear."""
    servers = sink.servers or servers_in(sink.region)
    return Target(
        servers=tuple(servers_of(servers) or ()),
        destination=sink.destination,
        routing_key=sink.routing_key,
        virtual_host=sink.virtual_host,
        region=sink.region,
        tls=sink.tls,
        mechanism=sink.mechanism,
        username=sink.username,
        password=unseal(sink.password, _context(sink.public_id)) if sink.password else "",
        ca_file=settings.WEBHOOK_CA_FILE,
        loopback=settings.WEBHOOK_LOOPBACK,
    )


def reseal_passwords() -> int:
    """Every password lies under the first key of FIELD_KEYS; how many were moved."""
    return reseal_texts(model=LogSink, field="password", context=lambda row: _context(row.public_id))


def _sealed(public_id: str, password: str) -> str:
    return seal(password, _context(public_id)) if password else ""


def _context(public_id: str) -> str:
    return f"sink:{public_id}"


def _locked(sink: LogSink) -> LogSink:
    row = LogSink.objects.select_for_update().filter(pk=sink.pk).first()
    if row is None:
        raise NotFound("There is no such sink.")
    return row


def _moved(sink: LogSink, to: SinkState, reason: str, by: Actor, now: datetime) -> LogSink:
    changes = {"state": [sink.state, str(to)]}
    sink.state, sink.state_reason, sink.updated_at = to, reason.strip()[:200], now
    sink.save(update_fields=["state", "state_reason", "updated_at"])
    verb = {"active": "resumed"}.get(str(to), str(to))
    audit.record(by=by, action=f"sink.{verb}", target=sink.public_id, changes=changes, reason=reason[:300])
    return sink


def _checked(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(values)
    for name, value in checked.items():
        if name not in MEMBERS:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:60])
        if name in _LENGTHS and not _is_text(value, _LENGTHS[name]):
            raise InvalidInput(f"Invalid '{name}'", param=name)
    if type(checked["tls"]) is not bool:
        raise InvalidInput("Invalid 'tls'", param="tls")
    for name, choices in _CHOICES.items():
        if name in checked and checked[name] not in choices:
            raise InvalidInput(f"Invalid '{name}': choose from {', '.join(filter(None, choices))}", param=name)
    _check_place(kind, checked)
    _check_types(checked)
    check_filters(filters=checked.get("filters", {}))
    use_of(checked["purpose"])
    return checked


def _is_text(value: Any, length: int) -> bool:
    return isinstance(value, str) and len(value) <= length and (value.isprintable() or not value)


def _check_place(kind: str, checked: Mapping[str, Any]) -> None:
    why = servers_problem(checked["servers"], tls=checked["tls"], loopback=settings.WEBHOOK_LOOPBACK)
    if why and checked["servers"]:
        raise InvalidInput(why, param="servers")
    if kind == BrokerKind.KAFKA and not TOPIC.fullmatch(checked["destination"]):
        raise InvalidInput("Name the topic: letters, digits, dots, lines.", param="destination")
    if kind == BrokerKind.RABBITMQ and not (checked["destination"] or checked.get("routing_key")):
        raise InvalidInput("Name the exchange, or as routing key the queue.", param="destination")
    if kind != BrokerKind.KAFKA and checked.get("mechanism"):
        raise InvalidInput("Only Kafka takes a mechanism.", param="mechanism")
    if kind == BrokerKind.KINESIS:
        _check_kinesis(checked)


def _check_kinesis(checked: Mapping[str, Any]) -> None:
    """Each call is signed with an access key of the partner; one of ours would let a partner write where we may."""
    forms = (
        ("destination", STREAM, "Name the stream: letters, digits, dots, lines, at most 128."),
        ("region", REGION, "Name the region, such as eu-central-1."),
        ("username", ACCESS_KEY, "Give the id of the access key."),
    )
    for name, form, sentence in forms:
        if not form.fullmatch(checked.get(name, "")):
            raise InvalidInput(sentence, param=name)
    if checked.get("password") == "":
        raise InvalidInput("Give the secret of the access key.", code="missing_field", param="password")
    if not (checked["tls"] or checked["servers"]):
        raise InvalidInput("Amazon is reached over TLS.", param="tls")
    if len(servers_of(checked["servers"]) or ()) > 1:
        raise InvalidInput("Kinesis has one endpoint.", param="servers")


def _check_types(checked: dict[str, Any]) -> None:
    types = checked["event_types"]
    if not isinstance(types, list) or len(types) > 100 or not all(isinstance(one, str) for one in types):
        raise InvalidInput("Name at least one type of event.", param="event_types")
    engaged = [one for one in types if one.startswith(ENGAGEMENT)]
    unknown = [one for one in types if one not in engaged and not is_pattern(one)]
    if unknown:
        raise InvalidInput(f"There is no type of event '{unknown[0][:60]}'.", param="event_types")
    check_engagement(patterns=engaged, param="event_types")
    checked["event_types"] = list(dict.fromkeys(types))
