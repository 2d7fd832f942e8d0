"""Purposes, kept in the process for a few seconds: every decision needs them and they rarely change."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from consent.models import Purpose

SERVICE_BIT: Final = 0
"""The bit of `service`: off only for people who are suppressed or whose processing is restricted."""


@dataclass(frozen=True, slots=True)
class Use:
    """A purpose as decisions see it; `kind` and `channel` are words of `consent.rules.vocabulary`."""

    id: int
    key: str
    name: str
    kind: str
    channel: str
    legal_basis: str
    bit: int
    record_required: bool
    valid_days: int | None

    @property
    def mask(self) -> int:
        """The purpose's bit as it stands in `Customer.consent_mask`."""
        return 1 << self.bit


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All purposes that are not archived, by key."""

    uses: Mapping[str, Use]

    def mask_of(self, keys: list[str] | tuple[str, ...]) -> int:
        """The bits of these purposes together; KeyError for one that does not exist."""
        mask = 0
        for key in keys:
            mask |= self.uses[key].mask
        return mask


_kept: list[tuple[float, Catalogue]] = []


def catalogue() -> Catalogue:
    """The purposes, at most CONSENT_CATALOGUE_SECONDS old."""
    now = time.monotonic()
    if _kept and now < _kept[0][0]:
        return _kept[0][1]
    fresh = Catalogue(uses={row.key: _use(row) for row in Purpose.objects.filter(archived_at=None).order_by("bit")})
    _kept[:] = [(now + settings.CONSENT_CATALOGUE_SECONDS, fresh)]
    return fresh


def forget_catalogue() -> None:
    """The next `catalogue()` reads the database: called when a purpose was changed in this process."""
    _kept.clear()


def purpose_bits() -> dict[str, int]:
    """Purpose key to bit number in `Customer.consent_mask` and `ConsentToken.mask`."""
    return {key: use.bit for key, use in catalogue().uses.items()}


def _use(row: Purpose) -> Use:
    return Use(
        id=row.pk,
        key=row.key,
        name=row.name,
        kind=row.kind,
        channel=row.channel,
        legal_basis=row.legal_basis,
        bit=row.bit,
        record_required=row.record_required,
        valid_days=row.valid_days,
    )
