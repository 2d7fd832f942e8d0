"""How many of an audience each channel reaches: the gates that upper floors put before their channels.

People are counted by signature (a handful of columns that decide), so that a million of them cost one aggregation
and the reasons are worked out once for each signature.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is not reached; `rank` is the order in which reasons are asked, so that each person has one."""

    code: str
    label: str
    rank: int


@dataclass(frozen=True, slots=True)
class Gate:
    """`columns(now_placeholder)` are SQL expressions over `c`; `channels()` names what can be reached (key, label);
    `verdicts(signature)` answers for each channel key the reason against, or None.

    `purposes()` names everything that data may be used for (key, label), of which channels are a part;
    `against(signature, purpose)` answers the reason against one of them, or None.
    """

    columns: Callable[[str], Sequence[str]]
    channels: Callable[[], Sequence[tuple[str, str]]]
    verdicts: Callable[[Sequence[Any]], Mapping[str, Reason | None]]
    purposes: Callable[[], Sequence[tuple[str, str]]]
    against: Callable[[Sequence[Any], str], Reason | None]


@dataclass(frozen=True, slots=True)
class Reach:
    """One channel: how many it reaches, and for all others exactly one reason; both add up to the audience."""

    channel: str
    label: str
    reachable: int
    reasons: tuple[tuple[Reason, int], ...]


_gates: list[Gate] = []


def register_gate(gate: Gate) -> None:
    """Put a gate before channels; there is one, since reasons must add up."""
    if _gates:
        raise ValueError("a gate is registered already")
    _gates.append(gate)


def signature_columns(now_placeholder: str) -> list[str]:
    """The columns that decide; none without a gate."""
    return [column for gate in _gates for column in gate.columns(now_placeholder)]


def purposes() -> list[tuple[str, str]]:
    """Everything that data may be used for: key and label."""
    return [purpose for gate in _gates for purpose in gate.purposes()]


def against(signature: Sequence[Any], purpose: str) -> Reason | None:
    """Why the data of somebody with this signature may not be used for a purpose; None when it may."""
    return next((reason for gate in _gates if (reason := gate.against(signature, purpose))), None)


def reach_of(groups: Sequence[tuple[Sequence[Any], int]]) -> list[Reach]:
    """The reach of each channel, from how many people have each signature."""
    return [reach for gate in _gates for reach in _reach(gate, groups)]


def _reach(gate: Gate, groups: Sequence[tuple[Sequence[Any], int]]) -> list[Reach]:
    channels = gate.channels()
    reachable = dict.fromkeys((key for key, _ in channels), 0)
    reasons: dict[str, dict[Reason, int]] = {key: {} for key, _ in channels}
    for signature, people in groups:
        for key, reason in gate.verdicts(signature).items():
            if reason is None:
                reachable[key] += people
            else:
                reasons[key][reason] = reasons[key].get(reason, 0) + people
    return [
        Reach(key, label, reachable[key], tuple(sorted(reasons[key].items(), key=lambda pair: pair[0].rank)))
        for key, label in channels
    ]


def now_parameter(now: datetime) -> tuple[str, dict[str, datetime]]:
    """The placeholder under which gates see the moment, and its parameter."""
    return "%(gate_now)s::timestamptz", {"gate_now": now}
