"""Words that events repeat, as numbers: looked up once a process, made when they are new."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from customers.selectors import direct
from engagement.models import Label

_KEPT_AT_MOST: Final = 50_000
_kept: dict[tuple[str, str], int] = {}
# The update changes nothing; without it a label that another transaction makes at the same time would stay unseen.
_ENSURE: Final = """
INSERT INTO engagement_label (kind, value, created_at)
SELECT %(kind)s, value, %(now)s FROM unnest(%(values)s::text[]) AS value ORDER BY value
ON CONFLICT (kind, value) DO UPDATE SET kind = excluded.kind RETURNING value, id
"""
_FIND: Final = "SELECT value, id FROM engagement_label WHERE kind = %(kind)s AND value = ANY(%(values)s)"


def label_ids(*, kind: Label.Kind, values: Collection[str], now: datetime) -> dict[str, int]:
    """The number of each word; no statement when all were seen before."""
    found = {value: _kept[kind, value] for value in values if (kind, value) in _kept}
    missing = sorted(set(values) - found.keys())
    if not missing:
        return found
    rows: dict[str, int] = dict(direct.run(statement=_FIND, parameters={"kind": kind.value, "values": missing}))
    new = sorted(set(missing) - rows.keys())
    if new:
        rows |= dict(direct.run(statement=_ENSURE, parameters={"kind": kind.value, "values": new, "now": now}))
    if not direct.in_transaction():
        _keep(kind, rows)
    return found | rows


def _keep(kind: Label.Kind, rows: dict[str, int]) -> None:
    if len(_kept) + len(rows) > _KEPT_AT_MOST:
        _kept.clear()
    _kept.update({(kind, value): number for value, number in rows.items()})


def forget_labels() -> None:
    """Look every word up again, in this process; for whoever has emptied the table."""
    _kept.clear()
