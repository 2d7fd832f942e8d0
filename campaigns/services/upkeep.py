"""What becomes of deliveries when people are erased or merged, and when campaigns are old."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef

from campaigns.models import (
    Campaign,
    Delivery,
    Experiment,
    Exposure,
    GivenCode,
    Redemption,
    Reservation,
    Shown,
)
from campaigns.rules.deliveries import DeliveryState
from campaigns.selectors.campaigns import counts_of
from campaigns.selectors.effort import spared_counts
from campaigns.selectors.reactions import outcomes_of, reactions_of
from campaigns.services.counting import keep_results
from campaigns.services.giving import forget_given
from campaigns.services.redeeming import give_back
from customers.services.erasing import Rows, update_rows

_OF_OFFERS: Final[Mapping[str, type[Redemption | Exposure | Shown | Reservation | GivenCode]]] = {
    "redemptions": Redemption,
    "exposures": Exposure,
    "shown": Shown,
    "reservations": Reservation,
    "given": GivenCode,
}
_WAITING = (DeliveryState.QUEUED, DeliveryState.CLAIMED)


def erase_deliveries(customer_ids: Sequence[int], /) -> Rows:
    """The rows stay for the sums of a campaign and name nobody; who was still to be sent to is left out."""
    theirs = Delivery.objects.filter(customer_id__in=customer_ids)
    theirs.filter(state__in=_WAITING).update(state=DeliveryState.SKIPPED, reason="deleted", claimed_at=None)
    return update_rows(theirs, customer_ids, customer=None, consent_ref=None)


def erase_redemptions(customer_ids: Sequence[int], /) -> Rows:
    """What was redeemed still counts and names neither person nor order."""
    return update_rows(
        Redemption.objects.filter(customer_id__in=customer_ids), customer_ids, customer=None, order_id=""
    )


def erase_reservations(customer_ids: Sequence[int], /) -> Rows:
    """What was kept for their orders is free again."""
    rows = list(Reservation.objects.select_for_update().filter(customer_id__in=customer_ids))
    for row in rows:
        give_back(reservation=row)
    return Rows(row.customer_id for row in rows if row.customer_id)


def erase_given(customer_ids: Sequence[int], /) -> Rows:
    """Codes that messages gave them and nobody redeemed are gone; those redeemed still count and name nobody."""
    found = Rows(GivenCode.objects.filter(customer_id__in=customer_ids).values_list("customer_id", flat=True))
    forget_given(customers=customer_ids)
    GivenCode.objects.filter(customer_id__in=customer_ids).update(customer=None)
    return found


def erase_exposures(customer_ids: Sequence[int], /) -> Rows:
    """Who was shown what is gone, the count of the variant stays."""
    return update_rows(Exposure.objects.filter(customer_id__in=customer_ids), customer_ids, customer=None)


def move_exposures(customer_ids: Sequence[int], to: int, /) -> int:
    """What the first of these people was shown was shown to the profile `to`; how many."""
    return Exposure.objects.filter(customer_id=customer_ids[0]).update(customer_id=to)


def erase_shown(customer_ids: Sequence[int], /) -> Rows:
    """Who was in which experiment is gone, the size of the group stays."""
    return update_rows(Shown.objects.filter(customer_id__in=customer_ids), customer_ids, customer=None)


def absorb_offers(*, absorbed_id: int, into_id: int) -> dict[str, list[int]]:
    """Redemptions count for the surviving profile; she keeps the variant she saw herself, else that of the other."""
    hers = GivenCode.objects.filter(customer_id=into_id, campaign=OuterRef("campaign"))
    given = GivenCode.objects.filter(customer_id=absorbed_id).exclude(Exists(hers)).order_by("pk")
    own = Exposure.objects.filter(customer_id=into_id, promotion=OuterRef("promotion"))
    exposures = Exposure.objects.filter(customer_id=absorbed_id).exclude(Exists(own)).order_by("pk")
    there = Shown.objects.filter(customer_id=into_id, experiment=OuterRef("experiment"))
    shown = Shown.objects.filter(customer_id=absorbed_id).exclude(Exists(there)).order_by("pk")
    image = {
        "redemptions": list(
            Redemption.objects.filter(customer_id=absorbed_id).order_by("pk").values_list("pk", flat=True)
        ),
        "exposures": list(exposures.values_list("pk", flat=True)),
        "shown": list(shown.values_list("pk", flat=True)),
        "given": list(given.values_list("pk", flat=True)),
        "reservations": list(
            Reservation.objects.filter(customer_id=absorbed_id).order_by("pk").values_list("pk", flat=True)
        ),
    }
    Redemption.objects.filter(pk__in=image["redemptions"]).update(customer_id=into_id)
    Exposure.objects.filter(pk__in=image["exposures"]).update(customer_id=into_id)
    Shown.objects.filter(pk__in=image["shown"]).update(customer_id=into_id)
    GivenCode.objects.filter(pk__in=image["given"]).update(customer_id=into_id)
    Reservation.objects.filter(pk__in=image["reservations"]).update(customer_id=into_id)
    return image


def restore_offers(*, absorbed_id: int, image: Any) -> None:
    """What moved in the merge belongs to the other profile again."""
    for name, model in _OF_OFFERS.items():
        model._default_manager.filter(pk__in=image.get(name, ()), customer__isnull=False).update(
            customer_id=absorbed_id
        )


def absorb_deliveries(*, absorbed_id: int, into_id: int) -> dict[str, list[int]]:
    """The surviving profile has the messages of both; where it is in the same audience itself it gets one only.

    Answers which rows moved and which were left out, for `restore_deliveries`.
    """
    own = Delivery.objects.filter(customer_id=into_id, campaign=OuterRef("campaign"), step=OuterRef("step"))
    theirs = Delivery.objects.filter(customer_id=absorbed_id)
    left_out = list(theirs.filter(Exists(own), state__in=_WAITING).order_by("pk").values_list("pk", flat=True))
    moved = list(theirs.exclude(Exists(own)).order_by("pk").values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=left_out).update(state=DeliveryState.SKIPPED, reason="merged", claimed_at=None)
    Delivery.objects.filter(pk__in=moved).update(customer_id=into_id)
    return {"moved": moved, "left_out": left_out}


def restore_deliveries(*, absorbed_id: int, image: Any, now: datetime) -> None:
    """Each profile has its own messages again; who was left out for the merge waits again if the campaign runs."""
    Delivery.objects.filter(pk__in=image["moved"], customer__isnull=False).update(customer_id=absorbed_id)
    Delivery.objects.filter(pk__in=image["left_out"], reason="merged", campaign__finished_at=None).update(
        state=DeliveryState.QUEUED, reason="", due_at=now
    )


def forget_deliveries(*, before: datetime, now: datetime) -> int:
    """Rows of campaigns that ended before then are gone, their sums kept on the campaign; how many rows.

    Redemptions, codes given and exposures of that age name nobody any more; those of experiments that were stopped by
    then are gone, their sums kept on the experiment.
    """
    _forget_shown(before)
    Redemption.objects.filter(redeemed_at__lt=before, customer__isnull=False).update(customer=None, order_id="")
    GivenCode.objects.filter(given_at__lt=before, customer__isnull=False).update(customer=None)
    Exposure.objects.filter(shown_at__lt=before, customer__isnull=False).update(customer=None)
    old = Campaign.objects.filter(finished_at__lt=before, totals={}).order_by("finished_at")
    return sum(_forget(campaign, now) for campaign in old[:20])


@transaction.atomic
def _forget(campaign: Campaign, now: datetime) -> int:
    campaign = Campaign.objects.select_for_update().get(pk=campaign.pk)
    keep_results(campaign=campaign, now=now)
    campaign.spared = spared_counts(campaign, exact=True)
    campaign.totals = counts_of([campaign], exact=True)[campaign.pk] or {"none": 0}
    campaign.reactions = reactions_of([campaign], exact=True)[campaign.pk].as_dict()
    campaign.outcomes = outcomes_of([campaign], exact=True)[campaign.pk]
    campaign.save(update_fields=["totals", "reactions", "outcomes", "spared"])
    return Delivery.objects.filter(campaign=campaign).delete()[0]


def _forget_shown(before: datetime) -> None:
    """The log of one experiment after the other; a running one loses the names only."""
    Shown.objects.filter(shown_at__lt=before, customer__isnull=False).update(customer=None)
    old = Experiment.objects.filter(stopped_at__lt=before).order_by("stopped_at")
    for pk in old.filter(Exists(Shown.objects.filter(experiment=OuterRef("pk")))).values_list("pk", flat=True)[:20]:
        Shown.objects.filter(experiment=pk).delete()
