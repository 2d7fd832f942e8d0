"""Token buckets that all workers share: rates of the provider, of a domain and of a campaign, in Redis.

Each bucket fills at its rate up to what EVERY_S seconds bring. One script looks at all the buckets that a message has
to pass and takes from all of them what every one of them lets go: nothing is used up that is not sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from core.meter import shared_redis

EVERY_S: Final = 5
"""Workers look for due rows this often, so a rate may be used up for that long at once."""
_TAKE: Final = """
local now, granted, filled = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
for i, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local tokens, at = unpack(redis.call('HMGET', key, 'tokens', 'at'))
  tokens, at = tonumber(tokens or burst), tonumber(at or now)
  filled[i] = {math.min(burst, tokens + math.max(0, now - at) * rate), math.max(now, at), burst / rate}
  granted = math.min(granted, math.floor(filled[i][1] + 1e-9))
end
for i, key in ipairs(KEYS) do
  redis.call('HSET', key, 'tokens', filled[i][1] - granted, 'at', filled[i][2])
  redis.call('EXPIRE', key, math.ceil(filled[i][3]) + 60)
end
return granted
"""
log = structlog.get_logger("campaigns")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second in the bucket of this name: `provider`, `domain:example.com`, `campaign:cmp_...`."""

    name: str
    per_second: float


def take_tokens(*, rates: Sequence[Rate], wanted: int, now: datetime) -> int:
    """How many of `wanted` may go by all these rates; so many tokens are gone from each.

    None while Redis is away: a provider that is asked for more than it takes would block everybody. A clock that went
    back fills nothing and takes nothing away.
    """
    if not rates or not wanted:
        return wanted
    numbers: list[float] = [now.timestamp(), wanted]
    for rate in rates:
        numbers += [rate.per_second, max(1.0, rate.per_second * EVERY_S)]
    keys = [f"{settings.REDIS_PREFIX}:mail:{rate.name}" for rate in rates]
    try:
        return int(_script(settings.REDIS_URL)(keys=keys, args=[repr(number) for number in numbers]))
    except RedisError as error:
        log.warning("rates_unknown", reason=type(error).__name__)
        return 0


@lru_cache(maxsize=4)
def _script(url: str) -> Any:
    return shared_redis().register_script(_TAKE)
