"""Percentiles of times that were counted in bins whose bounds grow by a constant factor.

Histograms of any processes, hours and clients may be added, and the percentile of the sum is as exact as that of the
parts: it differs from the exact one (nearest rank) by at most ERROR of it, between LEAST_MS and MOST_MS. The bounds
and the answer are those of DDSketch (Masson, Rim, Lee: VLDB 2019, section 2.1).
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final

ERROR: Final = 0.05
LEAST_MS: Final = 0.5
"""Shorter times are counted as this."""
MOST_MS: Final = 60_000.0
"""Longer times are counted as this."""
_FACTOR: Final = (1 + ERROR) / (1 - ERROR)
_LOG_FACTOR: Final = math.log(_FACTOR)
_LAST: Final = math.ceil(math.log(MOST_MS / LEAST_MS) / _LOG_FACTOR)

Bins = Mapping[int, int]


def bin_of(milliseconds: float) -> int:
    """The place of the bin: place 0 ends at LEAST_MS, place n at LEAST_MS times the n-th power of the factor."""
    if milliseconds <= LEAST_MS:
        return 0
    return min(math.ceil(math.log(milliseconds / LEAST_MS) / _LOG_FACTOR), _LAST)


def added(many: Iterable[Mapping[str, int] | Bins]) -> dict[int, int]:
    """The bins of all together; places may be text, as JSON has them."""
    total: dict[int, int] = {}
    for bins in many:
        for place, number in bins.items():
            total[int(place)] = total.get(int(place), 0) + number
    return total


def percentile(bins: Bins, share: float) -> float | None:
    """The time in milliseconds that `share` of the calls did not exceed, to a tenth; None without calls."""
    wanted = max(math.ceil(share * sum(bins.values())), 1)
    reached = 0
    for place in sorted(bins):
        reached += bins[place]
        if reached >= wanted:
            return round(_middle(place), 1)
    return None


def _middle(place: int) -> float:
    """The time from which both bounds of the bin are equally far, each as a share of itself."""
    if place == 0:
        return LEAST_MS
    return min(LEAST_MS * 2 * _FACTOR**place / (_FACTOR + 1), MOST_MS)
