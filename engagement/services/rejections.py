"""Counting what was refused, by reason and minute, without a word of what was sent."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.actors import Actor
from core.errors import Problem
from customers.selectors import direct
from engagement.models import Rejection

KEPT: Final = timedelta(days=30)
BATCH: Final = 10_000

_COUNT: Final = """
INSERT INTO engagement_rejection AS r (client_id, event_type, code, param, message, request_id, count, minute, at)
SELECT %(client)s, t, c, p, m, %(request)s, n, date_trunc('minute', %(now)s::timestamptz), %(now)s
FROM json_to_recordset(%(items)s::json) AS (t text, c text, p text, m text, n integer) ORDER BY t, c, p
ON CONFLICT (client_id, minute, event_type, code, param)
DO UPDATE SET count = r.count + excluded.count, at = excluded.at, request_id = excluded.request_id
"""


def count_rejections(*, refused: Iterable[tuple[str, Problem]], by: Actor, now: datetime) -> None:
    """Each (event type, problem) is counted once for this client and minute, by one statement for all of them."""
    counts: Counter[tuple[str, str, str]] = Counter()
    messages: dict[tuple[str, str, str], str] = {}
    for event_type, problem in refused:
        key = (_clean(event_type, 60), problem.code[:40], _clean(problem.param, 120))
        counts[key] += 1
        messages[key] = _clean(problem.message, 300)
    items = [{"t": t, "c": c, "p": p, "m": messages[t, c, p], "n": n} for (t, c, p), n in counts.items()]
    direct.run(
        statement=_COUNT,
        parameters={
            "items": msgspec.json.encode(items).decode(),
            "client": by.id,
            "request": by.request_id,
            "now": now,
        },
    )


def trim_rejections(*, now: datetime) -> int:
    """Refusals older than KEPT are forgotten, BATCH rows a statement; returns how many."""
    trimmed = 0
    while True:
        old = Rejection.objects.filter(at__lt=now - KEPT).order_by("at").values("pk")[:BATCH]
        gone, _ = Rejection.objects.filter(pk__in=old).delete()
        trimmed += gone
        if gone < BATCH:
            return trimmed


def _clean(text: str, most: int) -> str:
    return text.replace("\0", "")[:most]
