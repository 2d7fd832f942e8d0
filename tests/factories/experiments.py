"""Experiments in every state."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from campaigns.models import Experiment, Shown
from campaigns.services.experiments import count_experiment, define_experiment, start_experiment
from core.actors import SYSTEM
from customers.models import Customer, Purchase
from tests.factories.consent import make_person

VARIANTS = [{"key": "A", "weight": 1, "value": "Buy now"}, {"key": "B", "weight": 1, "value": "Add to basket"}]
EVERYTHING = (1 << 16) - 1


def make_experiment(*, running: bool = True, now: datetime | None = None, **values: Any) -> Experiment:
    """An experiment of two even variants."""
    at = now or timezone.now()
    wanted = {"key": f"button-{Experiment.objects.count()}", "name": "Words of the button", "variants": VARIANTS}
    experiment = define_experiment(values={**wanted, **values}, by=SYSTEM, now=at)
    return start_experiment(experiment=experiment, by=SYSTEM, now=at) if running else experiment


def make_shopper(**facts: Any) -> Customer:
    """Somebody who allowed everything."""
    person = make_person(**facts)
    Customer.objects.filter(pk=person.pk).update(consent_mask=EVERYTHING)
    person.refresh_from_db()
    return person


def show(experiment: Experiment, variant: str, people: int, buyers: int = 0, amount: Any = 10) -> None:
    """So many new people were shown the variant, the first of them bought for that amount."""
    at = experiment.started_at or timezone.now()
    persons = Customer.objects.bulk_create(
        [
            Customer(public_id=Customer.new_public_id(), consent_mask=EVERYTHING, created_at=at, updated_at=at)
            for _ in range(people)
        ]
    )
    Shown.objects.bulk_create(
        [Shown(experiment=experiment, customer=person, variant=variant, shown_at=at) for person in persons]
    )
    Purchase.objects.bulk_create(
        [
            Purchase(
                public_id=f"pur_{person.pk}",
                customer=person,
                order_id=f"ord_{person.pk}",
                amount=Decimal(amount),
                currency="EUR",
                purchased_at=at,
                source="shop",
                created_at=at,
            )
            for person in persons[:buyers]
        ]
    )


def counted(experiment: Experiment, groups: Mapping[str, tuple[int, int]]) -> Experiment:
    """The experiment after (people, buyers) of each variant, counted an hour later."""
    for variant, (people, buyers) in groups.items():
        show(experiment, variant, people, buyers)
    at = (experiment.started_at or timezone.now()) + timedelta(hours=1)
    return count_experiment(experiment=experiment, now=at)


def experiment_example() -> dict[str, str]:
    """The address of a running experiment with figures."""
    return {"key": counted(make_experiment(), {"A": (200, 20), "B": (200, 40)}).key}


def draft_experiment_example() -> dict[str, str]:
    """The address of a draft."""
    return {"key": make_experiment(running=False).key}
