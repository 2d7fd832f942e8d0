"""Writing the audit trail: one call by name in each service, inside its transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from core.actors import Actor

_INSERT = """
INSERT INTO core_auditentry (actor_kind, actor_id, ip, request_id, action, target, changes, reason)
SELECT %s, %s, %s::inet, %s, d.row ->> 0, d.row ->> 1, d.row -> 2, d.row ->> 3
FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS d(row, place) ORDER BY d.place
"""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing done: action, target (public id), changes and reason as in `record`."""

    action: str
    target: str
    changes: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


def record(*, by: Actor, action: str, target: str, changes: dict[str, Any] | None = None, reason: str = "") -> None:
    """Append one entry; it stands or falls with the caller's transaction.

    `target` is a public id. `changes` maps field names to [before, after], with values only for fields that hold
    no personal data.
    """
    record_many(by=by, deeds=[Deed(action=action, target=target, changes=changes or {}, reason=reason)])


def record_many(*, by: Actor, deeds: Sequence[Deed]) -> None:
    """Append many entries in one statement; they stand or fall with the caller's transaction."""
    rows = json.dumps([[deed.action, deed.target, deed.changes, deed.reason] for deed in deeds])
    if deeds:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [by.kind.value, by.id, by.ip or None, by.request_id, rows])
