"""Counting calls: in the process for a second, in Redis until a task drains them into the tables of usage.

What a process has not handed on when it is killed is lost: a second of figures, never a quota, which is counted
apart and at once. A call adds to counters and to one list; everything else happens once a second for all calls.
"""

import atexit
import json
import re
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from core.meter import shared_redis
from integrations.rules.percentiles import bin_of

HANDED_ON_EVERY_S: Final = 1.0
MOST_KEPT: Final = 50_000
LINES_A_BATCH: Final = 200
MOST_BATCHES: Final = 5_000
"""The log in Redis is bounded while no worker drains it: the oldest lines go."""
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_.\[\]-]{1,60}")
log = structlog.get_logger("usage")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was answered: whose, where (as a template), how, how fast; `code` of a refusal, else empty.

    `seconds` ran until the answer was complete, `first_byte` until it began: the same unless it was streamed.
    """

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
    deprecated: bool = False
    first_byte: float | None = None


Where = tuple[date, str, str, str]


class _Kept:
    """What this process has counted and not yet handed on."""

    lock = threading.Lock()
    usage: dict[Where, Counter[str]] = {}
    lines: list[tuple[Any, ...]] = []
    refusals: Counter[str] = Counter()
    last_ids: dict[str, str] = {}
    first: dict[str, datetime] = {}
    succeeded: set[str] = set()
    thread: threading.Thread | None = None


def note_call(*, call: Call) -> None:
    """The call is counted and stands in the log; both show once a task has drained them, seconds later."""
    where = (call.at.date(), call.client_id, call.method[:8], call.route[:200])
    place = bin_of(call.seconds * 1000)
    line = (call.at, call.request_id, *where[1:], call.status, call.code[:40], round(call.seconds * 1000, 1))
    with _Kept.lock:
        facts = _Kept.usage.get(where)
        if facts is None:
            facts = _Kept.usage.setdefault(where, Counter())
        facts["calls"] += 1
        facts[f"{'b' if call.first_byte is None else 't'}{place}"] += 1
        if call.first_byte is not None or call.cached or call.deprecated:
            _count_special(call, facts)
        if call.status >= 400:
            _count_trouble(call, facts)
        elif call.status < 300 and call.client_id not in _Kept.succeeded:
            _Kept.succeeded.add(call.client_id)
            _Kept.first[call.client_id] = call.at
        if len(_Kept.lines) < MOST_KEPT:
            _Kept.lines.append(line)
        if _Kept.thread is None:
            _start()


def _count_special(call: Call, facts: Counter[str]) -> None:
    if call.first_byte is not None:
        facts[f"f{bin_of(call.first_byte * 1000)}"] += 1
    facts["cached"] += call.cached
    facts["deprecated"] += call.deprecated


def _count_trouble(call: Call, facts: Counter[str]) -> None:
    facts["server_errors" if call.status >= 500 else "client_errors"] += 1
    facts["limited"] += call.status == 429
    if call.code:
        _count_refusal(call)


def _start() -> None:
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
        lines, first = _Kept.lines, _Kept.first
        _Kept.usage, _Kept.refusals, _Kept.last_ids, _Kept.lines, _Kept.first = {}, Counter(), {}, [], {}
    if not usage:
        return
    try:
        _send(usage, refusals, ids, lines, first)
    except RedisError as error:
        log.warning("usage_kept_back", reason=type(error).__name__)
        with _Kept.lock:
            for where, facts in usage.items():
                _Kept.usage.setdefault(where, Counter()).update(facts)
            _Kept.refusals.update(refusals)
            _Kept.last_ids = ids | _Kept.last_ids
            _Kept.lines = [*lines, *_Kept.lines][:MOST_KEPT]
            _Kept.first = _Kept.first | first


def _send(
    usage: dict[Where, Counter[str]],
    refusals: Counter[str],
    ids: dict[str, str],
    lines: list[tuple[Any, ...]],
    first: dict[str, datetime],
) -> None:
    with shared_redis().pipeline() as pipe:
        for where, facts in usage.items():
            place = json.dumps([where[0].isoformat(), *where[1:]])
            for fact, number in facts.items():
                if number:
                    pipe.hincrby(usage_key(what="usage"), f"{place}{fact}", number)
        for field, number in refusals.items():
            pipe.hincrby(usage_key(what="refusals"), field, number)
        for field, request_id in ids.items():
            pipe.hset(usage_key(what="refusal-ids"), field, request_id)
        for start in range(0, len(lines), LINES_A_BATCH):
            pipe.rpush(
                usage_key(what="lines"), json.dumps(lines[start : start + LINES_A_BATCH], default=datetime.isoformat)
            )
        pipe.ltrim(usage_key(what="lines"), -MOST_BATCHES, -1)
        for client_id, at in first.items():
            pipe.hsetnx(usage_key(what="first"), client_id, at.isoformat())
        pipe.execute()


def usage_key(*, what: str) -> str:
    """The name in Redis of what was counted and not yet drained."""
    return f"{settings.REDIS_PREFIX}:usage:{what}"


def last_drained_at() -> datetime | None:
    """When the tables were brought up to date last; None when that is unknown."""
    with suppress(RedisError):
        raw = shared_redis().get(usage_key(what="drained-at"))
        return datetime.fromisoformat(raw.decode()) if isinstance(raw, bytes) else None
    return None
