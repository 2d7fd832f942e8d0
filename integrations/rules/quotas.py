"""How fast a window of calls is used up, and when somebody is told."""

from dataclasses import dataclass
from typing import Final

STEPS: Final = (70, 85, 95)
"""Per cent of a window from which people are warned."""
SHORTEST_WARNED_S: Final = 3_600
"""Windows shorter than this are full and empty again before anybody reads."""
_TOLD_AFTER_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Burn:
    """The used share of a window, the share it comes to by its end at the pace so far, and in how many seconds it is
    full (None when it lasts). Within its first minute a window has no pace: expected is what is used.
    """

    share: float
    expected: float
    full_in: float | None

    @property
    def step(self) -> int:
        """The highest of STEPS that is reached; 0 below all."""
        return max((step for step in STEPS if self.share * 100 >= step), default=0)


def burn_of(*, used: int, limit: int, seconds: int, resets_in: float) -> Burn:
    """How a window of `limit` calls in `seconds` stands, `resets_in` seconds before its end."""
    share, elapsed = used / limit, seconds - resets_in
    if used >= limit:
        return Burn(share, share, 0.0)
    if elapsed < _TOLD_AFTER_S or not used:
        return Burn(share, share, None)
    pace = used / elapsed
    full_in = (limit - used) / pace
    return Burn(share, (used + pace * resets_in) / limit, full_in if full_in < resets_in else None)
