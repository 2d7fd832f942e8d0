"""Which touches on the way to an order get how much of it; seven models, pure, so that anyone can check a figure.

Markov: Anderl, Becker, von Wangenheim, Schumann, Mapping the customer journey, IJRM 33 (2016) 457-474.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

import numpy as np

DIRECT: Final = "direct"
"""The channel of a touch that no campaign brought about."""
HALF_LIFE: Final = timedelta(days=7)
ENDS: Final = 0.4
"""What the first and the last touch each get by position; those between share the rest."""


class Model(StrEnum):
    """How an order is divided among the touches before it."""

    FIRST = "first"
    LAST = "last"
    LAST_NON_DIRECT = "last_non_direct"
    LINEAR = "linear"
    TIME_DECAY = "time_decay"
    POSITION = "position"
    MARKOV = "markov"


@dataclass(frozen=True, slots=True)
class Touch:
    """One contact: which channel or campaign brought it about, and when."""

    channel: str
    at: datetime


def divide(path: Sequence[Touch], at: datetime, model: Model) -> dict[str, float]:
    """The share of an order at `at` that each channel gets; shares add up to 1, {} for an empty path.

    `path` is in the order of time. Markov looks at all paths together: see `removal_effects`.
    """
    if not path:
        return {}
    weights = _WEIGHTS[model](path, at)
    whole = sum(weights)
    found: dict[str, float] = {}
    for touch, weight in zip(path, weights, strict=True):
        if weight:
            found[touch.channel] = found.get(touch.channel, 0.0) + weight / whole
    return found


def _first(path: Sequence[Touch], at: datetime) -> list[float]:
    return [1.0] + [0.0] * (len(path) - 1)


def _last(path: Sequence[Touch], at: datetime) -> list[float]:
    return [0.0] * (len(path) - 1) + [1.0]


def _last_non_direct(path: Sequence[Touch], at: datetime) -> list[float]:
    """The last touch that was brought about by something; the last one when none was."""
    place = max((n for n, touch in enumerate(path) if touch.channel != DIRECT), default=len(path) - 1)
    return [float(n == place) for n in range(len(path))]


def _linear(path: Sequence[Touch], at: datetime) -> list[float]:
    return [1.0] * len(path)


def _time_decay(path: Sequence[Touch], at: datetime) -> list[float]:
    """Half as much for every week before the order."""
    return [2.0 ** -((at - touch.at) / HALF_LIFE) for touch in path]


def _position(path: Sequence[Touch], at: datetime) -> list[float]:
    if len(path) <= 2:
        return [1.0] * len(path)
    between = (1 - 2 * ENDS) / (len(path) - 2)
    return [ENDS, *([between] * (len(path) - 2)), ENDS]


_WEIGHTS: Final = {
    Model.FIRST: _first,
    Model.LAST: _last,
    Model.LAST_NON_DIRECT: _last_non_direct,
    Model.LINEAR: _linear,
    Model.TIME_DECAY: _time_decay,
    Model.POSITION: _position,
}


@dataclass(frozen=True, slots=True)
class Chain:
    """Paths as a first-order Markov chain: the chance of an order, and what is lost of it without each channel."""

    conversion: float
    removal: Mapping[str, float]

    @property
    def shares(self) -> dict[str, float]:
        """The share of all orders that each channel gets: its removal effect against the sum of all of them."""
        whole = sum(self.removal.values())
        return {channel: effect / whole for channel, effect in self.removal.items()} if whole else {}


def removal_effects(paths: Mapping[tuple[str, ...], tuple[int, int]]) -> Chain:
    """The removal effect of every channel of these paths: (how often they ended in an order, how often in none).

    Without a channel everybody who would have come to it is lost. A path without channels says nothing.
    """
    channels = sorted({channel for path in paths for channel in path})
    states = {channel: number + 1 for number, channel in enumerate(channels)}
    size = len(channels) + 1
    moves = np.zeros((size, size))
    orders = np.zeros(size)
    ends = np.zeros(size)
    for path, (converted, lost) in paths.items():
        steps = [0, *(states[channel] for channel in path)]
        for one, other in pairwise(steps):
            moves[one, other] += converted + lost
        if len(steps) > 1:
            orders[steps[-1]] += converted
            ends[steps[-1]] += converted + lost
    leaving = moves.sum(axis=1) + ends
    leaving[leaving == 0] = 1.0
    moves, orders = moves / leaving[:, None], orders / leaving
    chance = _chance(moves, orders, None)
    if not chance:
        return Chain(0.0, dict.fromkeys(channels, 0.0))
    effects = {channel: 1 - _chance(moves, orders, state) / chance for channel, state in states.items()}
    return Chain(chance, effects)


def _chance(moves: np.ndarray, orders: np.ndarray, without: int | None) -> float:
    """The chance to come from the start to an order, by solving the linear system of the absorbing chain."""
    kept, ends = moves.copy(), orders.copy()
    if without is not None:
        kept[without, :] = 0.0
        kept[:, without] = 0.0
        ends[without] = 0.0
    return float(np.linalg.solve(np.eye(len(ends)) - kept, ends)[0])


@dataclass(frozen=True, slots=True)
class Silence:
    """Hours in which nothing arrived although something always does: figures across them are too low."""

    begins_at: datetime
    ends_at: datetime


def silences(hours: Mapping[datetime, int], begins: datetime, ends: datetime, *, usual: int = 20) -> list[Silence]:
    """The stretches of whole hours without any event, where a day has at least `usual` events in a median hour.

    `hours` maps beginnings of hours to events; hours that are missing had none. Nothing can be said of a quiet log.
    """
    times = [begins + timedelta(hours=n) for n in range(int((ends - begins) / timedelta(hours=1)))]
    counts = sorted(hours.get(time, 0) for time in times)
    if not counts or counts[len(counts) // 2] < usual:
        return []
    found: list[Silence] = []
    for time in times:
        if hours.get(time, 0):
            continue
        after = time + timedelta(hours=1)
        if found and found[-1].ends_at == time:
            found[-1] = Silence(found[-1].begins_at, after)
        else:
            found.append(Silence(time, after))
    return found
