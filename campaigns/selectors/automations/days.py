"""Dates of profiles: whose day it is, of everybody or of those whose rows were written since, a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection

from campaigns.rules.automations.graph import Graph
from campaigns.rules.quiet import zone_of
from customers.selectors.segments.comparing import KNOWN_SQL

_COLUMNS: Final = ("birth_date", "created_at", "last_order_at")
# A value that was sealed since the automation was published is no date any more.
_OWN: Final = (
    "(CASE jsonb_typeof(c.attributes -> %(attribute)s) WHEN 'string' THEN c.attributes ->> %(attribute)s END)::date"
)
_KNOWN: Final = KNOWN_SQL.replace("%", "%%")
_OF_DAY: Final = """
SELECT c.id, c.time_zone, d.value, c.xid FROM customers_customer c CROSS JOIN LATERAL (SELECT {value} AS value) d
WHERE c.id > %(after)s AND {known} AND {asked} ORDER BY c.id LIMIT %(limit)s
"""
_WRITTEN: Final = """
SELECT c.id, c.time_zone, CASE WHEN {known} THEN {value} END, c.xid FROM customers_customer c
WHERE (c.xid, c.id) > (%(xid)s, %(after)s) AND c.xid < %(horizon)s ORDER BY c.xid, c.id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Dated:
    """Somebody, her zone, and the day of an entry where she is; None when she has none or is nobody to write to."""

    pk: int
    zone: ZoneInfo
    day: date | None
    xid: int


def zone_in(graph: Graph, name: str) -> ZoneInfo:
    """The time zone of a person, else of the automation, else of the company."""
    return zone_of(name, (graph.get("limits") or {}).get("time_zone", settings.COMPANY_TIME_ZONE))


def value_of(entry: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """SQL for the value of an entry by date on `c`, a date or an instant, and its parameters."""
    name = entry["field"]
    return f"c.{name}" if name in _COLUMNS else _OWN, {"attribute": name.removeprefix("attributes.")}


def day_of(value: date | datetime | None, zone: ZoneInfo) -> date | None:
    """The day of a value: an instant lies on the day that it was where the person is."""
    return value.astimezone(zone).date() if isinstance(value, datetime) else value


def of_day(graph: Graph, *, on: date, after: int, limit: int) -> list[Dated]:
    """The next people behind `after` whose date may be this day, by id.

    Wide by a day on both sides, because instants have another day elsewhere, and by the leap day; `falls_on` decides.
    """
    value, values = value_of(graph["entry"])
    days = [on + timedelta(days=number) for number in (-1, 0, 1)]
    if graph["entry"].get("yearly", True):
        asked = "to_char(d.value, 'MM-DD') = ANY(%(days)s)"
        values["days"] = [*(f"{day:%m-%d}" for day in days), *(["02-29"] if (on.month, on.day) == (2, 28) else [])]
    else:
        asked = "d.value::date = ANY(%(days)s::date[])"
        values["days"] = days
    values |= {"after": after, "limit": limit}
    return _read(_OF_DAY.format(value=value, known=_KNOWN, asked=asked), values, graph)


def written(graph: Graph, *, xid: int, after: int, horizon: int, limit: int) -> list[Dated]:
    """The next people whose rows were written behind (xid, after) by transactions that are over, in that order."""
    value, values = value_of(graph["entry"])
    values |= {"xid": xid, "after": after, "horizon": horizon, "limit": limit}
    return _read(_WRITTEN.format(value=value, known=_KNOWN), values, graph)


def _read(statement: str, values: Mapping[str, Any], graph: Graph) -> list[Dated]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows = [(pk, zone_in(graph, zone), value, xid) for pk, zone, value, xid in cursor.fetchall()]
    return [Dated(pk, zone, day_of(value, zone), xid) for pk, zone, value, xid in rows]
