"""The change feed: customers in the order in which their transactions became final, so that no reader misses one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Q

from core.crypto import open_text, sign_text
from core.errors import Gone, InvalidInput
from core.outbox import horizon
from customers.models import Customer
from customers.selectors.answers import Row, raw_rows

LIFE: Final = timedelta(days=400)
SHORTEST_WAIT_S, LONGEST_WAIT_S = 5, 300
_BEHIND_ALL_ROWS: Final = 2**62


@dataclass(frozen=True, slots=True)
class Token:
    """Everything up to and including (xid, row) was read; `issued` bounds its life, `changed` is the newest change."""

    xid: int = 0
    row: int = 0
    issued: int = 0
    changed: int = 0

    def seal(self) -> str:
        """The opaque text that callers keep."""
        return sign_text("changes", json.dumps([self.xid, self.row, self.issued, self.changed]))


@dataclass(frozen=True, slots=True)
class Changes:
    """A stretch of the feed and where to go on."""

    rows: Sequence[Row]
    next: Token
    has_more: bool
    poll_after_s: int


def open_token(*, text: str, now: datetime) -> Token:
    """The position behind `text`, the beginning for ''; Gone when older than tombstones are kept."""
    if not text:
        return Token()
    opened = open_text("changes", text)
    if opened is None:
        raise InvalidInput("Invalid 'since'", param="since")
    token = Token(*json.loads(opened))
    if now.timestamp() - token.issued > LIFE.total_seconds():
        raise Gone("This token is older than deleted customers are remembered; read everything again.", param="since")
    return token


def read_changes(*, since: Token, limit: int, include_anonymous: bool, now: datetime) -> Changes:
    """At most `limit` customers written after `since`, each in its present state; nothing that may yet roll back.

    At the end of the feed the next token stands behind everything final, so that rows the caller did not ask for
    (visitors) are not looked at twice.
    """
    final = horizon()
    rows = raw_rows(Customer.objects.all() if include_anonymous else Customer.objects.filter(is_known=True))
    behind = Q(xid__gte=since.xid) & (Q(xid__gt=since.xid) | Q(id__gt=since.row))
    found: list[Row] = list(rows.filter(behind, xid__lt=final).order_by("xid", "id")[: limit + 1])
    has_more = len(found) > limit
    found = found[:limit]
    changed = max([since.changed, *(int(row.updated_at.timestamp()) for row in found)])
    position = (found[-1].xid, found[-1].id) if has_more else (max(final - 1, since.xid), _BEHIND_ALL_ROWS)
    token = Token(*position, issued=int(now.timestamp()), changed=changed)
    return Changes(rows=found, next=token, has_more=has_more, poll_after_s=_wait(has_more, changed, now))


def _wait(has_more: bool, changed: int, now: datetime) -> int:
    """A quarter of the time since the newest change: busy feeds are asked often, quiet ones rarely."""
    quiet = (now - datetime.fromtimestamp(changed, UTC)).total_seconds() if changed else LONGEST_WAIT_S
    return SHORTEST_WAIT_S if has_more else max(SHORTEST_WAIT_S, min(LONGEST_WAIT_S, int(quiet / 4)))
