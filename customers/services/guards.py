"""What upper floors may say about customers as they are written: registries that those floors fill from hooks.py."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from core.actors import Actor

Identifier = tuple[str, str]
"""(kind, normalised value), for example ("email", "jane.doe@example.com")."""

SuppressionCheck = Callable[[Collection[Identifier]], Collection[Identifier]]
PlaceProjection = Callable[[Sequence[int], datetime], None]
AbsorptionStep = Callable[[int, int, Actor, datetime], None]
ConsentImporter = Callable[[Sequence[int], Mapping[str, Any], datetime], None]
PurposeChoices = Callable[[], Sequence[tuple[str, str]]]
ErasureGuard = Callable[[Sequence[int]], str]

_suppressions: dict[str, SuppressionCheck] = {}
_erasure_guards: dict[str, ErasureGuard] = {}
_projections: dict[str, PlaceProjection] = {}
_absorptions: dict[str, AbsorptionStep] = {}
_consent_importers: dict[str, ConsentImporter] = {}
_purpose_choices: dict[str, PurposeChoices] = {}


def register_creation_guard(*, name: str, check: SuppressionCheck) -> None:
    """`check(identifiers)` returns those that may not come back; called for every identifier new to us."""
    _suppressions[name] = check


def register_erasure_guard(*, name: str, check: ErasureGuard) -> None:
    """`check(customer_ids)` answers in a sentence why one of them may not be erased now; empty when they may."""
    _erasure_guards[name] = check


def register_place_projection(*, name: str, project: PlaceProjection) -> None:
    """`project(customer_ids, now)` runs in the writing transaction for customers created or moved to another place."""
    _projections[name] = project


def register_absorption(*, name: str, step: AbsorptionStep) -> None:
    """`step(absorbed_id, into_id, by, now)` runs in the transaction in which a visitor turns out to be a customer."""
    _absorptions[name] = step


def register_consent_import(*, name: str, importer: ConsentImporter, purposes: PurposeChoices | None = None) -> None:
    """`importer(customer_ids, basis, now)` records imported consent inside the transaction of the imported rows.

    `purposes()` answers (key, name) of what people may be asked about; an import may state only these.

    `basis` is what the importing person stated, plus `answer` ("granted" or "refused"), `actor` and `import`
    (public id of the file, the evidence).
    """
    _consent_importers[name] = importer
    if purposes:
        _purpose_choices[name] = purposes


def purpose_choices() -> list[tuple[str, str]]:
    """(key, name) of every purpose that imported consent may be for; empty when no floor keeps consent."""
    return [choice for choices in _purpose_choices.values() for choice in choices()]


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


def absorb_everywhere(*, absorbed_id: int, into_id: int, by: Actor, now: datetime) -> None:
    """What upper floors hold about the absorbed visitor follows to the customer; consent never widens by it."""
    for step in _absorptions.values():
        step(absorbed_id, into_id, by, now)


def import_consent(*, customer_ids: Sequence[int], basis: Mapping[str, Any], now: datetime) -> None:
    """The stated consent is in the ledger of whoever keeps one."""
    if customer_ids:
        for importer in _consent_importers.values():
            importer(customer_ids, basis, now)
