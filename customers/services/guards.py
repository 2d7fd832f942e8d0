"""What upper floors may say about customers as they are written: registries that those floors fill from hooks.py."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from core.actors import Actor
from core.errors import DomainError, Problem
from customers.rules.drafts import DecisionDraft

Identifier = tuple[str, str]
"""(kind, normalised value), for example ("email", "jane.doe@example.com")."""

SuppressionCheck = Callable[[Collection[Identifier]], Collection[Identifier]]
PlaceProjection = Callable[[Sequence[int], datetime], None]
ErasureGuard = Callable[[Sequence[int]], str]


@dataclass(frozen=True, slots=True)
class Stated:
    """What a row says about one person (row id) and one purpose (key): yes or no."""

    customer_id: int
    purpose: str
    yes: bool


class Fate(StrEnum):
    """What came of a statement that was not refused."""

    RECORDED = "recorded"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"


ConsentImporter = Callable[[Sequence[Stated], Mapping[str, Any], datetime], Sequence[Fate | DomainError]]


class Refused(NamedTuple):
    """Why a row is not stored: a code and a sentence; no value is repeated."""

    code: str
    message: str


DecisionImporter = Callable[[Sequence[DecisionDraft], Mapping[str, Any], datetime], Sequence[Fate | Refused]]
ConsentTakeBack = Callable[[str, datetime, datetime, Actor, datetime], int]
BasisCheck = Callable[[Mapping[str, Any], Collection[str], datetime], Sequence[Problem]]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two profiles in the transaction that makes them one or parts them again; both rows are locked.

    `visitor` is true when the absorbed profile was nobody we knew: its silence then takes nothing away.
    """

    merge_id: str
    absorbed_id: int
    into_id: int
    visitor: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class MergePart:
    """One floor's part of a merge.

    `absorb(pair, by, now)` runs after the surviving row took over its fields and before the other points to it; what
    it answers (plain JSON) is kept as the pre-image. `restore(pair, image, by, now)` runs when both rows are as they
    were before; `pair.at` is when they were merged. Work that grows with a history is left to a task of the floor.
    """

    name: str
    absorb: Callable[[Pair, Actor, datetime], Any]
    restore: Callable[[Pair, Any, Actor, datetime], None]


_suppressions: dict[str, SuppressionCheck] = {}
_erasure_guards: dict[str, ErasureGuard] = {}
_projections: dict[str, PlaceProjection] = {}
_parts: dict[str, MergePart] = {}
_consent_importers: dict[str, ConsentImporter] = {}
_basis_checks: dict[str, BasisCheck] = {}
_take_backs: dict[str, ConsentTakeBack] = {}
_decision_importers: dict[str, DecisionImporter] = {}


def register_creation_guard(*, name: str, check: SuppressionCheck) -> None:
    """`check(identifiers)` returns those that may not come back; called for every identifier new to us."""
    _suppressions[name] = check


def register_erasure_guard(*, name: str, check: ErasureGuard) -> None:
    """`check(customer_ids)` answers in a sentence why one of them may not be erased now; empty when they may."""
    _erasure_guards[name] = check


def register_place_projection(*, name: str, project: PlaceProjection) -> None:
    """`project(customer_ids, now)` runs in the writing transaction for customers created or moved to another place."""
    _projections[name] = project


def register_merge_part(*, part: MergePart) -> None:
    """What an upper floor keeps about people follows them into a merge and back out of it."""
    _parts[part.name] = part


def register_consent_import(
    *, name: str, importer: ConsentImporter, check: BasisCheck, take_back: ConsentTakeBack
) -> None:
    """`importer(stated, basis, now)` records imported consent inside the transaction of the imported rows.

    It answers for each statement what came of it or the refusal; what a person has said since then supersedes it.
    `basis` is what the importing person stated, plus `actor` and `import` (public id of the file, the evidence).
    `check(basis, purposes, now)` says what is missing or wrong in it. `take_back(imported, since, until, by, now)` runs
    when the import that wrote between these instants is undone, and answers how many statements stand no more; safe to
    repeat.
    """
    _consent_importers[name] = importer
    _basis_checks[name] = check
    _take_backs[name] = take_back


def register_decision_import(*, name: str, importer: DecisionImporter) -> None:
    """`importer(rows, basis, now)` records what the rows say that people decided, inside the transaction of the rows.

    It answers for each row what came of it, or why it is refused. `basis` is as for `register_consent_import`.
    """
    _decision_importers[name] = importer


def suppressed_among(*, identifiers: Collection[Identifier]) -> frozenset[Identifier]:
    """The identifiers of people who must not come back; empty when nothing is suppressed."""
    if not identifiers:
        return frozenset()
    return frozenset(hit for check in _suppressions.values() for hit in check(identifiers))


def why_not_erased(*, customer_ids: Sequence[int]) -> str:
    """Why one of these customers may not be erased now; empty when nothing stands against it."""
    return next((why for check in _erasure_guards.values() if (why := check(customer_ids))), "")


def project_places(*, customer_ids: Sequence[int], now: datetime) -> None:
    """Everything that depends on the place of these customers is up to date after the call."""
    if customer_ids:
        for project in _projections.values():
            project(customer_ids, now)


def merge_parts() -> list[MergePart]:
    """The registered parts, by name."""
    return [_parts[name] for name in sorted(_parts)]


def import_consent(*, stated: Sequence[Stated], basis: Mapping[str, Any], now: datetime) -> list[Fate | DomainError]:
    """What the rows state is in the ledger of whoever keeps one; for each statement what came of it."""
    return [found for importer in _consent_importers.values() for found in importer(stated, basis, now)]


def import_decisions(*, rows: Sequence[DecisionDraft], basis: Mapping[str, Any], now: datetime) -> list[Fate | Refused]:
    """What the rows say is in the ledger of whoever keeps one; for each row what came of it."""
    return [found for importer in _decision_importers.values() for found in importer(rows, basis, now)]


def basis_problems(*, basis: Mapping[str, Any], purposes: Collection[str], now: datetime) -> list[Problem]:
    """What is missing or wrong in the stated basis of consent to these purposes."""
    return [problem for check in _basis_checks.values() for problem in check(basis, purposes, now)]


def take_consent_back(*, imported: str, since: datetime, until: datetime, by: Actor, now: datetime) -> int:
    """No yes stands any more that rests on this import (public id) alone; how many did."""
    return sum(take_back(imported, since, until, by, now) for take_back in _take_backs.values())
