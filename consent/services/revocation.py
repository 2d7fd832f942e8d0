"""Ending consent tokens before their time."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

_REVOKE = """
UPDATE consent_consenttoken AS token SET revoked_at = %s, revoked_because = %s
FROM unnest(%s::bigint[], %s::bigint[]) AS lost(customer_id, mask)
WHERE token.customer_id = lost.customer_id AND token.mask & lost.mask <> 0
    AND token.revoked_at IS NULL AND token.expires_at > %s AND token.basis LIKE %s
"""
_REVOKE_MOVED = """
UPDATE consent_consenttoken AS token SET revoked_at = %s, revoked_because = 'moved'
FROM unnest(%s::bigint[], %s::text[]) AS moved(customer_id, place)
WHERE token.customer_id = moved.customer_id AND token.place <> moved.place
    AND token.revoked_at IS NULL AND token.expires_at > %s AND token.basis = 'notice_opt_out'
"""


def revoke_masks(*, lost: Mapping[int, int], because: str, now: datetime, basis: str = "%") -> int:
    """Every living token of these customers (by id) that covers one of the lost bits is revoked; how many were.

    With `basis` only tokens that rest on it.
    """
    if not lost:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_REVOKE, [now, because, list(lost.keys()), list(lost.values()), now, basis])
        return int(cursor.rowcount)


def revoke_moved(*, places: Mapping[int, str], now: datetime) -> int:
    """Tokens that rest on notice under the rule of another place than the one given per customer are revoked."""
    if not places:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_REVOKE_MOVED, [now, list(places.keys()), list(places.values()), now])
        return int(cursor.rowcount)
