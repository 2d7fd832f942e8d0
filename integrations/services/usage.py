"""Counting calls: in the process for a second, in Redis until a task drains them into the tables of usage.

What a process has not handed on when it is killed is lost: a second of figures, never a quota, which is counted
apart and at once.
"""

import atexit
import json
import re
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import connection, transaction
from redis.exceptions import RedisError, ResponseError

from core.ids import new_id
from core.meter import shared_redis
from integrations.models import DailyUsage, RefusedRequest
from integrations.rules.percentiles import BOUNDS_MS, bucket_of

HANDED_ON_EVERY_S: Final = 1.0
MOST_KEPT: Final = 50_000
BATCH: Final = 10_000
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_.\[\]-]{1,60}")
log = structlog.get_logger("usage")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was answered: whose, where (as a template), how, how fast; `code` of a refusal, else empty."""

    client_id: str
    method: str
    route: str
    status: int
    seconds: float
    at: datetime
    request_id: str
    code: str = ""
    param: str = ""
    cached: bool = False


class _Kept:
    """What this process has counted and not yet handed on."""

    lock = threading.Lock()
    usage: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    last_ids: dict[str, str] = {}
    thread: threading.Thread | None = None


def note_call(*, call: Call) -> None:
    """The call is counted; it shows in the tables once a task has drained it, seconds later."""
    where = json.dumps([call.at.date().isoformat(), call.client_id, call.method[:8], call.route[:200]])
    facts = ["calls", f"b{bucket_of(call.seconds * 1000)}"]
    facts += ["client_errors"] * (400 <= call.status < 500) + ["server_errors"] * (call.status >= 500)
    facts += ["limited"] * (call.status == 429) + ["cached"] * call.cached
    with _Kept.lock:
        if len(_Kept.usage) < MOST_KEPT:
            for fact in facts:
                _Kept.usage[f"{where}{fact}"] += 1
        if call.code:
            _count_refusal(call)
        if _Kept.thread is None:
            _Kept.thread = threading.Thread(target=_keep_handing_on, name="usage", daemon=True)
            _Kept.thread.start()
            atexit.register(hand_on)


def _count_refusal(call: Call) -> None:
    param = call.param if _PLAIN_NAME.fullmatch(call.param) else ""
    minute = call.at.replace(second=0, microsecond=0).isoformat()
    row = [call.client_id, minute, call.method[:8], call.route[:200], call.status, call.code[:40], param]
    key = json.dumps(row)
    if key in _Kept.refusals or len(_Kept.refusals) < MOST_KEPT:
        _Kept.refusals[key] += 1
        _Kept.last_ids[key] = call.request_id


def _keep_handing_on() -> None:
    pause = threading.Event()
    while True:
        pause.wait(HANDED_ON_EVERY_S)
        hand_on()


def hand_on() -> None:
    """What this process counted is in Redis; kept for the next time while Redis is away."""
    with _Kept.lock:
        usage, refusals, ids = _Kept.usage, _Kept.refusals, _Kept.last_ids
        _Kept.usage, _Kept.refusals, _Kept.last_ids = Counter(), Counter(), {}
    if not usage and not refusals:
        return
    try:
        with shared_redis().pipeline() as pipe:
            for field, number in usage.items():
                pipe.hincrby(_name("usage"), field, number)
            for field, number in refusals.items():
                pipe.hincrby(_name("refusals"), field, number)
            for field, request_id in ids.items():
                pipe.hset(_name("refusal-ids"), field, request_id)
            pipe.execute()
    except RedisError as error:
        log.warning("usage_kept_back", reason=type(error).__name__)
        with _Kept.lock:
            _Kept.usage.update(usage)
            _Kept.refusals.update(refusals)
            _Kept.last_ids = ids | _Kept.last_ids


def drain_usage() -> int:
    """What lay in Redis is in the tables; how many rows were touched. A run that died is finished by the next one."""
    return _drained("usage", _store_usage) + _drained("refusals", _store_refusals)


def _drained(what: str, store: Any) -> int:
    redis = shared_redis()
    with suppress(ResponseError):  # nothing there
        redis.rename(_name(what), _name(f"{what}-draining:{new_id('job')}"))
    rows = 0
    for name in redis.scan_iter(match=_name(f"{what}-draining:*"), count=1000):
        found = {_text(field): int(number) for field, number in redis.hgetall(name).items()}
        rows += store(found)
        redis.delete(name)
    return rows


_USAGE: Final = """
INSERT INTO integrations_dailyusage AS u
  (day, client_id, method, route, calls, client_errors, server_errors, limited, cached, buckets)
SELECT * FROM json_to_recordset(%s::json) AS (day date, client_id text, method text, route text, calls bigint,
  client_errors bigint, server_errors bigint, limited bigint, cached bigint, buckets bigint[])
ON CONFLICT (client_id, day, method, route) DO UPDATE SET calls = u.calls + excluded.calls,
  client_errors = u.client_errors + excluded.client_errors, server_errors = u.server_errors + excluded.server_errors,
  limited = u.limited + excluded.limited, cached = u.cached + excluded.cached,
  buckets = (SELECT array_agg(a + b ORDER BY place)
             FROM unnest(u.buckets, excluded.buckets) WITH ORDINALITY AS t(a, b, place))
"""
_REFUSALS: Final = """
INSERT INTO integrations_refusedrequest AS r
  (client_id, minute, method, route, status, code, param, request_id, count)
SELECT * FROM json_to_recordset(%s::json) AS (client_id text, minute timestamptz, method text, route text,
  status smallint, code text, param text, request_id text, count integer)
ON CONFLICT (client_id, minute, method, route, status, code, param)
DO UPDATE SET count = r.count + excluded.count, request_id = excluded.request_id
"""
_NUMBERS: Final = ("calls", "client_errors", "server_errors", "limited", "cached")


def _store_usage(found: Mapping[str, int]) -> int:
    rows: dict[str, dict[str, Any]] = {}
    for field, number in found.items():
        where, _, fact = field.rpartition("]")
        names = dict(zip(("day", "client_id", "method", "route"), json.loads(where + "]"), strict=True))
        row = rows.setdefault(where, {**names, **dict.fromkeys(_NUMBERS, 0), "buckets": [0] * (len(BOUNDS_MS) + 1)})
        if fact in _NUMBERS:
            row[fact] = number
        else:
            row["buckets"][int(fact[1:])] = number
    return _insert(_USAGE, [rows[where] for where in sorted(rows)])


def _store_refusals(found: Mapping[str, int]) -> int:
    names = ("client_id", "minute", "method", "route", "status", "code", "param")
    redis, fields = shared_redis(), sorted(found)
    ids = redis.hmget(_name("refusal-ids"), fields) if fields else []
    rows = [
        {**dict(zip(names, json.loads(field), strict=True)), "request_id": _text(rid or b""), "count": found[field]}
        for field, rid in zip(fields, ids, strict=True)
    ]
    stored = _insert(_REFUSALS, rows)
    if fields:
        redis.hdel(_name("refusal-ids"), *fields)
    return stored


@transaction.atomic
def _insert(statement: str, rows: list[dict[str, Any]]) -> int:
    with connection.cursor() as cursor:
        for start in range(0, len(rows), BATCH):
            cursor.execute(statement, [json.dumps(rows[start : start + BATCH])])
    return len(rows)


def trim_usage(*, now: datetime) -> None:
    """Figures and refusals past their retention are gone, BATCH rows a statement."""
    last_day = now.date() - timedelta(days=settings.USAGE_RETENTION_DAYS)
    last_minute = now - timedelta(days=settings.REFUSED_REQUEST_RETENTION_DAYS)
    old_days = DailyUsage.objects.filter(day__lt=last_day).order_by("day").values("pk")
    while DailyUsage.objects.filter(pk__in=old_days[:BATCH]).delete()[0] == BATCH:
        continue
    old_refusals = RefusedRequest.objects.filter(minute__lt=last_minute).order_by("minute").values("pk")
    while RefusedRequest.objects.filter(pk__in=old_refusals[:BATCH]).delete()[0] == BATCH:
        continue


def _text(raw: bytes | str) -> str:
    return raw.decode() if isinstance(raw, bytes) else raw


def _name(what: str) -> str:
    return f"{settings.REDIS_PREFIX}:usage:{what}"
