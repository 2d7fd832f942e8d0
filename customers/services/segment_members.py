"""Writing who is in versions of segments: the difference between what their rules say and who is in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import DataError, transaction

from core.errors import DomainError
from core.models import Cursor
from customers.rules.segments.tree import Node, RuleError
from customers.selectors.segments.registry import grammar
from customers.selectors.segments.running import run
from customers.selectors.segments.statement import compile_verdicts

FOLLOWER: Final = "segments.members"
PEOPLE_AT_ONCE: Final = 5_000
RULES_AT_ONCE: Final = 40
# Members are found by customer and deleted by their place, so that the table is never read as a whole.
_SETTLE: Final = """
WITH verdict AS MATERIALIZED ({verdicts}),
told AS (
    SELECT d.id AS customer_id, s.version_id, d.verdicts[s.place] AS inside
    FROM verdict d CROSS JOIN unnest(%(versions)s::bigint[]) WITH ORDINALITY AS s (version_id, place)
), mine AS MATERIALIZED (
    SELECT m.ctid AS place, m.version_id, m.customer_id FROM customers_segmentmember m
    WHERE m.customer_id = ANY(%(people)s::bigint[]) AND m.version_id = ANY(%(versions)s::bigint[])
), entered AS (
    INSERT INTO customers_segmentmember (version_id, customer_id, entered_at)
    SELECT t.version_id, t.customer_id, coalesce((
        SELECT o.entered_at FROM customers_segmentmember o
        WHERE o.version_id = %(former)s AND o.customer_id = t.customer_id
    ), %(now)s)
    FROM told t LEFT JOIN mine m ON m.version_id = t.version_id AND m.customer_id = t.customer_id
    WHERE t.inside AND m.customer_id IS NULL ORDER BY 1, 2
    ON CONFLICT DO NOTHING RETURNING version_id, customer_id
), exited AS (
    DELETE FROM customers_segmentmember WHERE ctid = ANY(ARRAY(
        SELECT m.place FROM mine m JOIN told t ON t.version_id = m.version_id AND t.customer_id = m.customer_id
        WHERE NOT t.inside
    )) RETURNING version_id, customer_id
), counted AS (
    UPDATE customers_segmentversion v SET members = v.members + d.more FROM (
        SELECT version_id, sum(step) AS more FROM (
            SELECT version_id, 1 AS step FROM entered UNION ALL SELECT version_id, -1 FROM exited
        ) AS steps GROUP BY 1
    ) AS d WHERE v.id = d.version_id
)
SELECT version_id, customer_id, true FROM entered UNION ALL SELECT version_id, customer_id, false FROM exited
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """A customer who came into a version or left it."""

    version_id: int
    customer_id: int
    entered: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """Who moved, and the sentence of each rule that could not be evaluated; its members stay as they are."""

    moved: Sequence[Moved]
    refused: Mapping[int, str]


def hold_followers() -> Cursor:
    """The cursor of what follows segments, locked until the transaction ends: nobody else changes current members.

    Whoever needs it locks it before any segment.
    """
    Cursor.objects.get_or_create(name=FOLLOWER)
    return Cursor.objects.select_for_update().get(name=FOLLOWER)


def settle(*, rules: Mapping[int, Node], people: Sequence[int], now: datetime, former: int = 0) -> Settled:
    """Of these customers exactly those are in each version (id) whose rule holds at `now`; in a few statements.

    Who was in the version `former` keeps the instant since when she was.
    """
    moved: list[Moved] = []
    refused: dict[int, str] = {}
    versions = list(rules)
    for first in range(0, len(versions), RULES_AT_ONCE):
        part = {version: rules[version] for version in versions[first : first + RULES_AT_ONCE]}
        for start in range(0, len(people), PEOPLE_AT_ONCE):
            left = {version: node for version, node in part.items() if version not in refused}
            _settle(left, people[start : start + PEOPLE_AT_ONCE], now, former, moved, refused)
    return Settled(moved, refused)


def _settle(
    rules: Mapping[int, Node],
    people: Sequence[int],
    now: datetime,
    former: int,
    moved: list[Moved],
    refused: dict[int, str],
) -> None:
    """One statement; when it is refused, half of the rules each, so that one rule never holds up the others."""
    if not rules:
        return
    try:
        with transaction.atomic():
            moved += _written(rules, people, now, former)
    except (RuleError, DomainError, DataError) as refusal:
        if len(rules) == 1:
            refused[next(iter(rules))] = _sentence(refusal)
            return
        versions = list(rules)
        for half in (versions[: len(versions) // 2], versions[len(versions) // 2 :]):
            _settle({version: rules[version] for version in half}, people, now, former, moved, refused)


def _sentence(refusal: Exception) -> str:
    if isinstance(refusal, DataError):
        return f"The database refused the calculation ({type(refusal).__name__})."
    return str(refusal)


def _written(rules: Mapping[int, Node], people: Sequence[int], now: datetime, former: int) -> list[Moved]:
    verdicts = compile_verdicts(rules=rules, grammar=grammar(), people=people, now=now)
    sql = _SETTLE.format(verdicts=verdicts.sql)
    names = {"versions": list(rules), "people": list(people), "now": now, "former": former}
    rows = run(sql, verdicts.parameters | names, seconds=settings.SEGMENT_BUILD_SECONDS)
    return [Moved(*row) for row in rows]
