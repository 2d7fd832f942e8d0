"""Same person, same variant, without remembering anybody: the published hash of GrowthBook's SDK specification 0.8.

Anyone with the seed, the weights and a public customer id can recompute every assignment.
"""

from collections.abc import Sequence

TOLERANCE = 0.01


def hash_value(seed: str, value: str, version: int = 2) -> float | None:
    """Answer a number from 0 to 1 that depends on both words alone; None for a version that does not exist."""
    if version == 2:
        return _fnv32a(str(_fnv32a(seed + value))) % 10_000 / 10_000
    if version == 1:
        return _fnv32a(value + seed) % 1_000 / 1_000
    return None


def bucket_ranges(
    variants: int, coverage: float = 1.0, weights: Sequence[float] | None = None
) -> list[tuple[float, float]]:
    """Answer for each variant which numbers are its own.

    Weights that do not fit the variants or do not add up to 1 count as equal ones; coverage is cut to 0 to 1.
    """
    covered = min(1.0, max(0.0, coverage))
    shares = list(weights) if weights is not None else []
    if len(shares) != variants or abs(sum(shares) - 1) > TOLERANCE:
        shares = [1 / variants] * variants
    ranges, start = [], 0.0
    for share in shares:
        ranges.append((start, start + covered * share))
        start += share
    return ranges


def choose(number: float, ranges: Sequence[tuple[float, float]]) -> int | None:
    """Answer the place of the variant whose numbers hold this one; None when nobody's do (outside the coverage)."""
    return next((place for place, (low, high) in enumerate(ranges) if low <= number < high), None)


def assign(seed: str, person: str, *, weights: Sequence[float], coverage: float = 1.0) -> int | None:
    """Answer the place of this person's variant, always the same for the same seed, weights and coverage."""
    number = hash_value(seed, person)
    return None if number is None else choose(number, bucket_ranges(len(weights), coverage, weights))


def _fnv32a(text: str) -> int:
    """FNV-1a with 32 bits over UTF-8, as every SDK of the specification computes it."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value
