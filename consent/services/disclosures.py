"""Keeping who was told about whom: in the process for a second, in Redis until a task stores it.

What is lost when a process is killed: the last second of what that process told. What Redis loses when it ends without
its file: at most what was told since the last drain, a few seconds. While Redis is away a process keeps what it told;
beyond MOST_KEPT customers it says so in the log and lets the newest go. Storing the same again changes nothing, so a
task that died halfway is repeated.
"""

import atexit
import json
import threading
import time
from array import array
from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import connection, transaction
from redis.exceptions import RedisError, ResponseError

from consent.rules.disclosures import packed
from core.ids import new_id
from core.meter import shared_redis
from customers.services.erasing import Rows
from customers.services.telling import Telling

HANDED_ON_EVERY_S: Final = 1.0
MOST_KEPT: Final = 2_000_000
BATCH: Final = 500
AHEAD: Final = (0, 31, 62)
_HOUR_S: Final = 3_600
_FLOWS: Final = """
INSERT INTO consent_disclosureflow AS f (recipient, way, kinds, first_at, last_at)
SELECT recipient, way, kinds, min(hour), max(hour)
FROM json_to_recordset(%s::json) AS x(recipient text, way text, kinds text, hour timestamptz)
GROUP BY recipient, way, kinds ORDER BY recipient, way, kinds
ON CONFLICT (recipient, way, kinds) DO UPDATE SET
  first_at = least(f.first_at, excluded.first_at), last_at = greatest(f.last_at, excluded.last_at)
RETURNING recipient, way, kinds, id
"""
_STORE: Final = """
INSERT INTO consent_disclosure AS d (chunk, flow_id, hour, people)
SELECT chunk, flow, hour, people::bit(1024)
FROM json_to_recordset(%s::json) AS x(chunk integer, flow integer, hour timestamptz, people text)
ORDER BY chunk, hour, flow
ON CONFLICT (chunk, hour, flow_id) DO UPDATE SET people = d.people | excluded.people
WHERE d.people | excluded.people <> d.people
"""
Told = tuple[int, Telling]
"""The hour (since the epoch) and the way."""
log = structlog.get_logger("disclosures")


class _Kept:
    """What this process told and has not yet handed on."""

    lock = threading.Lock()
    told: dict[Told, "array[int]"] = {}
    number = 0
    thread: threading.Thread | None = None


def keep_told(telling: Telling, customer_ids: Collection[int], /) -> None:
    """It will be stored; costs a few microseconds and no query."""
    with _Kept.lock:
        if _Kept.number >= MOST_KEPT:
            return
        key = (int(time.time()) // _HOUR_S, telling)
        if key not in _Kept.told:
            _Kept.told[key] = array("q")
        _Kept.told[key].extend(customer_ids)
        _Kept.number += len(customer_ids)
        if _Kept.thread is None:
            _Kept.thread = threading.Thread(target=_keep_handing_on, name="disclosures", daemon=True)
            _Kept.thread.start()
            atexit.register(hand_on)


def _keep_handing_on() -> None:
    pause = threading.Event()
    while True:
        pause.wait(HANDED_ON_EVERY_S)
        hand_on()


def hand_on() -> None:
    """What this process told is in Redis; kept for the next time while Redis is away."""
    with _Kept.lock:
        told, _Kept.told, full, _Kept.number = _Kept.told, {}, _Kept.number >= MOST_KEPT, 0
    if full:
        log.error("disclosures_lost", kept=MOST_KEPT)
    if not told:
        return
    try:
        shared_redis().rpush(_name("told"), *(_message(key, ids) for key, ids in told.items()))
    except RedisError as error:
        log.warning("disclosures_kept_back", reason=type(error).__name__)
        with _Kept.lock:
            for key, ids in told.items():
                _Kept.told.setdefault(key, array("q")).extend(ids)
                _Kept.number += len(ids)


def _message(key: Told, customer_ids: "array[int]") -> str:
    hour, telling = key
    ids = b64encode(customer_ids.tobytes()).decode()
    return json.dumps([hour, telling.to, telling.way, telling.kinds, ids])


def drain_disclosures() -> int:
    """What lay in Redis is in the ledger; how many rows were touched."""
    redis = shared_redis()
    with suppress(ResponseError):  # nothing there
        redis.rename(_name("told"), _name(f"draining:{new_id('job')}"))
    stored = 0
    for name in redis.scan_iter(match=_name("draining:*"), count=1_000):
        stored += _store(_merged(redis.lrange(name, 0, -1)))
        redis.delete(name)
    return stored


def _merged(messages: Iterable[Any]) -> dict[Told, set[int]]:
    merged: dict[Told, set[int]] = {}
    for message in messages:
        hour, to, way, kinds, ids = json.loads(message)
        numbers = array("q")
        numbers.frombytes(b64decode(ids))
        merged.setdefault((hour, Telling(to, way, tuple(kinds))), set()).update(numbers)
    return merged


def record_disclosure(*, telling: Telling, customer_ids: Collection[int], now: datetime) -> int:
    """Stored at once, in the caller's transaction: for packages, exports, webhooks and synchronisations."""
    return _store({(int(now.timestamp()) // _HOUR_S, telling): set(customer_ids)}) if customer_ids else 0


@transaction.atomic
def _store(told: Mapping[Told, set[int]]) -> int:
    flows = _flow_ids(told)
    rows = [
        {"chunk": chunk, "flow": flows[telling], "hour": _instant(hour), "people": people}
        for (hour, telling), ids in told.items()
        for chunk, people in packed(ids).items()
    ]
    rows.sort(key=lambda row: (row["chunk"], row["hour"], row["flow"]))
    with connection.cursor() as cursor:
        for start in range(0, len(rows), BATCH):
            cursor.execute(_STORE, [json.dumps(rows[start : start + BATCH])])
    return len(rows)


def _flow_ids(told: Mapping[Told, set[int]]) -> dict[Telling, int]:
    known = {(t.to, t.way, ", ".join(t.kinds)): t for _, t in told}
    rows = [{"recipient": t.to, "way": t.way, "kinds": ", ".join(t.kinds), "hour": _instant(hour)} for hour, t in told]
    with connection.cursor() as cursor:
        cursor.execute(_FLOWS, [json.dumps(rows)])
        return {known[recipient, way, kinds]: pk for recipient, way, kinds, pk in cursor.fetchall()}


def _instant(hour: int) -> str:
    return datetime.fromtimestamp(hour * _HOUR_S, UTC).isoformat()


def keep_disclosure_months(*, keep_months: int, now: datetime) -> int:
    """The months ahead have a place; months that ended more than `keep_months` months ago are gone, how many."""
    months = now.year * 12 + now.month - 1 - keep_months
    oldest = date(months // 12, months % 12 + 1, 1)
    with connection.cursor() as cursor:
        for days in AHEAD:
            cursor.execute("SELECT consent_ensure_disclosures(%s)", [(now + timedelta(days=days)).date()])
        cursor.execute("SELECT consent_drop_disclosures_before(%s)", [oldest])
        return int(cursor.fetchone()[0])


def keep_disclosures(customer_ids: Sequence[int], /) -> Rows:
    """Erasing leaves the record in place: whoever was told about a person has to be told of the erasure too."""
    return Rows()


def _name(what: str) -> str:
    return f"{settings.REDIS_PREFIX}:disclosures:{what}"
