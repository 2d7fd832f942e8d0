"""Percentiles of times that were counted in buckets."""

from collections.abc import Iterable, Sequence
from typing import Final

BOUNDS_MS: Final = (2, 5, 10, 20, 30, 50, 75, 100, 200, 500, 1_000, 2_000, 5_000)
"""Upper bounds of the buckets in milliseconds; one more bucket is open."""


def bucket_of(milliseconds: float) -> int:
    """The place of the bucket that a time falls into; a bound belongs to the bucket below it."""
    return next((place for place, bound in enumerate(BOUNDS_MS) if milliseconds <= bound), len(BOUNDS_MS))


def added(many: Iterable[Sequence[int]]) -> list[int]:
    """The buckets of all together."""
    total = [0] * (len(BOUNDS_MS) + 1)
    for buckets in many:
        for place, number in enumerate(buckets):
            total[place] += number
    return total


def percentile(buckets: Sequence[int], share: float) -> float | None:
    """The time in milliseconds that `share` of the calls did not exceed, straight between bounds; None without calls.

    Beyond the last bound it is that bound.
    """
    wanted = share * sum(buckets)
    if not wanted:
        return None
    below = 0
    for place, number in enumerate(buckets[:-1]):
        if number and below + number >= wanted:
            low = BOUNDS_MS[place - 1] if place else 0
            return round(low + (BOUNDS_MS[place] - low) * (wanted - below) / number, 1)
        below += number
    return float(BOUNDS_MS[-1])
