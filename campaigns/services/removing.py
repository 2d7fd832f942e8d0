"""Removing what nobody was told of: drafts of campaigns and promotions, and offers that no promotion makes."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from campaigns.models import AutomationMessage, Campaign, Offer, Promotion
from campaigns.rules.lifecycle import State
from campaigns.rules.offers import PromotionState
from campaigns.selectors.given import campaigns_giving
from campaigns.services.campaigns import locked
from core import audit
from core.actors import Actor
from core.errors import Conflict, InvalidState, Problem


@transaction.atomic
def delete_campaign(*, campaign: Campaign, by: Actor, now: datetime) -> None:
    """A draft is gone; its copies stay. InvalidState for one that was launched, or that an automation sends."""
    campaign = locked(campaign=campaign)
    if campaign.state != State.DRAFT or campaign.people is not None:
        state, left = campaign.get_state_display().lower(), campaign.people is not None
        history = "it has a history and can only be archived" if left else "only a draft can be deleted"
        raise InvalidState(f"This campaign is {state}; {history}.")
    if AutomationMessage.objects.filter(campaign=campaign).exists():
        raise InvalidState("An automation sends this campaign; it goes with its automation.")
    public_id = campaign.public_id
    campaign.delete()
    audit.record(by=by, action="campaign.deleted", target=public_id)


@transaction.atomic
def delete_promotion(*, promotion: Promotion, by: Actor, now: datetime) -> None:
    """A draft is gone with its codes.

    InvalidState once it was started, because people may have seen it; Conflict while a campaign gives its codes.
    """
    promotion = Promotion.objects.select_for_update().get(pk=promotion.pk)
    if promotion.state != PromotionState.DRAFT:
        raise InvalidState("This promotion was started; end it instead: its figures and redemptions stay.")
    _refuse_used(campaigns_giving(promotion))
    public_id = promotion.public_id
    promotion.delete()
    audit.record(by=by, action="promotion.deleted", target=public_id)


@transaction.atomic
def delete_offer(*, offer: Offer, by: Actor, now: datetime) -> None:
    """The offer is gone; Conflict that names the promotions when one makes it, in whatever state it is."""
    offer = Offer.objects.select_for_update().get(pk=offer.pk)
    _refuse_used(list(Promotion.objects.filter(offer=offer).order_by("-pk")[:20]))
    public_id = offer.public_id
    offer.delete()
    audit.record(by=by, action="offer.deleted", target=public_id)


def _refuse_used(users: Sequence[Campaign | Promotion]) -> None:
    if not users:
        return
    named = ", ".join(f"“{one.name}”" for one in users[:3])
    more = " and more" if len(users) > 3 else ""
    details = [Problem(one.public_id, "in_use", one.name) for one in users]
    raise Conflict(f"It is used by {named}{more}.", code="in_use", details=details)
