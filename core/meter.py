"""Shared counters in Redis: windows that bound how often something may happen, for all processes together.

Redis is never needed for correctness: when it does not answer within a second every window counts as
free, one log line says so, and Redis is left alone for a few seconds.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import structlog
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

TIMEOUT_S: Final = 1.0
LEFT_ALONE_S: Final = 5.0
HEARTBEAT_KEY: Final = "worker:heartbeat"  # in the cache; every worker writes it every few seconds
log = structlog.get_logger("meter")

# A window begins with its first use. Nothing is counted unless every window has room: a refused call costs nothing.
_TAKE: Final = """
local amount, full, answer = tonumber(ARGV[1]), false, {}
for i, key in ipairs(KEYS) do
  local used, left = tonumber(redis.call('GET', key) or '0'), redis.call('PTTL', key)
  if left < 0 then used, left = 0, tonumber(ARGV[2 * i + 1]) end
  answer[2 * i - 1], answer[2 * i] = used, left
  if used + amount > tonumber(ARGV[2 * i]) then full = true end
end
if not full and amount > 0 then
  for i, key in ipairs(KEYS) do
    redis.call('SET', key, answer[2 * i - 1] + amount, 'PX', answer[2 * i])
    answer[2 * i - 1] = answer[2 * i - 1] + amount
  end
end
return {full and 1 or 0, answer}
"""
_GIVE_BACK: Final = """
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECRBY', key, ARGV[1]) end
end
return 1
"""


@dataclass(frozen=True, slots=True)
class Window:
    """At most `limit` in `seconds`, under a name that people know (`burst`, `hour`, `day`)."""

    name: str
    limit: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Level:
    """How full a window is: `used` of its limit, and in how many seconds it is empty again."""

    window: Window
    used: int
    resets_in: float

    @property
    def remaining(self) -> int:
        """What may still be used."""
        return max(0, self.window.limit - self.used)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the amount was granted, and the level of each window afterwards."""

    granted: bool
    levels: tuple[Level, ...]


def take(key: str, windows: Sequence[Window], amount: int = 1) -> Verdict:
    """Use `amount` of every window of `key`, or of none: one atomic step. With 0 it only looks.

    Granted without counting while Redis is away.
    """
    keys = [_name(key, window) for window in windows]
    numbers = [number for window in windows for number in (window.limit, window.seconds * 1000)]
    answer = _run(_TAKE, keys, [amount, *numbers]) if windows else None
    if answer is None:
        return Verdict(True, tuple(Level(window, 0, float(window.seconds)) for window in windows))
    full, state = answer
    levels = tuple(Level(w, int(state[2 * i]), state[2 * i + 1] / 1000) for i, w in enumerate(windows))
    return Verdict(not full, levels)


def give_back(key: str, windows: Sequence[Window], amount: int = 1) -> None:
    """Undo a `take` that in the end should not count."""
    if windows:
        _run(_GIVE_BACK, [_name(key, window) for window in windows], [amount])


def _name(key: str, window: Window) -> str:
    return f"{settings.REDIS_PREFIX}:window:{key}:{window.name}"


class _Circuit:
    """Until when Redis is left alone, in this process."""

    closed_again_at = 0.0


@lru_cache(maxsize=1)
def _redis(url: str) -> "Redis":
    return Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0))


def shared_redis() -> "Redis":
    """The connection pool of this process; whoever uses it must be able to do without (RedisError)."""
    return _redis(settings.REDIS_URL)


@lru_cache(maxsize=8)
def _script(url: str, source: str) -> Callable[..., Any]:
    script: Callable[..., Any] = _redis(url).register_script(source)
    return script


def _run(source: str, keys: list[str], arguments: list[int]) -> Any:
    """The script's answer, or None while Redis is away."""
    if time.monotonic() < _Circuit.closed_again_at:
        return None
    try:
        return _script(settings.REDIS_URL, source)(keys=keys, args=arguments)
    except RedisError as error:
        _Circuit.closed_again_at = time.monotonic() + LEFT_ALONE_S
        log.warning("redis_away", reason=type(error).__name__, left_alone_s=LEFT_ALONE_S)
        return None


_lags: dict[str, Callable[[], float]] = {}


def register_lag(follower: str, seconds_behind: Callable[[], float]) -> None:
    """Let a follower of a log show how far it is behind: seconds since the oldest thing it has not done, else 0."""
    _lags[follower] = seconds_behind


def lags() -> dict[str, float]:
    """Seconds behind, by follower."""
    return {follower: round(seconds_behind(), 3) for follower, seconds_behind in sorted(_lags.items())}
