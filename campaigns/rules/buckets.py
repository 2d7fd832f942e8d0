"""Token buckets: how many messages may go now when so many a second are allowed."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens left at an instant."""

    tokens: float
    at: datetime


def take(bucket: Bucket, *, now: datetime, per_second: float, burst: float, wanted: int) -> tuple[int, Bucket]:
    """How many of `wanted` are granted, and what is left: the bucket fills at a steady rate up to `burst`.

    A clock that went back fills nothing and takes nothing away.
    """
    passed = max(0.0, (now - bucket.at) / timedelta(seconds=1))
    filled = min(burst, bucket.tokens + passed * per_second)
    granted = min(wanted, int(filled))
    return granted, Bucket(tokens=filled - granted, at=max(now, bucket.at))
