"""A pilot: the draw of those who get a message first, and promoting it to everybody else of the same audience."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from campaigns.models import Campaign, Delivery
from campaigns.rules.assignment import hash_value
from campaigns.rules.changes import What
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.lifecycle import State
from campaigns.rules.pilots import REASON, border, pilot_size
from campaigns.selectors.pilots import count_waiting, is_pilot, promotion_problems, waiting_for
from campaigns.services.approval import refuse_problems
from campaigns.services.campaigns import locked, move
from campaigns.services.changes import begin_change
from core import audit
from core.actors import Actor
from core.errors import InvalidState

_BATCH: Final = 5_000


def draw_pilot(*, campaign: Campaign) -> dict[str, Any]:
    """Of those to send to, all but the pilot are held out with the reason `pilot`; what the campaign remembers of it.

    Drawn by the published hash with `pilot:` and the campaign's public id as seed, so that anybody can compute it
    again: who stands lowest is in. People at the very border are taken in the order of their rows.
    """
    if not is_pilot(campaign):
        return {}
    places = Counter(place for _, place in _placed(campaign))
    people = places.total()
    wanted = pilot_size(people, percent=campaign.pilot_percent, most=campaign.pilot_people)
    last, more = border(places, wanted)
    out: list[int] = []
    for pk, place in _placed(campaign):
        taken = place < last or (place == last and more > 0)
        more -= place == last and taken
        if not taken:
            out.append(pk)
        if len(out) == _BATCH:
            _hold(out)
            out = []
    _hold(out)
    return {"pilot_drawn": wanted, "pilot_of": people}


@transaction.atomic
def promote_campaign(*, campaign: Campaign, by: Actor, now: datetime) -> Campaign:
    """The finished pilot goes on with everybody else of the audience that was taken at its launch.

    Whoever has the message keeps it and is not sent it again; permission is read anew for all others. Refused for a
    campaign that is no pilot, whose pilot is not over or was promoted before, and with every reason against sending.
    """
    campaign = locked(campaign=campaign)
    if not is_pilot(campaign) or campaign.pilot_drawn is None:
        raise InvalidState("Only a pilot that was launched can be promoted.")
    if campaign.pilot_promoted_at:
        raise InvalidState("This pilot was promoted before.")
    if campaign.state not in (State.COMPLETED, State.COMPLETED_WITH_GAPS):
        raise InvalidState("A pilot can be promoted when its own messages are all decided about.")
    people = count_waiting(campaign)
    refuse_problems(problems=promotion_problems(campaign, people, now))
    if not waiting_for(campaign).exists():
        raise InvalidState("Nobody waits for this pilot any more.")
    changes = {"people": [campaign.pilot_drawn, people]}
    audit.record(by=by, action="campaign.pilot_promoted", target=campaign.public_id, changes=changes)
    fields: dict[str, Any] = {"pilot_promoted_at": now, "finished_at": None, "trouble": ""}
    moved = move(campaign=campaign, to=State.SENDING, by=by, now=now, **fields)
    begin_change(campaign=campaign, what=What.PROMOTE, now=now)
    return moved


def _placed(campaign: Campaign) -> Iterator[tuple[int, float]]:
    """Every row that waits to be sent with the place of its person, in the order of rows."""
    rows = Delivery.objects.filter(campaign=campaign, state=DeliveryState.QUEUED).order_by("pk")
    last = 0
    while found := list(rows.filter(pk__gt=last).values_list("pk", "customer__public_id")[:_BATCH]):
        last = found[-1][0]
        for pk, person in found:
            yield pk, hash_value(f"pilot:{campaign.public_id}", person or "") or 0.0


def _hold(deliveries: list[int]) -> None:
    Delivery.objects.filter(pk__in=deliveries).update(state=DeliveryState.HELD_OUT, reason=REASON)
