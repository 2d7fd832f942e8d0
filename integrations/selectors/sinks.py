"""Questions about sinks: which there are, how far they are behind, what is to be written next."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import F, Q, QuerySet

from consent.selectors.papers import Connection
from core.errors import NotFound
from integrations.models import ApiClient, LogSink, PayloadKind, SinkState
from integrations.rules.envelopes import MOST_BYTES, Happening, cloud_event, data_of, encoded
from integrations.rules.event_catalogue import PING, types_of
from integrations.rules.sinks import Letter
from integrations.rules.streams import ENGAGEMENT, Mark, Wish
from integrations.selectors.stream_log import engagement_types, first_behind, read_stretch
from integrations.selectors.webhook_queue import Audience, Content, contents

MOST_ACTIVE: Final = 50


@dataclass(frozen=True, slots=True)
class Batch:
    """What lies behind a place, ready to be written: each letter with its place and whom it tells about."""

    letters: Sequence[Letter]
    marks: Sequence[Mark]
    told: Sequence[Content]
    upto: Mark
    full: bool


def list_sinks(*, client: str | None = None) -> QuerySet[LogSink]:
    """All sinks, or those of one API client, in no order."""
    rows = LogSink.objects.all()
    return rows if client is None else rows.filter(client=client)


def find_sink(*, public_id: str, client: str | None = None) -> LogSink:
    """By public id; NotFound also for a sink of another client."""
    row = list_sinks(client=client).filter(public_id=public_id).first()
    if row is None:
        raise NotFound("There is no such sink.")
    return row


def active_sinks() -> list[LogSink]:
    """Those that are written to: active, and their client not disabled."""
    rows = list(LogSink.objects.filter(state=SinkState.ACTIVE).order_by("id")[:MOST_ACTIVE])
    owners = {row.client for row in rows if row.client}
    usable = set(ApiClient.objects.filter(public_id__in=owners, disabled_at=None).values_list("public_id", flat=True))
    return [row for row in rows if not row.client or row.client in usable]


def sinks_behind(ids: Collection[str], /) -> list[Connection]:
    """The sinks that name one of these companies or API clients, for the register of processors."""
    rows = LogSink.objects.filter(Q(processor__in=ids) | Q(client__in=ids)).order_by("id")[:MOST_ACTIVE]
    return [Connection(row.public_id, row.name, "Sink", row.get_state_display(), "sink") for row in rows]


def failing_sinks() -> list[LogSink]:
    """Active ones whose last attempt failed, the longest failing first."""
    rows = LogSink.objects.filter(state=SinkState.ACTIVE, failures__gt=0)
    return list(rows.order_by(F("failing_since").asc(nulls_last=True), "id")[:MOST_ACTIVE])


def place_of(sink: LogSink) -> Mark:
    """Everything up to here was taken."""
    return Mark.read(sink.place) or Mark()


def wants_engagement(sink: LogSink) -> bool:
    """Whether the sink asked for anything that people do."""
    return any(name.startswith(ENGAGEMENT) for name in sink.event_types)


def place_is_lost(*, sink: LogSink, now: datetime) -> bool:
    """Whether the sink stood still for longer than the log is kept, so that events behind its place may be gone."""
    return sink.place_at < now - timedelta(days=settings.OUTBOX_RETENTION_DAYS)


def behind_since(*, sink: LogSink) -> datetime | None:
    """When the oldest event happened that the sink has not passed; None when there is none."""
    return first_behind(after=place_of(sink), engagement=wants_engagement(sink))


def seconds_behind(*, sink: LogSink, now: datetime) -> float:
    """How long that event has been waiting; 0 when there is none."""
    first = behind_since(sink=sink)
    return max(0.0, (now - first).total_seconds()) if first else 0.0


def most_behind(*, now: datetime) -> float:
    """The lag of the active sink that is behind most, in seconds."""
    return max((seconds_behind(sink=sink, now=now) for sink in active_sinks()), default=0.0)


def wish_of(sink: LogSink) -> Wish:
    """What the sink asked for."""
    engaged = [name for name in sink.event_types if name.startswith(ENGAGEMENT)]
    published = types_of([name for name in sink.event_types if name not in engaged])
    return Wish(published | engagement_types(engaged), sink.purpose, sink.filters, sink.processor or sink.client)


def read_batch(*, sink: LogSink, after: Mark, now: datetime) -> Batch:
    """What the sink is to be told of the next stretch of the log: asked for, and allowed at this moment."""
    wish = wish_of(sink)
    stretch = read_stretch(after=after, types=wish.types | {PING}, gates=frozenset({wish.gate}), now=now)
    wanted = [one for one in stretch.events if wish.wants(one.event) or _is_test(sink, one.event)]
    said = {one.event.message_id: one.by_gate[wish.gate] for one in wanted}
    if sink.payload == PayloadKind.FULL and wanted:
        audience = Audience(sink.purpose, full=True, client=sink.client, company=wish.gate[1])
        said = contents(audience=audience, events=[one.event for one in wanted], now=now)
    taken = [one for one in wanted if said[one.event.message_id].allowed]
    told = [said[one.event.message_id] for one in taken]
    letters = [_letter(one.event, content) for one, content in zip(taken, told, strict=True)]
    return Batch(letters, [one.mark for one in taken], told, stretch.upto, stretch.full)


def _is_test(sink: LogSink, event: Happening) -> bool:
    return event.type == PING and event.subject == sink.public_id


def _letter(event: Happening, content: Content) -> Letter:
    body = _body(event, content)
    if len(body) > MOST_BYTES:
        body = _body(event, Content(allowed=True))
    return Letter(event.message_id, event.type, event.subject, body)


def _body(event: Happening, content: Content) -> bytes:
    return encoded(cloud_event(event, source=settings.PUBLIC_URL, data=data_of(event, content.customer)))
