"""Purposes, notices that ask again and rules of places, kept in the process for a few seconds.

Every decision needs them and they rarely change. The rows of the database are the law here: a changed row changes
decisions within CONSENT_CATALOGUE_SECONDS in every process.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from consent.models import Jurisdiction, NoticeVersion, Purpose
from consent.rules import vocabulary
from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.policy import resolve

SERVICE_BIT: Final = 0
"""The bit of `service`: off only for people who are suppressed or whose processing is restricted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A purpose as decisions see it (`consent.rules.standing.Use`)."""

    id: int
    key: str
    name: str
    kind: vocabulary.Purpose
    channel: vocabulary.Channel
    legal_basis: vocabulary.Basis
    bit: int
    record_required: bool
    valid_days: int | None
    material_notices: tuple[tuple[int, datetime], ...]

    @property
    def mask(self) -> int:
        """The purpose's bit as it stands in `Customer.consent_mask`."""
        return 1 << self.bit


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All purposes that are not archived, by key and by id, and the rule of every place."""

    uses: Mapping[str, Use]
    by_id: Mapping[int, Use]
    rules: Mapping[str, JurisdictionRule]

    def rule_of(self, place: str) -> JurisdictionRule:
        """The rule for an ISO 3166-1 or 3166-2 code; the strictest one for an empty or unknown place."""
        return resolve(place, self.rules)

    def mask_of(self, keys: Iterable[str]) -> int:
        """The bits of these purposes together; KeyError for one that does not exist."""
        mask = 0
        for key in keys:
            mask |= self.uses[key].mask
        return mask


_kept: list[tuple[float, Catalogue]] = []
_parsed: dict[str, tuple[datetime, JurisdictionRule]] = {}


def catalogue() -> Catalogue:
    """What decisions need beside a person's own record, at most CONSENT_CATALOGUE_SECONDS old."""
    now = time.monotonic()
    if _kept and now < _kept[0][0]:
        return _kept[0][1]
    uses = _uses()
    fresh = Catalogue(
        uses={use.key: use for use in uses}, by_id={use.id: use for use in uses}, rules=_rules(dict(_parsed))
    )
    _kept[:] = [(now + settings.CONSENT_CATALOGUE_SECONDS, fresh)]
    return fresh


def forget_catalogue() -> None:
    """The next `catalogue()` reads the database: called when one of its rows was changed in this process."""
    _kept.clear()


def purpose_bits() -> dict[str, int]:
    """Purpose key to bit number in `Customer.consent_mask` and `ConsentToken.mask`."""
    return {key: use.bit for key, use in catalogue().uses.items()}


def _uses() -> list[Use]:
    asking_again: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
    notices = NoticeVersion.objects.filter(material=True).order_by("purpose_id", "version", "locale")
    for purpose_id, version, published_at in notices.values_list("purpose_id", "version", "published_at"):
        asking_again[purpose_id].append((version, published_at))
    rows = Purpose.objects.filter(archived_at=None).order_by("bit")
    return [_use(row, tuple(asking_again[row.pk])) for row in rows]


def _use(row: Purpose, material_notices: tuple[tuple[int, datetime], ...]) -> Use:
    return Use(
        id=row.pk,
        key=row.key,
        name=row.name,
        kind=vocabulary.Purpose(row.kind),
        channel=vocabulary.Channel(row.channel),
        legal_basis=vocabulary.Basis(row.legal_basis),
        bit=row.bit,
        record_required=row.record_required,
        valid_days=row.valid_days,
        material_notices=material_notices,
    )


def _rules(parsed: dict[str, tuple[datetime, JurisdictionRule]]) -> dict[str, JurisdictionRule]:
    """Reads only the rules that changed since they were parsed last."""
    stamps = dict(Jurisdiction.objects.values_list("code", "updated_at"))
    stale = [code for code, stamp in stamps.items() if code not in parsed or parsed[code][0] != stamp]
    if stale:
        for code, stamp, rule in Jurisdiction.objects.filter(code__in=stale).values_list("code", "updated_at", "rule"):
            parsed[code] = stamp, JurisdictionRule.from_dict(rule)
        _parsed.clear()
        _parsed.update(parsed)
    return {code: parsed[code][1] for code in stamps}
