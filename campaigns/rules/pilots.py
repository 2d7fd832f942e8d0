"""Pilots: how many people get a message first, who they are, and how those compare with everybody after."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

REASON: Final = "pilot"
"""Said of whoever waits until the pilot is promoted."""


def pilot_size(people: int, *, percent: int | None, most: int | None) -> int:
    """How many of so many people a pilot reaches: a share, rounded half up, or a number; somebody where anybody is."""
    if percent is None:
        return min(people, most or 0)
    share = (Decimal(people) * percent / 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return min(people, max(1, int(share)))


def border(places: Mapping[float, int], wanted: int) -> tuple[float, int]:
    """Up to which place everybody is in, and how many more at the very place; `places` says how many stand at each."""
    left = wanted
    for place in sorted(places):
        if places[place] >= left:
            return place, left
        left -= places[place]
    return 2.0, 0
