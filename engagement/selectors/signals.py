"""Events as automations hear of them: by transaction, or what somebody did since an instant."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import connection

from campaigns.rules.automations.signals import Signal
from campaigns.selectors.automations.sources import SignalSource
from core.errors import NotFound
from customers.selectors.segments.comparing import KNOWN_SQL
from engagement.rules.catalogue import BY_NAME
from engagement.selectors.catalogue import find_type, list_types
from engagement.selectors.log import oldest_waiting

# Of what people did with messages only what a person surely did is heard: `click` and `open` with the verdict human.
# What partners report carries no verdict of ours and counts as they say.
MACHINES: Final = ("machine-open", "machine-click")
_JUDGED: Final = ", ".join(str(BY_NAME[name].id) for name in ("open", "click"))
_VERDICT: Final = "coalesce(e.properties -> 'properties' ->> 'verdict', 'human')"
_HUMAN: Final = f"(e.type_id NOT IN ({_JUDGED}) OR {_VERDICT} = 'human')"
# What counts belongs to people we know, also when a visitor did it whose profile was absorbed since.
_COLUMNS: Final = "e.event_id, e.occurred_at, e.type_id, e.properties::text, l.value"
_READ: Final = f"""
SELECT c.id, {_COLUMNS} FROM engagement_event e
JOIN customers_customer v ON v.id = e.customer_id JOIN customers_customer c ON c.id = coalesce(v.merged_into_id, v.id)
LEFT JOIN engagement_label l ON l.id = e.campaign_id
WHERE e.xid > %s AND e.xid <= %s AND e.type_id = ANY(%s::smallint[]) AND {_HUMAN}
AND {KNOWN_SQL} ORDER BY e.xid, e.event_id
"""  # noqa: S608
_RECENT: Final = f"""
SELECT s.id, {_COLUMNS} FROM unnest(%s::bigint[], %s::timestamptz[]) AS s (id, since)
JOIN LATERAL (
    SELECT s.id AS who UNION ALL SELECT m.id FROM customers_customer m WHERE m.merged_into_id = s.id
) w ON true
JOIN engagement_event e ON e.customer_id = w.who AND e.occurred_at >= s.since AND e.type_id = ANY(%s::smallint[])
    AND {_HUMAN}
LEFT JOIN engagement_label l ON l.id = e.campaign_id ORDER BY e.occurred_at, e.event_id
"""  # noqa: S608


def _ids(names: Collection[str]) -> dict[int, str]:
    found = {}
    for name in names:
        try:
            found[find_type(name=name).kind.id] = name
        except NotFound:
            continue
    return found


def _read(after: int, upto: int, names: Collection[str]) -> Iterable[Signal]:
    ids = _ids(names)
    return _signals(_READ, [after, upto, list(ids)], ids) if ids else ()


def _recent(since: Mapping[int, datetime], names: Collection[str]) -> Iterable[Signal]:
    ids = _ids(names)
    return _signals(_RECENT, [list(since), list(since.values()), list(ids)], ids) if ids else ()


def _signals(statement: str, parameters: list[Any], ids: Mapping[int, str]) -> list[Signal]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [
            Signal(f"event:{ids[kind]}", f"event:{event}", customer, at, _facts(members, campaign))
            for customer, event, at, kind, members, campaign in cursor.fetchall()
        ]


def _facts(members: str | None, campaign: str | None) -> dict[str, Any]:
    return {**(msgspec.json.decode(members) if members else {}), "campaignId": campaign}


def _wrong(trigger: Mapping[str, Any]) -> list[str]:
    if trigger["event"] in MACHINES:
        return ["Machines did that, not people: link scanners and privacy proxies start nothing."]
    try:
        find_type(name=trigger["event"])
    except NotFound as refusal:
        return [refusal.message]
    return []


def _choices() -> list[tuple[str, str]]:
    return [(kind.name, kind.title) for kind in list_types() if kind.name not in MACHINES]


SIGNALS: Final = SignalSource(
    on="event",
    read=_read,
    recent=_recent,
    oldest=lambda after: oldest_waiting(after=after),
    wrong=_wrong,
    choices=_choices,
)
