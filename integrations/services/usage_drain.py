"""Bringing what was counted from Redis into the tables of usage, and forgetting what is past its retention."""

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from redis.exceptions import ResponseError

from core.ids import new_id
from core.meter import shared_redis
from integrations.models import DailyUsage, QuotaWarning, RefusedRequest
from integrations.services.networks import store_networks
from integrations.services.usage import usage_key

BATCH: Final = 10_000
_LOG: Final = "integrations_requestline"
_USAGE: Final = """
INSERT INTO integrations_dailyusage AS u (day, client_id, method, route, calls, client_errors, server_errors, limited,
  cached, deprecated, buckets, first_byte)
SELECT * FROM json_to_recordset(%s::json) AS (day date, client_id text, method text, route text, calls bigint,
  client_errors bigint, server_errors bigint, limited bigint, cached bigint, deprecated bigint, buckets jsonb,
  first_byte jsonb)
ON CONFLICT (client_id, day, method, route) DO UPDATE SET calls = u.calls + excluded.calls,
  client_errors = u.client_errors + excluded.client_errors, server_errors = u.server_errors + excluded.server_errors,
  limited = u.limited + excluded.limited, cached = u.cached + excluded.cached,
  deprecated = u.deprecated + excluded.deprecated, buckets = integrations_added(u.buckets, excluded.buckets),
  first_byte = integrations_added(u.first_byte, excluded.first_byte)
"""
_REFUSALS: Final = """
INSERT INTO integrations_refusedrequest AS r
  (client_id, minute, method, route, status, code, param, request_id, count)
SELECT * FROM json_to_recordset(%s::json) AS (client_id text, minute timestamptz, method text, route text,
  status smallint, code text, param text, request_id text, count integer)
ON CONFLICT (client_id, minute, method, route, status, code, param)
DO UPDATE SET count = r.count + excluded.count, request_id = excluded.request_id
"""
# A run that died after its INSERT is repeated by the next one: lines that stand already are left alone.
_LINES: Final = """
INSERT INTO integrations_requestline (at, request_id, client_id, method, route, status, code, ms)
SELECT (line->>0)::timestamptz, line->>1, line->>2, line->>3, line->>4, (line->>5)::smallint, line->>6,
  (line->>7)::float8
FROM json_array_elements(%s::json) AS lines (line)
ON CONFLICT DO NOTHING
"""
_FIRST: Final = """
UPDATE integrations_apiclient c SET first_success_at = f.at
FROM json_to_recordset(%s::json) AS f (client_id text, at timestamptz)
WHERE c.public_id = f.client_id AND c.first_success_at IS NULL
"""
_DAYS: Final = """
SELECT c.relname, i.inhdetachpending FROM pg_class c
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = %(log)s::regclass
WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = %(log)s::regclass)
    AND c.relname ~ ('^' || %(log)s || '_[0-9]{4}_[0-9]{2}_[0-9]{2}$') AND c.relname < %(oldest)s
ORDER BY 1
"""
_NUMBERS: Final = ("calls", "client_errors", "server_errors", "limited", "cached", "deprecated")
_BINS: Final = {"b": ("buckets", "first_byte"), "t": ("buckets",), "f": ("first_byte",)}
_BIN: Final = re.compile(r"[btf][0-9]+")


def drain_usage(*, now: datetime) -> int:
    """What lay in Redis is in the tables; how many rows were touched. A run that died is finished by the next one."""
    redis = shared_redis()
    rows = _drained("usage", lambda name: _store_usage(_numbers(redis.hgetall(name))))
    rows += _drained("refusals", lambda name: _store_refusals(_numbers(redis.hgetall(name))))
    rows += _drained("lines", lambda name: _store_lines(name, now))
    _drained("networks", lambda name: store_networks(found=redis.hgetall(name)))
    _drained("first", lambda name: _store_first(redis.hgetall(name)))
    redis.set(usage_key(what="drained-at"), now.isoformat())
    return rows


def _drained(what: str, store: Callable[[str], int]) -> int:
    redis = shared_redis()
    with suppress(ResponseError):  # nothing there
        redis.rename(usage_key(what=what), usage_key(what=f"{what}-draining:{new_id('job')}"))
    rows = 0
    for name in redis.scan_iter(match=usage_key(what=f"{what}-draining:*"), count=1000):
        rows += store(_text(name))
        redis.delete(name)
    return rows


def _numbers(found: Mapping[Any, Any]) -> dict[str, int]:
    return {_text(field): int(number) for field, number in found.items()}


def _store_usage(found: Mapping[str, int]) -> int:
    rows: dict[str, dict[str, Any]] = {}
    for field, number in found.items():
        where, _, fact = field.rpartition("]")
        names = dict(zip(("day", "client_id", "method", "route"), json.loads(where + "]"), strict=True))
        fresh = {**names, **dict.fromkeys(_NUMBERS, 0), "buckets": {}, "first_byte": {}}
        row = rows.setdefault(where, fresh)
        if fact in _NUMBERS:
            row[fact] = number
        elif _BIN.fullmatch(fact):
            for column in _BINS[fact[0]]:
                row[column][fact[1:]] = row[column].get(fact[1:], 0) + number
    return _insert(_USAGE, [rows[where] for where in sorted(rows)])


def _store_refusals(found: Mapping[str, int]) -> int:
    names = ("client_id", "minute", "method", "route", "status", "code", "param")
    redis, fields = shared_redis(), sorted(found)
    ids = redis.hmget(usage_key(what="refusal-ids"), fields) if fields else []
    rows = [
        {**dict(zip(names, json.loads(field), strict=True)), "request_id": _text(rid or b""), "count": found[field]}
        for field, rid in zip(fields, ids, strict=True)
    ]
    stored = _insert(_REFUSALS, rows)
    if fields:
        redis.hdel(usage_key(what="refusal-ids"), *fields)
    return stored


def _store_lines(name: str, now: datetime) -> int:
    """The lines of this list; those of days that are past their retention are left out."""
    redis, oldest, stored = shared_redis(), first_kept(now=now), 0
    for start in range(0, redis.llen(name), 100):
        lines = [line for raw in redis.lrange(name, start, start + 99) for line in json.loads(raw)]
        kept = [line for line in lines if datetime.fromisoformat(line[0]) >= oldest]
        for day in sorted({datetime.fromisoformat(line[0]).astimezone(UTC).date() for line in kept}):
            _ensure_day(day)
        stored += _insert(_LINES, kept)
    return stored


def _store_first(found: Mapping[Any, Any]) -> int:
    return _insert(_FIRST, [{"client_id": _text(name), "at": _text(at)} for name, at in sorted(found.items())])


def _ensure_day(day: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT integrations_ensure_log_day(%s)", [day])


@transaction.atomic
def _insert(statement: str, rows: list[Any]) -> int:
    with connection.cursor() as cursor:
        for start in range(0, len(rows), BATCH):
            cursor.execute(statement, [json.dumps(rows[start : start + BATCH])])
    return len(rows)


def first_kept(*, now: datetime) -> datetime:
    """The first instant of the oldest day (UTC) that the log of requests keeps."""
    day = now.astimezone(UTC).date() - timedelta(days=settings.REQUEST_LOG_DAYS)
    return datetime.combine(day, time(), UTC)


def trim_usage(*, now: datetime) -> None:
    """Figures, warnings and refusals past their retention are gone, BATCH rows a statement."""
    last_day = now.date() - timedelta(days=settings.USAGE_RETENTION_DAYS)
    last_minute = now - timedelta(days=settings.REFUSED_REQUEST_RETENTION_DAYS)
    old_days = DailyUsage.objects.filter(day__lt=last_day).order_by("day").values("pk")
    while DailyUsage.objects.filter(pk__in=old_days[:BATCH]).delete()[0] == BATCH:
        continue
    QuotaWarning.objects.filter(day__lt=last_day).delete()
    old_refusals = RefusedRequest.objects.filter(minute__lt=last_minute).order_by("minute").values("pk")
    while RefusedRequest.objects.filter(pk__in=old_refusals[:BATCH]).delete()[0] == BATCH:
        continue


def drop_old_log(*, now: datetime) -> list[str]:
    """Days of the log past their retention are gone; the names of the tables dropped.

    A day is detached concurrently, so this must be called outside a transaction. What an interrupted call left half
    done is finished by the next.
    """
    oldest = f"{_LOG}_{first_kept(now=now):%Y_%m_%d}"
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, {"log": _LOG, "oldest": oldest})
        days = cursor.fetchall()
        for name, pending in days:
            if pending is not None:
                cursor.execute(
                    f"ALTER TABLE {_LOG} DETACH PARTITION {name} {'FINALIZE' if pending else 'CONCURRENTLY'}"
                )
            cursor.execute(f"DROP TABLE {name}")
    return [name for name, _ in days]


def _text(raw: bytes | str) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw
