"""The feed of changes: the log in the order in which its transactions became final, for readers who come back."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from core import outbox
from core.crypto import open_text, sign_text
from core.errors import Gone, InvalidInput
from core.models import Cursor, OutboxMessage
from customers.models import Customer, Purchase
from integrations.rules.envelopes import Happening
from integrations.rules.event_catalogue import is_pattern, types_of
from integrations.selectors.webhook_queue import happening_of

SCANNED: Final = 2_000
SHORTEST_WAIT_S, LONGEST_WAIT_S = 5, 300


@dataclass(frozen=True, slots=True)
class Place:
    """Everything up to and including (xid, row) was read; `issued` bounds its life."""

    xid: int = 0
    row: int = 0
    issued: int = 0

    def seal(self) -> str:
        """The opaque text that callers keep."""
        return sign_text("event-feed", json.dumps([self.xid, self.row, self.issued]))


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some events, where to go on, whether more is there already, and in how many seconds to ask again."""

    events: Sequence[Happening]
    next: Place
    has_more: bool
    poll_after_s: int


def open_place(*, text: str, now: datetime) -> Place:
    """The place in a token of ours, the beginning of the log for ''; Gone when older than the log is kept."""
    if not text:
        return Place(issued=int(now.timestamp()))
    opened = open_text("event-feed", text)
    if opened is None:
        raise InvalidInput("Invalid 'since'", param="since")
    place = Place(*json.loads(opened))
    if now - timedelta(days=settings.OUTBOX_RETENTION_DAYS) > datetime.fromtimestamp(place.issued, now.tzinfo):
        raise Gone("This token is older than the log is kept; read everything again.", param="since")
    return place


def types_asked_for(*, text: str) -> frozenset[str]:
    """The types that `customer.*,consent.withdrawn` names, all for ''; InvalidInput for an unknown one."""
    patterns = [part.strip() for part in text.split(",") if part.strip()] or ["*"]
    for pattern in patterns:
        if not is_pattern(pattern):
            raise InvalidInput(f"Invalid 'topics': there is no '{pattern[:60]}'", param="topics")
    return types_of(patterns)


def read_feed(*, after: Place, types: frozenset[str], limit: int, now: datetime) -> Stretch:
    """At most `limit` events behind `after`, none that may yet be undone.

    A stretch may hold fewer though `has_more` is true: at most SCANNED messages are looked at. An idle feed is to be
    asked after a quarter of the time for which it has been idle.
    """
    rows = outbox.read_after(cursor=Cursor(xid=after.xid, row=after.row), limit=SCANNED + 1)
    has_more, rows = len(rows) > SCANNED, rows[:SCANNED]
    found: list[OutboxMessage] = []
    last = Place(after.xid, after.row, int(now.timestamp()))
    for row in rows:
        if row.topic in types:
            if len(found) == limit:
                has_more = True
                break
            found.append(row)
        last = Place(row.xid, row.pk, int(now.timestamp()))
    newest = OutboxMessage.objects.order_by("-xid", "-id").values_list("created_at", flat=True).first()
    quiet = (now - newest).total_seconds() if newest else LONGEST_WAIT_S
    wait = SHORTEST_WAIT_S if has_more else max(SHORTEST_WAIT_S, min(LONGEST_WAIT_S, int(quiet / 4)))
    return Stretch([happening_of(row) for row in found], last, has_more, wait)


def find_happening(*, reference: str) -> Happening | None:
    """The published event of this id, `evt_...` or the `msg_...` of its deliveries; None when the log has none."""
    kind, _, rest = reference.partition("_")
    if kind not in ("evt", "msg"):
        return None
    row = OutboxMessage.objects.filter(message_id=f"msg_{rest}", topic__in=types_of(["*"])).first()
    return None if row is None else happening_of(row)


def people_in(*, events: Sequence[Happening]) -> dict[str, int]:
    """By subject the row of the customer it is, or whose purchase it is; two queries."""
    names = {event.subject for event in events}
    people = Customer.objects.filter(public_id__in=[name for name in names if name.startswith("cus_")])
    orders = Purchase.objects.filter(public_id__in=[name for name in names if name.startswith("ord_")])
    return dict(people.values_list("public_id", "pk")) | dict(orders.values_list("public_id", "customer_id"))
