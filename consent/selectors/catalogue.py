"""Purposes, notices that ask again and rules of places, kept in the process for a few seconds.

Every decision needs them and they rarely change. The rows of the database are the law here: a changed row changes
decisions within CONSENT_CATALOGUE_SECONDS in every process.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db.models import Q, QuerySet

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
class Notice:
    """What identifies the words shown; the words themselves stay in the database."""

    id: int
    public_id: str
    purpose_id: int
    version: int
    locale: str
    sha256: str


NoticeName = str | tuple[int, int, str]
"""Public id, or (purpose id, version, locale)."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All purposes that are not archived, by key and by id, the notices by name, and the rule of every place."""

    uses: Mapping[str, Use]
    by_id: Mapping[int, Use]
    notices: Mapping[NoticeName, Notice]
    rules: Mapping[str, JurisdictionRule]
    silences: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    """What a place allows people who have said nothing: `consent.selectors.outlook` remembers it here."""

    def rule_of(self, place: str) -> JurisdictionRule:
        """The rule for an ISO 3166-1 or 3166-2 code; the strictest one for an empty or unknown place."""
        return resolve(place, self.rules)

    def mask_of(self, keys: Iterable[str]) -> int:
        """The bits of these purposes together; KeyError for one that does not exist."""
        mask = 0
        for key in keys:
            mask |= self.uses[key].mask
        return mask


_kept: dict[str, tuple[float, Catalogue]] = {}
_parsed: dict[str, tuple[datetime, JurisdictionRule]] = {}


def catalogue() -> Catalogue:
    """What decisions need beside a person's own record, at most CONSENT_CATALOGUE_SECONDS old."""
    now = time.monotonic()
    kept = _kept.get("catalogue")
    if kept and now < kept[0]:
        return kept[1]
    notices, asking_again = _notices()
    uses = [_use(row, tuple(asking_again[row.pk])) for row in Purpose.objects.filter(archived_at=None).order_by("bit")]
    fresh = Catalogue(
        uses={use.key: use for use in uses},
        by_id={use.id: use for use in uses},
        notices=notices,
        rules=_rules(dict(_parsed)),
    )
    _kept["catalogue"] = now + settings.CONSENT_CATALOGUE_SECONDS, fresh
    return fresh


def forget_catalogue() -> None:
    """The next `catalogue()` reads the database: called when one of its rows was changed in this process."""
    _kept.clear()


def purpose_bits() -> dict[str, int]:
    """Purpose key to bit number in `Customer.consent_mask` and `ConsentToken.mask`."""
    return {key: use.bit for key, use in catalogue().uses.items()}


def find_notices(names: Collection[NoticeName]) -> dict[NoticeName, Notice]:
    """The notices that have these names; no query unless one was published since the catalogue was read."""
    known = catalogue().notices
    found = {name: known[name] for name in names if name in known}
    missing = [name for name in names if name not in known]
    if missing:
        wanted = Q(public_id__in=[name for name in missing if isinstance(name, str)])
        for purpose_id, version, locale in (name for name in missing if not isinstance(name, str)):
            wanted |= Q(purpose_id=purpose_id, version=version, locale=locale)
        fresh = _named(NoticeVersion.objects.filter(wanted))
        found |= {name: fresh[name] for name in missing if name in fresh}
    return found


def _notices() -> tuple[dict[NoticeName, Notice], dict[int, list[tuple[int, datetime]]]]:
    """All notices by name; of those that asked again, version and instant by purpose id."""
    rows = NoticeVersion.objects.order_by("purpose_id", "version", "locale")
    asking_again: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
    material = rows.filter(material=True).values_list("purpose_id", "version", "published_at")
    for purpose_id, version, published_at in material:
        asking_again[purpose_id].append((version, published_at))
    return _named(rows), asking_again


def _named(rows: QuerySet[NoticeVersion]) -> dict[NoticeName, Notice]:
    named: dict[NoticeName, Notice] = {}
    for row in rows.values_list("id", "public_id", "purpose_id", "version", "locale", "sha256"):
        notice = Notice(*row)
        named[notice.public_id] = named[notice.purpose_id, notice.version, notice.locale] = notice
    return named


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
