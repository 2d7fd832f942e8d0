"""From which networks the servers of clients call: noted once an hour for each process, kept by network and client."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import structlog
from django.db import connection
from redis.exceptions import RedisError

from core.meter import shared_redis
from integrations.rules.anomalies import network_of
from integrations.services.usage import usage_key

MOST_NOTED: Final = 20_000
_STORE: Final = """
INSERT INTO integrations_clientnetwork AS n (client_id, network, country, first_at, last_at)
SELECT client_id, network, country, at, at
FROM json_to_recordset(%s::json) AS x (client_id text, network text, country text, at timestamptz)
ORDER BY client_id, network
ON CONFLICT (client_id, network) DO UPDATE SET first_at = least(n.first_at, excluded.first_at),
  last_at = greatest(n.last_at, excluded.last_at),
  country = CASE WHEN excluded.country = '' THEN n.country ELSE excluded.country END
"""
log = structlog.get_logger("usage")
_network: Callable[[str], str] = lru_cache(maxsize=4_096)(network_of)


class _Noted:
    """What this process has noted in this hour."""

    hour: datetime | None = None
    places: set[tuple[str, str]] = set()


def note_network(*, client_id: str, address: str, country: str, now: datetime) -> None:
    """The client called from the network of this address; stored within seconds, once an hour for each process.

    `country` is two letters, or anything else where it is not known. While Redis is away nothing is noted.
    """
    hour, place = now.replace(minute=0, second=0, microsecond=0), (client_id, _network(address))
    if _Noted.hour != hour or len(_Noted.places) >= MOST_NOTED:
        _Noted.hour, _Noted.places = hour, set()
    if place in _Noted.places or not place[1]:
        return
    _Noted.places.add(place)
    known = country.upper() if len(country) == 2 and country.isascii() and country.isalpha() else ""
    try:
        shared_redis().hsetnx(usage_key(what="networks"), json.dumps(place), json.dumps([now.isoformat(), known]))
    except RedisError as error:
        log.warning("network_not_noted", client=client_id, reason=type(error).__name__)


def forget_noted() -> None:
    """This process notes every network anew."""
    _Noted.hour = None


def store_networks(*, found: Mapping[Any, Any]) -> int:
    """What was noted in Redis is in the table; how many networks."""
    rows = []
    for place, said in sorted(found.items()):
        (client_id, network), (at, country) = json.loads(place), json.loads(said)
        rows.append({"client_id": client_id, "network": network, "country": country, "at": at})
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_STORE, [json.dumps(rows)])
    return len(rows)
