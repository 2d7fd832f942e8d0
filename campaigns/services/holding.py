"""Who gets nothing so that the effect can be measured: the holdout of one campaign, and the global one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from campaigns.models import Campaign, Delivery, Experiment, Shown
from campaigns.rules.assignment import hash_value
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.experiments import HELD_OUT, ExperimentState, Kind
from campaigns.rules.holdouts import side_of

_BATCH: Final = 5_000


def hold_out(*, campaign: Campaign, now: datetime) -> None:
    """Whoever is in the global holdout or in the campaign's own share is left out, the others are on the other side.

    Both sides of the global holdout are logged for everybody who could have been sent to. Chosen by the published
    hash of the public id, with the public id of the holdout, or of the campaign, as seed.
    """
    holdout = Experiment.objects.filter(kind=Kind.HOLDOUT, state=ExperimentState.RUNNING).first()
    last = 0
    while holdout or campaign.holdout_percent:
        rows = Delivery.objects.filter(campaign=campaign, state=DeliveryState.QUEUED, pk__gt=last).order_by("pk")
        batch = list(rows.values_list("pk", "customer_id", "customer__public_id")[:_BATCH])
        if not batch:
            return
        last = batch[-1][0]
        globally = _log_sides(holdout, [row[1:] for row in batch], now) if holdout else frozenset[int]()
        left_out = {pk: "global_holdout" for pk, customer, _ in batch if customer in globally}
        for pk, _, person in batch:
            if (hash_value(campaign.public_id, person) or 0) < campaign.holdout_percent / 100:
                left_out.setdefault(pk, "held_out")
        for reason in ("global_holdout", "held_out"):
            pks = [pk for pk, why in left_out.items() if why == reason]
            Delivery.objects.filter(pk__in=pks).update(state=DeliveryState.HELD_OUT, reason=reason)


def held_globally(*, people: Sequence[tuple[int, str]], now: datetime) -> frozenset[int]:
    """Who of these (id, public id) is in the global holdout; both sides are in its log. Nobody while there is none."""
    holdout = Experiment.objects.filter(kind=Kind.HOLDOUT, state=ExperimentState.RUNNING).first()
    return _log_sides(holdout, people, now) if holdout and people else frozenset()


def _log_sides(holdout: Experiment, people: Sequence[tuple[int | None, str]], now: datetime) -> frozenset[int]:
    """Both sides are in the log; those held out."""
    known = [(pk, person) for pk, person in people if pk is not None]
    logged = dict(
        Shown.objects.filter(experiment=holdout, customer__in=[pk for pk, _ in known]).values_list(
            "customer_id", "variant"
        )
    )
    sides = {pk: logged.get(pk) or side_of(holdout.public_id, person, holdout.variants) for pk, person in known}
    new = [Shown(experiment=holdout, customer_id=pk, variant=side, shown_at=now) for pk, side in sides.items()]
    Shown.objects.bulk_create([row for row in new if row.customer_id not in logged], ignore_conflicts=True)
    return frozenset(pk for pk, side in sides.items() if side == HELD_OUT)
