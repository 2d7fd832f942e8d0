"""Events as segments follow them: who has new ones, and whose windows moved past one."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from django.db import connection

from core.errors import NotFound
from core.models import Cursor
from customers.rules.segments.mentions import Clock
from customers.selectors.segments.touching import TouchSource
from engagement.rules.segments import SOURCE, topic_of
from engagement.selectors.catalogue import find_type
from engagement.selectors.log import oldest_waiting

LAST_SEEN: Final = "profile:last_seen_at"
_PREFIX: Final = topic_of("")
_ANY: Final = frozenset({"event", LAST_SEEN})
# Visitors are nobody to segments, unless somebody absorbed them.
_OWNER: Final = "JOIN customers_customer c ON c.id = e.customer_id AND (c.is_known OR c.merged_into_id IS NOT NULL)"
_TOUCHED: Final = f"""
SELECT coalesce(c.merged_into_id, c.id), array_agg(DISTINCT e.type_id) FROM engagement_event e {_OWNER}
WHERE e.xid > %s AND e.xid <= %s AND (%s::smallint[] IS NULL OR e.type_id = ANY(%s::smallint[])) GROUP BY 1
"""  # noqa: S608
_PASSED: Final = f"""
SELECT DISTINCT coalesce(c.merged_into_id, c.id) FROM engagement_event e {_OWNER}
WHERE e.occurred_at BETWEEN %(since)s AND %(until)s
"""  # noqa: S608


def _touched(after: int, upto: int, topics: Collection[str]) -> Mapping[int, Collection[str]]:
    """Who has events of transactions in (after, upto] that some rule asks about."""
    names = [topic.removeprefix(_PREFIX) for topic in topics if topic.startswith(_PREFIX)]
    ids = _ids(names)
    wanted = None if _ANY & set(topics) else list(ids)
    if wanted == []:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, [after, upto, wanted, wanted])
        return {pk: {*_ANY, *(topic_of(ids[kind]) for kind in kinds if kind in ids)} for pk, kinds in cursor}


def _ids(names: Collection[str]) -> dict[int, str]:
    """Name by id of the types of these names, also of one that was registered a moment ago."""
    found = {}
    for name in names:
        with suppress(NotFound):
            found[find_type(name=name).kind.id] = name
    return found


def _ready(topics: Collection[str]) -> int | None:
    """Rules about when somebody was last seen wait for the follower that says so."""
    if LAST_SEEN not in topics:
        return None
    return Cursor.objects.filter(name="events.last_seen").values_list("xid", flat=True).first() or 0


def _oldest(after: int) -> datetime | None:
    return oldest_waiting(after=after)


def passed(clock: Clock, since: datetime, until: datetime) -> tuple[str, Mapping[str, Any]]:
    """The customers with events of that time; those that lay ahead when they were received, for the age of nothing."""
    parameters: dict[str, Any] = {"since": since, "until": until}
    sql = _PASSED if clock.age else f"{_PASSED} AND e.occurred_at > e.received_at"
    if not clock.kinds:
        return sql, parameters
    return f"{sql} AND e.type_id = ANY(%(kinds)s::smallint[])", parameters | {"kinds": list(_ids(clock.kinds))}


EVENTS: Final = TouchSource(name=SOURCE, touched=_touched, oldest=_oldest, ready=_ready)
