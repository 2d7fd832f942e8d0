"""The exposure log of experiments: who was shown which variant first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from campaigns.models import Experiment, Shown
from campaigns.rules.experiments import Drawn, ExperimentState
from consent.selectors.decisions import use_of
from core import audit
from core.actors import Actor
from core.errors import InvalidInput, InvalidState
from customers.models import Customer

MOST_ROWS: Final = 1_000
_AHEAD: Final = timedelta(minutes=5)
PERSONALISATION: Final = "personalisation"


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody, by public or external id, was shown this variant at this instant."""

    user: str
    variant: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many sightings are new; known ones keep their first variant; who may not be looked at is not logged."""

    new: int
    known: int
    unknown: int
    not_allowed: int


@transaction.atomic
def record_sightings(*, experiment: Experiment, sightings: Sequence[Sighting], by: Actor, now: datetime) -> Recorded:
    """At most 1,000 people shown a variant by another system are in the log, each by what they saw first.

    Refused unless the experiment runs and is drawn elsewhere. People we do not know, and people without permission for
    personalisation, are counted in the answer and not stored.
    """
    if experiment.state != ExperimentState.RUNNING:
        raise InvalidState("This experiment is not running.")
    if experiment.drawn != Drawn.ELSEWHERE:
        raise InvalidState("The hub draws this experiment itself; ask it which variant to show.")
    _check(experiment, sightings, now)
    found = _people([one.user for one in sightings])
    allowed = [
        Shown(experiment=experiment, customer_id=found[one.user][0], variant=one.variant, shown_at=one.at)
        for one in sorted(sightings, key=lambda one: one.at)
        if one.user in found and _may(found[one.user], now)
    ]
    before = Shown.objects.filter(experiment=experiment, customer__in={row.customer_id for row in allowed}).count()
    people = len({row.customer_id for row in allowed})
    Shown.objects.bulk_create(allowed, ignore_conflicts=True)
    unknown = sum(1 for one in sightings if one.user not in found)
    changes = {"people": [0, people - before]}
    audit.record(by=by, action="experiment.shown", target=experiment.public_id, changes=changes)
    return Recorded(
        new=people - before,
        known=len(allowed) - (people - before),
        unknown=unknown,
        not_allowed=len(sightings) - len(allowed) - unknown,
    )


def _check(experiment: Experiment, sightings: Sequence[Sighting], now: datetime) -> None:
    if not 1 <= len(sightings) <= MOST_ROWS:
        raise InvalidInput(f"Invalid 'exposures': send 1 to {MOST_ROWS:,} of them.", param="exposures")
    variants = {one["key"] for one in experiment.variants}
    for place, one in enumerate(sightings):
        if one.variant not in variants:
            raise InvalidInput("Invalid 'variant': there is no such variant.", param=f"exposures[{place}].variant")
        if experiment.started_at is None or not experiment.started_at <= one.at <= now + _AHEAD:
            message = "Invalid 'at': it lies before the experiment was started, or in the future."
            raise InvalidInput(message, param=f"exposures[{place}].at")


_Person = tuple[int, int, datetime | None, datetime | None]


def _people(users: Sequence[str]) -> dict[str, _Person]:
    """(id, consent, its end, first signal) by the name used, of living people; two queries."""
    wanted = set(users)
    columns = ("pk", "consent_mask", "consent_until", "gpc_first_seen_at")
    found: dict[str, _Person] = {}
    for name in ("external_id", "public_id"):
        rows = Customer.objects.alive().filter(**{f"{name}__in": wanted}).values_list(name, *columns)
        found.update({row[0]: row[1:] for row in rows})
    return found


def _may(person: _Person, now: datetime) -> bool:
    _, mask, until, signal = person
    return bool(mask & use_of(PERSONALISATION).mask) and (until is None or until > now) and signal is None
