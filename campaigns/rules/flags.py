"""Which variant of an experiment somebody gets, and why, in the words of OpenFeature; pure, so anyone can check it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from campaigns.rules.assignment import assign
from campaigns.rules.experiments import Drawn, ExperimentState, shares_of
from campaigns.rules.serving import Viewer


class Reason(StrEnum):
    """Why this value: the same for everybody, meant for a segment, drawn by the hash, or not running any more."""

    STATIC = "STATIC"
    TARGETING_MATCH = "TARGETING_MATCH"
    SPLIT = "SPLIT"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True)
class Flag:
    """An experiment that was started, as evaluation sees it; `version` is that of the segment it is for."""

    id: int
    public_id: str
    key: str
    state: str
    winner: str
    drawn: str
    variants: Sequence[Mapping[str, Any]]
    coverage: int
    for_segment: bool
    version: int | None


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The variant and why; `is_new` when the exposure log has to know of it."""

    flag: Flag
    variant: Mapping[str, Any]
    reason: Reason
    is_new: bool = False


def evaluate(flag: Flag, viewer: Viewer) -> Evaluated:
    """The winner for everybody once there is one; otherwise the variant seen before, then the one of the hash.

    Whoever may not be looked at, is not in the segment or not in the covered share gets the control and is not counted.
    """
    by_key = {one["key"]: one for one in flag.variants}
    control = flag.variants[0]
    if flag.winner:
        return Evaluated(flag, by_key[flag.winner], Reason.STATIC)
    if flag.state == ExperimentState.STOPPED:
        return Evaluated(flag, control, Reason.DISABLED)
    if not viewer.personal or (flag.for_segment and flag.version not in viewer.versions):
        return Evaluated(flag, control, Reason.STATIC)
    drawn = Reason.TARGETING_MATCH if flag.for_segment else Reason.SPLIT
    seen = viewer.seen.get(flag.id, ("", ""))[0]
    if seen in by_key:
        return Evaluated(flag, by_key[seen], drawn)
    place = variant_place(flag, viewer.public_id)
    if flag.drawn == Drawn.ELSEWHERE or place is None:
        return Evaluated(flag, control, Reason.STATIC)
    return Evaluated(flag, flag.variants[place], drawn, is_new=True)


def variant_place(flag: Flag, person: str) -> int | None:
    """The place of the variant that the published hash gives this public id; None outside the covered share."""
    return assign(flag.public_id, person, weights=shares_of(flag.variants), coverage=flag.coverage / 100)
