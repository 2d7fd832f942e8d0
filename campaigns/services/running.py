"""Launching, pausing, going on, cancelling, and ending campaigns; sending itself is in `sending`."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from campaigns.models import AutomationMessage, Campaign, CampaignSegment, Delivery
from campaigns.rules.changes import What
from campaigns.rules.deliveries import GAPS, DeliveryState, ending
from campaigns.rules.lifecycle import State
from campaigns.selectors.audience import FILL, audience_of, known_audience, parameters
from campaigns.selectors.campaigns import counts_of, launch_problems, parts_of
from campaigns.selectors.kept import find_change, is_large
from campaigns.services.approval import refuse_problems
from campaigns.services.campaigns import locked, move
from campaigns.services.canaries import hold_back, let_go
from campaigns.services.changes import begin_change
from campaigns.services.counting import keep_deliveries
from campaigns.services.giving import release_codes
from campaigns.services.holding import hold_out
from campaigns.services.lanes import settle_lost, withdraw
from campaigns.services.pilots import draw_pilot
from core import jobs
from core.actors import SYSTEM, Actor
from core.errors import InvalidState

TRIED_FOR: Final = timedelta(minutes=30)
"""How long building an audience is tried again before the campaign has failed."""


@transaction.atomic
def launch_campaign(*, campaign: Campaign, by: Actor, now: datetime) -> Campaign:
    """The approved campaign is on its way at once, or waits for its `send_at`.

    Refused with every reason that stands against it: words, segments whose calculation failed, budget, or an audience
    that differs by more than a tenth from the one that was approved.
    """
    campaign = locked(campaign=campaign)
    if campaign.state not in (State.APPROVED, State.SCHEDULED):
        raise InvalidState("Only an approved campaign can be launched; have it reviewed first.")
    refuse_problems(problems=launch_problems(campaign, known_audience(campaign, now), now))
    launched: dict[str, Any] = {"launched_by": str(by), "launched_at": now}
    if campaign.state == State.APPROVED and campaign.send_at and campaign.send_at > now:
        return move(campaign=campaign, to=State.SCHEDULED, by=by, now=now, **launched)
    return _start(campaign, by, now)


@transaction.atomic
def unschedule_campaign(*, campaign: Campaign, by: Actor, now: datetime) -> Campaign:
    """A scheduled campaign waits for a launch again; its approval stands."""
    return move(campaign=locked(campaign=campaign), to=State.APPROVED, by=by, now=now)


@transaction.atomic
def pause_campaign(*, campaign: Campaign, reason: str = "", by: Actor, now: datetime) -> Campaign:
    """Nothing more is handed to the mail server: not even what a worker has taken up already."""
    campaign = locked(campaign=campaign)
    return move(campaign=campaign, to=State.PAUSED, by=by, now=now, reason=reason, trouble=reason[:300])


@transaction.atomic
def resume_campaign(*, campaign: Campaign, by: Actor, now: datetime) -> Campaign:
    """A paused campaign goes on with whoever is left; after its canary, with everybody."""
    campaign = locked(campaign=campaign)
    if campaign.state != State.PAUSED:
        raise InvalidState("Only a paused campaign can go on.")
    if campaign.canary_sent_at:
        let_go(campaign=campaign, by=by, now=now)
    return move(campaign=campaign, to=State.SENDING, by=by, now=now, trouble="")


@transaction.atomic
def cancel_campaign(*, campaign: Campaign, reason: str = "", by: Actor, now: datetime) -> Campaign:
    """Over at once: nothing more leaves, what was sent stays sent.

    Whoever was not sent to is left out for the reason `cancelled`: the rows of many people follow.
    """
    campaign = locked(campaign=campaign)
    moved = move(campaign=campaign, to=State.CANCELLED, by=by, now=now, reason=reason, finished_at=now)
    begin_change(campaign=campaign, what=What.CANCEL, now=now)
    rows = Delivery.objects.filter(campaign=campaign, state=DeliveryState.SENDING)
    taken = withdraw(deliveries=rows.values_list("pk", flat=True))
    rows.filter(pk__in=taken).update(state=DeliveryState.SKIPPED, reason="cancelled", claimed_at=None)
    release_codes(campaign=campaign, deliveries=taken)
    return moved


@transaction.atomic
def send_to_unsent(*, campaign: Campaign, also_unknown: bool = False, by: Actor, now: datetime) -> Campaign:
    """Whoever failed is tried again; whoever's outcome is unknown only when that is wanted: she may get it twice.

    The rows of many people follow, while the first are sent to.
    """
    campaign = locked(campaign=campaign)
    if campaign.state != State.COMPLETED_WITH_GAPS:
        raise InvalidState("Only a campaign that was completed with gaps has somebody left to send to.")
    states = GAPS if also_unknown else (DeliveryState.FAILED,)
    if not Delivery.objects.filter(campaign=campaign, state__in=states, customer__isnull=False).exists():
        raise InvalidState("Everybody left may have the message already: their outcome is unknown.")
    moved = move(campaign=campaign, to=State.SENDING, by=by, now=now, finished_at=None)
    begin_change(campaign=campaign, what=What.UNSENT_UNKNOWN if also_unknown else What.UNSENT, now=now)
    return moved


def start_due(*, now: datetime) -> int:
    """Every scheduled campaign whose time has come is on its way; how many. One that cannot be is approved again."""
    due = Campaign.objects.filter(state=State.SCHEDULED, send_at__lte=now).order_by("send_at")
    return sum(_start_one(campaign, now) for campaign in due[:100])


@transaction.atomic
def _start_one(campaign: Campaign, now: datetime) -> bool:
    campaign = locked(campaign=campaign)
    if campaign.state != State.SCHEDULED:
        return False
    if problems := launch_problems(campaign, audience_of(campaign, now), now):
        move(campaign=campaign, to=State.APPROVED, by=SYSTEM, now=now, trouble=" ".join(problems)[:300])
        return False
    _start(campaign, SYSTEM, now)
    return True


def _start(campaign: Campaign, by: Actor, now: datetime) -> Campaign:
    who: dict[str, Any] = {"launched_by": campaign.launched_by or str(by), "launched_at": now, "trouble": ""}
    moved = move(campaign=campaign, to=State.BUILDING_AUDIENCE, by=by, now=now, **who)
    jobs.defer("campaigns.tasks.build_audience", campaign_id=campaign.pk)
    return moved


@transaction.atomic
def build_audience(*, campaign_id: int, now: datetime) -> int:
    """One row for everybody in the segments at this moment, and sending begins; how many people. Safe to repeat."""
    campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
    if campaign.state != State.BUILDING_AUDIENCE:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(FILL, parameters(campaign, now))
    hold_out(campaign=campaign, now=now)
    drawn = draw_pilot(campaign=campaign)
    hold_back(campaign=campaign)
    taken = [_frozen(part) for part in parts_of([campaign]).get(campaign.pk, [])]
    people = Delivery.objects.filter(campaign=campaign).count()
    move(campaign=campaign, to=State.SENDING, by=SYSTEM, now=now, people=people, audience=taken, **drawn)
    if is_large(campaign):
        keep_deliveries(campaign=campaign, now=now)
    return people


def close_campaign(*, campaign_id: int, now: datetime) -> bool:
    """Complete when nobody is left open: `completed`, or `completed_with_gaps` when somebody did not get it.

    Not while rows still have to follow a decision, such as the one to send to more people. One behind a step of an
    automation goes on with the automation.
    """
    if AutomationMessage.objects.filter(campaign=campaign_id).exists():
        return False
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        if campaign.state != State.SENDING or find_change(campaign):
            return False
        end = ending(counts_of([campaign], exact=True).get(campaign.pk, {}))
        if end is None:
            return False
        move(campaign=campaign, to=end, by=SYSTEM, now=now, finished_at=now)
        release_codes(campaign=campaign)
    return True


def sending_now(*, now: datetime) -> list[int]:
    """Campaigns under way (ids); of those behind automations only where somebody is due."""
    due = Delivery.objects.filter(campaign=OuterRef("pk"), state=DeliveryState.QUEUED, due_at__lte=now)
    rows = Campaign.objects.filter(state=State.SENDING).order_by("pk")
    return list(rows.filter(Q(automation_message=None) | Exists(due)).values_list("pk", flat=True))


def recover(*, now: datetime) -> int:
    """What dead workers held is free again; a message one of them was handing over has an unknown outcome."""
    return settle_lost(now=now)


@transaction.atomic
def give_up_building(*, now: datetime) -> int:
    """Campaigns whose audience could not be built for TRIED_FOR have failed and say so; how many.

    One that is being built at this moment is left alone: whoever builds it holds its row.
    """
    stuck = Campaign.objects.filter(state=State.BUILDING_AUDIENCE, launched_at__lt=now - TRIED_FOR).order_by("pk")
    rows = list(stuck.select_for_update(skip_locked=True)[:100])
    minutes = TRIED_FOR // timedelta(minutes=1)
    trouble = f"The audience could not be built in {minutes} minutes. Nobody got a message; the worker's log says why."
    for campaign in rows:
        move(campaign=campaign, to=State.FAILED, by=SYSTEM, now=now, trouble=trouble, finished_at=now)
    return len(rows)


def _frozen(part: CampaignSegment) -> dict[str, object]:
    version = part.segment.current
    return {
        "segment": part.segment.slug,
        "role": part.role,
        "version": version.number if version else None,
        "members": version.members if version else 0,
        "as_of": version.as_of.isoformat() if version else None,
    }
