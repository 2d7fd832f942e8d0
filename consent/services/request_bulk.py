"""One step for many requests at once: those that can, each in a transaction of its own; the others stay as they are."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.db.models import QuerySet

from consent.models import DataRequest
from consent.services.requests import acknowledge_request, assign_request
from core.actors import Actor
from core.errors import DomainError

AT_MOST: Final = 500


def assign_many(*, rows: QuerySet[DataRequest], to: str, by: Actor, now: datetime) -> tuple[int, int]:
    """How many of how many requests are now in these hands."""
    return _each(rows, lambda row: assign_request(request=row, to=to, by=by, now=now))


def acknowledge_many(*, rows: QuerySet[DataRequest], by: Actor, now: datetime) -> tuple[int, int]:
    """How many of how many requesters were told that we have their request."""
    return _each(rows, lambda row: acknowledge_request(request=row, by=by, now=now))


def _each(rows: QuerySet[DataRequest], step: Callable[[DataRequest], DataRequest]) -> tuple[int, int]:
    found, done = list(rows.order_by("pk")[:AT_MOST]), 0
    for row in found:
        try:
            step(row)
        except DomainError:
            continue
        done += 1
    return done, len(found)
