"""Giving codes with the messages of a campaign: one for each person who may have the offer, none for nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from campaigns.models import Campaign, Code, Delivery, GivenCode
from campaigns.rules.deliveries import DeliveryState
from campaigns.selectors.given import Words, entitled, offer_words, promotion_of
from campaigns.services.offers import make_codes
from core.actors import SYSTEM

_NEVER_LEFT: Final = (DeliveryState.SKIPPED, DeliveryState.FAILED, DeliveryState.HELD_OUT)
"""A message that waits, or whose outcome is unknown, keeps its code: its person has it or may have it."""


@transaction.atomic
def give_codes(*, campaign: Campaign, deliveries: Sequence[int], now: datetime) -> dict[int, Words]:
    """By delivery what its message says of the offer, of those whose person may have it at this moment.

    Each has a code of her own, good once: the one that she got before when the message is tried again. Whoever may
    not have the offer any more loses hers unless it was redeemed.
    """
    promotion = promotion_of(campaign)
    if promotion is None or not deliveries:
        return {}
    rows = Delivery.objects.filter(pk__in=deliveries, customer__isnull=False).order_by("pk")
    people = {customer: pk for pk, customer in rows.values_list("pk", "customer_id") if customer}
    known = GivenCode.objects.filter(campaign=campaign, customer__in=people)
    had = {customer: code for customer, code in known.values_list("customer_id", "code__code") if customer}
    may = entitled(promotion, people.keys(), now)
    _remove(Code.objects.filter(given__campaign=campaign, given__customer__in=[pk for pk in had if pk not in may]))
    new = [customer for customer in people if customer in may and customer not in had]
    if new:
        codes = make_codes(promotion=promotion, number=len(new), by=SYSTEM, now=now)
        pairs = list(zip(new, codes, strict=True))
        GivenCode.objects.bulk_create(
            [GivenCode(campaign=campaign, customer_id=pk, code=code, given_at=now) for pk, code in pairs]
        )
        had |= {pk: code.code for pk, code in pairs}
    return {people[pk]: offer_words(promotion, had[pk]) for pk in people if pk in may}


@transaction.atomic
def release_codes(*, campaign: Campaign, deliveries: Sequence[int] | None = None) -> int:
    """Codes of messages that never left are gone, unless they were redeemed; how many.

    Of these deliveries whatever became of them; of all that will not be sent by default.
    """
    if campaign.promotion_id is None:
        return 0
    mine = Delivery.objects.filter(campaign=campaign, customer=OuterRef("given__customer"))
    wanted = mine.filter(state__in=_NEVER_LEFT) if deliveries is None else mine.filter(pk__in=deliveries)
    return _remove(Code.objects.filter(Exists(wanted), given__campaign=campaign))


def forget_given(*, customers: Sequence[int]) -> int:
    """Codes given to these people that nobody redeemed are gone; how many."""
    return _remove(Code.objects.filter(given__customer__in=customers))


def _remove(codes: QuerySet[Code]) -> int:
    """Whoever redeems one at this moment is first, or finds that it is gone."""
    gone = [row.pk for row in codes.filter(redeemed=0).select_for_update(of=("self",)).order_by("pk")]
    GivenCode.objects.filter(code__in=gone).delete()
    Code.objects.filter(pk__in=gone).delete()
    return len(gone)
