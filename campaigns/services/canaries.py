"""A part of the audience first: held back rows, the verdict on the first messages, letting the others go."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import transaction

from campaigns.models import Campaign, CanaryChoice, Delivery
from campaigns.rules.assignment import hash_value
from campaigns.rules.canary import First, told, trouble
from campaigns.rules.changes import CANARY, What
from campaigns.rules.deliveries import OPEN, DeliveryState
from campaigns.rules.lifecycle import State
from campaigns.selectors.tallies import added, kept_tallies
from campaigns.services.campaigns import move
from campaigns.services.changes import begin_change
from core import audit
from core.actors import SYSTEM, Actor

_LATER: Final = datetime(9000, 1, 1, tzinfo=UTC)
_BATCH: Final = 5_000


def hold_back(*, campaign: Campaign) -> None:
    """All but the canary's share of those to send to wait, chosen by the published hash with a seed of its own.

    At least one person goes first: who comes first by the hash.
    """
    if not campaign.canary_percent:
        return
    share, last, best = campaign.canary_percent / 100, 0, (2.0, 0)
    waiting = Delivery.objects.filter(campaign=campaign, state=DeliveryState.QUEUED)
    while True:
        rows = list(waiting.filter(pk__gt=last).order_by("pk").values_list("pk", "customer__public_id")[:_BATCH])
        if not rows:
            break
        last = rows[-1][0]
        placed = [(hash_value(f"canary:{campaign.public_id}", person) or 0.0, pk) for pk, person in rows]
        best = min([best, *placed])
        later = [pk for place, pk in placed if place >= share]
        Delivery.objects.filter(pk__in=later).update(reason=CANARY, due_at=_LATER)
    if best[0] >= share:
        waiting.filter(pk=best[1]).update(reason="", due_at=campaign.launched_at)


@transaction.atomic
def judge_canary(*, campaign_id: int, now: datetime) -> str:
    """What becomes of a campaign whose first messages are all decided about: `waiting`, `passed` or `paused`.

    Reports take a while: they are waited for `canary_minutes`. Then the others follow, or the campaign is paused with
    the figures, because they break a limit or because somebody is to decide. Too many bounces pause it at once.
    """
    campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
    rows = Delivery.objects.filter(campaign=campaign)
    held = rows.filter(state=DeliveryState.QUEUED, reason=CANARY)
    if campaign.state != State.SENDING or campaign.canary_passed_at or not held.exists():
        return "passed"
    first = _first(campaign)
    problem = trouble(first, bounces=campaign.canary_bounces, complaints=campaign.canary_complaints)
    if rows.filter(state__in=OPEN).exclude(reason=CANARY).exists():
        return _stop(campaign, problem, now) if problem and first.messages else "waiting"
    if campaign.canary_sent_at is None:
        campaign.canary_sent_at = now
        campaign.save(update_fields=["canary_sent_at"])
    if problem:
        return _stop(campaign, problem, now)
    if now < campaign.canary_sent_at + timedelta(minutes=campaign.canary_minutes):
        return "waiting"
    if campaign.canary_choice == CanaryChoice.APPROVE:
        return _stop(campaign, f"{told(first)} Let it go on when that is good enough.", now)
    let_go(campaign=campaign, by=SYSTEM, now=now)
    return "passed"


def let_go(*, campaign: Campaign, by: Actor, now: datetime) -> None:
    """The locked campaign sends to everybody else too, if anybody waits for that; their rows follow."""
    if campaign.canary_passed_at or not (people := _waiting(campaign)):
        return
    campaign.canary_passed_at = now
    campaign.save(update_fields=["canary_passed_at"])
    changes = {"people": [0, people]}
    audit.record(by=by, action="campaign.canary_passed", target=campaign.public_id, changes=changes)
    begin_change(campaign=campaign, what=What.LET_GO, now=now)


def _waiting(campaign: Campaign) -> int:
    """How many wait for the first messages; of a large campaign as counted last."""
    if kept := kept_tallies([campaign]):
        return added(kept[campaign.pk], "state", "reason").get((DeliveryState.QUEUED, CANARY), 0)
    return Delivery.objects.filter(campaign=campaign, state=DeliveryState.QUEUED, reason=CANARY).count()


def _stop(campaign: Campaign, why: str, now: datetime) -> str:
    """Paused with the figures; whoever lets it go on then has seen them, and everybody follows."""
    over = campaign.canary_sent_at or now
    move(campaign=campaign, to=State.PAUSED, by=SYSTEM, now=now, reason=why, trouble=why[:300], canary_sent_at=over)
    return "paused"


def _first(campaign: Campaign) -> First:
    rows = Delivery.objects.filter(campaign=campaign).exclude(state=DeliveryState.QUEUED)
    states, outcomes = Counter[str](), Counter[str]()
    decided = rows.filter(state__in=[DeliveryState.SENT, DeliveryState.FAILED])
    for state, outcome in decided.values_list("state", "outcome").iterator(chunk_size=_BATCH):
        states[state] += 1
        outcomes[outcome] += 1
    return First.of(sent=states[DeliveryState.SENT], failed=states[DeliveryState.FAILED], outcomes=dict(outcomes))
