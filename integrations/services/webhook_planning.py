"""Following the log: each message becomes a delivery for every endpoint that asked for it, exactly once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from core import outbox
from core.ids import new_id
from core.models import Cursor, OutboxMessage
from integrations.models import WebhookEndpoint
from integrations.rules.event_catalogue import passes, types_of
from integrations.selectors.webhooks import active_endpoints

FOLLOWER: Final = "webhooks"
ROWS: Final = 4_000
_BEHIND_ALL_ROWS: Final = 2**62
_PLAN: Final = """
INSERT INTO integrations_webhookdelivery (public_id, endpoint_id, message_id, event_type, order_key, state, round,
    attempts, error, due_at, happened_at, created_at)
SELECT r.row ->> 0, (r.row ->> 1)::bigint, r.row ->> 2, r.row ->> 3, r.row ->> 4, 'waiting', 1, 0, '', %(now)s,
    (r.row ->> 5)::timestamptz, %(now)s
FROM jsonb_array_elements(%(rows)s::jsonb) WITH ORDINALITY AS r (row, place) ORDER BY r.place
ON CONFLICT (endpoint_id, message_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What one endpoint wants."""

    endpoint: WebhookEndpoint
    types: frozenset[str]

    def wants(self, message: OutboxMessage) -> bool:
        """Whether the message is for this endpoint."""
        return message.topic in self.types and passes(self.endpoint.filters, message.payload)


def wish_of(*, endpoint: WebhookEndpoint) -> Wish:
    """What the endpoint asked for."""
    return Wish(endpoint, types_of(endpoint.event_types))


def plan_deliveries(*, now: datetime) -> int | None:
    """The next stretch of the log is planned, cursor and rows in one transaction; how many messages it held.

    None when there is nothing new, or another process is at it. Without endpoints the log is passed over.
    """
    return _planned(now) if _first_behind() else None


def _first_behind() -> OutboxMessage | None:
    cursor = Cursor.objects.filter(name=FOLLOWER).first() or Cursor(name=FOLLOWER)
    return next(iter(outbox.read_after(cursor=cursor, limit=1)), None)


@transaction.atomic
def _planned(now: datetime) -> int | None:
    cursor = outbox.locked_cursor(FOLLOWER)
    if cursor is None:
        return None
    wishes = [wish_of(endpoint=endpoint) for endpoint in active_endpoints()]
    if not wishes:
        outbox.move_cursor(cursor=cursor, xid=outbox.horizon() - 1, row=_BEHIND_ALL_ROWS, at=now, now=now)
        return None
    messages = outbox.read_after(cursor=cursor, limit=max(20, ROWS // len(wishes)))
    if not messages:
        return None
    insert(wishes=wishes, messages=messages, now=now)
    last = messages[-1]
    outbox.move_cursor(cursor=cursor, xid=last.xid, row=last.pk, at=last.created_at, now=now)
    return len(messages)


def insert(*, wishes: Sequence[Wish], messages: Sequence[OutboxMessage], now: datetime, earlier: bool = False) -> int:
    """A delivery for each endpoint that wants a message and has none for it; how many are new.

    Nothing that happened before an endpoint existed is for it, unless `earlier`.
    """
    rows: list[list[Any]] = [
        [
            new_id("whd"),
            wish.endpoint.pk,
            message.message_id,
            message.topic,
            message.subject,
            message.created_at.isoformat(),
        ]
        for message in messages
        for wish in wishes
        if (earlier or message.created_at >= wish.endpoint.created_at) and wish.wants(message)
    ]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_PLAN, {"rows": json.dumps(rows), "now": now})
        return int(cursor.rowcount)


def seconds_behind(*, now: datetime) -> float:
    """How long the oldest message that is not planned has been waiting; 0 when all are."""
    first = _first_behind()
    return max(0.0, (now - first.created_at).total_seconds()) if first else 0.0
