"""The one statement of the hot path: who is it, may we, did we have it, store it; composed of the joins it needs."""

from functools import lru_cache
from typing import Final, NamedTuple


class Needs(NamedTuple):
    """What a batch makes necessary: how its people are named, tokens, repeated ids, all or nothing, every row told."""

    external: bool = False
    public: bool = False
    visitor: bool = False
    token: bool = False
    repeats: bool = False
    atomic: bool = False
    everybody: bool = False


_ITEMS: Final = """
    ROWS FROM (json_to_recordset(%(items)s::json) AS (
        s integer, k uuid, t timestamptz, u text, p text, a text, y smallint, v smallint, d smallint, c integer, j text,
        m bigint, q bigint, x jsonb
    )) WITH ORDINALITY AS i (s, k, t, u, p, a, y, v, d, c, j, m, q, x, n)"""
_EXTERNAL: Final = "LEFT JOIN customers_customer e ON e.external_id = i.u"
_PUBLIC: Final = "LEFT JOIN customers_customer p ON p.public_id = i.p"
_VISITOR: Final = "LEFT JOIN customers_identity a ON a.kind = 'anonymous_id' AND a.value = i.a"
_PERSON: Final = "LEFT JOIN customers_customer c ON c.id = coalesce({})"
_PROOF: Final = """LEFT JOIN consent_consenttoken o ON o.jti = i.j AND o.revoked_at IS NULL
        AND o.expires_at > %(now)s AND o.mask & i.m <> 0
        AND (o.customer_id = c.id OR EXISTS (
            SELECT FROM customers_customer b WHERE b.id = o.customer_id AND b.merged_into_id = c.id))"""
# A mask whose earliest end has passed is checked against the states themselves until the job has renewed it.
_BY_STATE: Final = """
        WHEN c.consent_mask & i.m = 0 THEN 'consent_required'
        WHEN c.consent_until IS NOT NULL AND c.consent_until <= %(now)s AND NOT EXISTS (
            SELECT FROM consent_consentstate s WHERE s.customer_id = c.id AND s.purpose_id = i.q AND s.allowed
            AND (s.valid_until IS NULL OR s.valid_until > %(now)s)) THEN 'consent_required'"""
_IF_CARRIED: Final = """
        WHEN i.j IS NOT NULL THEN CASE WHEN o.id IS NULL THEN 'consent_invalid' END"""
_GATED: Final = """
WITH asked AS (
    SELECT i.n, i.s, i.k, i.t, i.y, i.v, i.d, i.c, i.x, c.id AS person, {ref} AS ref, {kind}::smallint AS kind, CASE
        WHEN c.id IS NULL THEN 'unknown_user'
        WHEN c.status = 'deleted' OR c.consent_mask & 1 = 0 THEN 'suppressed'{token}{state}
    END AS refusal
    FROM {items}
    {joins}
), gated AS MATERIALIZED (
    SELECT *, refusal IS NULL AS fit FROM asked
)"""
_HELD: Final = "EXISTS (SELECT FROM engagement_event_key h WHERE h.source_id = {0}.s AND h.key = {0}.k)"
_ALL_OR_NOTHING: Final = f"""
        AND NOT EXISTS (SELECT FROM gated w WHERE NOT w.fit AND NOT {_HELD.format("w")})"""
# `fit` and not `refusal IS NULL`: PostgreSQL expects one row of the latter and would join row by row.
_STORED: Final = """, chosen AS (
    SELECT {once} * FROM gated g WHERE g.fit{condition} ORDER BY g.k, g.s, g.n
), fresh AS (
    INSERT INTO engagement_event_key (source_id, key, received_at)
    SELECT s, k, %(now)s FROM chosen ON CONFLICT DO NOTHING RETURNING source_id, key
), kept AS (
    SELECT * FROM chosen JOIN fresh ON key = k AND source_id = s
), stored AS (
    INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref, source_id,
        campaign_id, type_id, schema_version, device, consent_kind, properties)
    SELECT k, t, %(now)s, (SELECT pg_current_xact_id()::text::bigint), person, ref, s, c, y, v, d, kind, x
    FROM kept
)
SELECT g.n::integer, g.person, g.refusal, {held}, s.n IS NOT NULL
FROM gated g LEFT JOIN kept s ON s.n = g.n"""


@lru_cache(maxsize=128)
def statement(*, needs: Needs) -> str:
    """SQL with the parameters items (JSON array of rows, each with its source's Label id) and now.

    Keys are inserted in their own order, so two batches wait for each other and never in a circle. Answers, for each
    row that was not stored (for every row with `everybody`): its number from 1, customer id or null, refusal or null,
    whether its key was known before, whether it was stored.
    """
    sources = (
        ("e.merged_into_id, e.id", _EXTERNAL, needs.external),
        ("p.merged_into_id, p.id", _PUBLIC, needs.public),
        ("a.customer_id", _VISITOR, needs.visitor),
    )
    names = ", ".join(name for name, _, used in sources if used) or "NULL"
    joins = [join for _, join, used in sources if used] + [_PERSON.format(names)]
    if needs.token:
        joins.append(_PROOF)
    gated = _GATED.format(
        ref="coalesce(o.id, c.consent_ref, 0)" if needs.token else "coalesce(c.consent_ref, 0)",
        kind="CASE WHEN o.id IS NULL THEN 1 ELSE 2 END" if needs.token else "1",
        token=_IF_CARRIED if needs.token else "",
        state=_BY_STATE,
        items=_ITEMS,
        joins="\n    ".join(joins),
    )
    stored = _STORED.format(
        once="DISTINCT ON (g.k, g.s)" if needs.repeats else "",
        condition=_ALL_OR_NOTHING if needs.atomic else "",
        held=_HELD.format("g"),
    )
    return gated + stored + ("" if needs.everybody else "\nWHERE s.n IS NULL")
