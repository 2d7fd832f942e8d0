"""Writing down what was done with messages: the best verdict counts, and when it was reached."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection

from campaigns.rules.reactions import Kind, Verdict

_NOTE: Final = """
UPDATE campaigns_delivery d SET
    opened = greatest(d.opened, v.opened), clicked = greatest(d.clicked, v.clicked),
    opened_at = CASE WHEN v.opened > coalesce(d.opened, 0) THEN v.opened_at ELSE d.opened_at END,
    clicked_at = CASE WHEN v.clicked > coalesce(d.clicked, 0) THEN v.clicked_at ELSE d.clicked_at END
FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[], %s::smallint[], %s::timestamptz[])
    AS v(id, opened, opened_at, clicked, clicked_at)
WHERE d.id = v.id AND d.tracked AND d.customer_id IS NOT NULL
    AND (v.opened > coalesce(d.opened, 0) OR v.clicked > coalesce(d.clicked, 0))
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """One reaction to one delivery, judged."""

    delivery: int
    kind: Kind
    verdict: Verdict
    at: datetime


def note_reactions(*, marks: Iterable[Mark]) -> int:
    """Each delivery knows the best verdict on its opens and clicks; whoever clicked has opened. How many changed."""
    best: dict[tuple[int, Kind], Mark] = {}
    for mark in marks:
        for kind in (Kind.OPEN, Kind.CLICK) if mark.kind == Kind.CLICK else (Kind.OPEN,):
            known = best.get((mark.delivery, kind))
            if known is None or (mark.verdict, known.at) > (known.verdict, mark.at):
                best[mark.delivery, kind] = mark
    deliveries = sorted({delivery for delivery, _ in best})
    if not deliveries:
        return 0
    columns: list[list[object]] = [list(deliveries)]
    for kind in (Kind.OPEN, Kind.CLICK):
        found = [best.get((delivery, kind)) for delivery in deliveries]
        columns += [[one and one.verdict.value for one in found], [one and one.at for one in found]]
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, columns)
        return int(cursor.rowcount)
