"""Which promotion a person sees, in which variant, and why; pure, so that anyone can check an answer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from campaigns.rules.assignment import assign
from campaigns.rules.offers import is_open


class Assignment(StrEnum):
    """Why this variant: asked for, seen before, drawn now, or without looking at the person at all."""

    FORCED = "forced"
    STICKY = "sticky"
    SPLIT = "split"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Running:
    """An active promotion as serving sees it; `version` is that of the segment whose members it is for.

    `asks` is the bit of the purpose that the person must have agreed to, 0 for none.
    """

    id: int
    public_id: str
    key: str
    name: str
    begins_at: datetime | None
    ends_at: datetime | None
    for_segment: bool
    version: int | None
    variants: Sequence[Mapping[str, Any]]
    offer: Mapping[str, Any]
    asks: int = 0


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever looks. Nothing about them may be used unless `personal`: then `versions` and `seen` count.

    `seen` maps promotions to the variant shown first and the id of that exposure.
    """

    public_id: str = ""
    personal: bool = False
    versions: Collection[int] = ()
    agreed: int = 0
    seen: Mapping[int, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Served:
    """The promotion, its variant, why, and the exposure it was first seen with; `is_new` when it must be logged."""

    promotion: Running
    variant: Mapping[str, Any]
    assignment: Assignment
    exposure_id: str | None = None

    @property
    def is_new(self) -> bool:
        """Whether this is the first time, which the exposure log has to know."""
        return self.assignment is Assignment.SPLIT


class UnknownVariant(ValueError):
    """The variant asked for does not exist in the promotion that would be shown."""


def serve(running: Sequence[Running], viewer: Viewer, *, forced: str, now: datetime) -> Served | None:
    """The first of these promotions that is open and meant for the viewer; None when there is none.

    Without the right to look at the person the answer is the first variant, the same for everybody. A forced variant
    is never logged, so that it stays out of the results; UnknownVariant when there is no such variant.
    """
    promotion = next(
        (one for one in running if _is_for(one, viewer) and is_open(one.begins_at, one.ends_at, now)), None
    )
    if promotion is None:
        return None
    by_key = {one["key"]: one for one in promotion.variants}
    if forced:
        if forced not in by_key:
            raise UnknownVariant(forced)
        return Served(promotion, by_key[forced], Assignment.FORCED)
    if not viewer.personal:
        return Served(promotion, promotion.variants[0], Assignment.DEFAULT)
    if promotion.id in viewer.seen and viewer.seen[promotion.id][0] in by_key:
        variant, exposure_id = viewer.seen[promotion.id]
        return Served(promotion, by_key[variant], Assignment.STICKY, exposure_id)
    weights = [float(one["weight"]) for one in promotion.variants]
    place = assign(promotion.public_id, viewer.public_id, weights=[weight / sum(weights) for weight in weights])
    return Served(promotion, promotion.variants[place or 0], Assignment.SPLIT)


def _is_for(promotion: Running, viewer: Viewer) -> bool:
    if promotion.asks and not (viewer.personal and viewer.agreed & promotion.asks):
        return False
    return not promotion.for_segment or (viewer.personal and promotion.version in viewer.versions)
