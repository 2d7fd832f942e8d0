"""The one statement that stores what was written on open pages: entries, states, masks, tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import connection

from consent.models import ConsentEvent

_ENTRY: Final = (
    "public_id",
    "customer_id",
    "subject",
    "seq",
    "purpose_id",
    "event",
    "legal_basis",
    "place",
    "rule_set",
    "notice_id",
    "source",
    "actor",
    "evidence",
    "occurred_at",
    "recorded_at",
    "valid_until",
    "previous_hash",
    "hash",
)
_STORE: Final = f"""
WITH entry AS (
    INSERT INTO consent_consentevent ({", ".join(_ENTRY)})
    SELECT {", ".join(_ENTRY)} FROM json_to_recordset(%s::json) AS fresh(public_id text, customer_id bigint,
        subject text, seq integer, purpose_id bigint, event text, legal_basis text, place text, rule_set text,
        notice_id bigint, source text, actor text, evidence jsonb, occurred_at timestamptz, recorded_at timestamptz,
        valid_until timestamptz, previous_hash text, hash text)
    ORDER BY customer_id, seq
    RETURNING id, customer_id, seq
), state AS (
    INSERT INTO consent_consentstate (customer_id, purpose_id, state, event_id, allowed, reason, granted_at,
        valid_until, updated_at)
    SELECT fresh.customer_id, purpose_id, state, coalesce(entry.id, event_id), allowed, reason, granted_at,
        valid_until, %s
    FROM json_to_recordset(%s::json) AS fresh(customer_id bigint, purpose_id bigint, state text, event_id bigint,
        seq integer, allowed boolean, reason text, granted_at timestamptz, valid_until timestamptz)
    LEFT JOIN entry ON entry.customer_id = fresh.customer_id AND entry.seq = fresh.seq
    ON CONFLICT (customer_id, purpose_id) DO UPDATE SET state = EXCLUDED.state, event_id = EXCLUDED.event_id,
        allowed = EXCLUDED.allowed, reason = EXCLUDED.reason, granted_at = EXCLUDED.granted_at,
        valid_until = EXCLUDED.valid_until, updated_at = EXCLUDED.updated_at
), person AS (
    UPDATE customers_customer AS customer
    SET consent_mask = fresh.mask, consent_until = fresh.until, gpc_first_seen_at = fresh.gpc,
        sensitive_limited = fresh.limited, updated_at = %s,
        consent_ref = coalesce(last.entry_id, consent_ref)
    FROM json_to_recordset(%s::json) AS fresh(id bigint, mask bigint, until timestamptz, gpc timestamptz,
        limited boolean)
    LEFT JOIN (SELECT customer_id, max(id) AS entry_id FROM entry GROUP BY customer_id) AS last
        ON last.customer_id = fresh.id
    WHERE customer.id = fresh.id
), token AS (
    UPDATE consent_consenttoken AS token SET revoked_at = %s, revoked_because = 'consent_ended'
    FROM json_to_recordset(%s::json) AS lost(customer_id bigint, mask bigint)
    WHERE token.customer_id = lost.customer_id AND token.mask & lost.mask <> 0
        AND token.revoked_at IS NULL AND token.expires_at > %s
)
SELECT customer_id, seq, id FROM entry
"""  # noqa: S608 - column names are constants of this module


@dataclass(slots=True)
class Sheet:
    """Rows to be stored: entries, changed states (`seq` names the new entry behind one), changed people, lost bits."""

    entries: list[ConsentEvent] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    lost: list[dict[str, int]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.entries or self.states or self.people or self.lost)


def store(*, sheet: Sheet, now: datetime) -> None:
    """All rows of the sheet are stored, and its entries know their database ids; nothing is sent when it is empty."""
    if not sheet:
        return
    entries = [{name: getattr(entry, name) for name in _ENTRY} for entry in sheet.entries]
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE,
            [_json(entries), now, _json(sheet.states), now, _json(sheet.people), now, _json(sheet.lost), now],
        )
        ids = {(customer_id, seq): pk for customer_id, seq, pk in cursor.fetchall()}
    for entry in sheet.entries:
        entry.pk = ids[entry.customer_id, entry.seq]


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()
