"""What consent contributes to the floors below."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from consent.selectors.suppression import suppressed_among
from consent.services.imports import record_imported_consent
from consent.services.masks import recompute_masks
from consent.services.merging import absorb_consent
from core.actors import Actor
from customers.services import guards


def _absorb(absorbed_id: int, into_id: int, by: Actor, now: datetime) -> None:
    absorb_consent(absorbed_id=absorbed_id, into_id=into_id, by=by, now=now)


def _project(customer_ids: Sequence[int], now: datetime) -> None:
    recompute_masks(customer_ids=customer_ids, now=now)


def _import(customer_ids: Sequence[int], basis: Mapping[str, Any], now: datetime) -> None:
    record_imported_consent(customer_ids=customer_ids, basis=basis, now=now)


guards.register_creation_guard(name="suppression", check=suppressed_among)
guards.register_place_projection(name="consent", project=_project)
guards.register_absorption(name="consent", step=_absorb)
guards.register_consent_import(name="consent", importer=_import)
