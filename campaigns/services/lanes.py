"""Lanes: how far each worker of a campaign has come with the rows it took, so that its death leaves one doubt at most.

Rows are taken in sets: one commit, which waits for the disk, marks them `sending` and lists them in the worker's lane.
From then on only the lane moves, which waits for nothing. Whoever takes the slot after a killed worker reads there
what the mail server has taken, what was with it at that moment, and what was not begun.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F, QuerySet

from campaigns.models import Delivery, Lane
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.lifecycle import State
from campaigns.rules.outcomes import Outcome
from campaigns.selectors.audience import REASON
from customers.selectors import direct

STOPPED: Final = "stopped"
"""Said of a row that may not be handed over because its campaign was stopped, or because it was decided about."""
LOST_AFTER: Final = timedelta(minutes=2)
_NEXT: Final = f"""
WITH mine AS (
    UPDATE campaigns_lane SET moved_at = %(now)s, current = %(delivery)s::bigint,
        ahead = array_remove(ahead, %(delivery)s::bigint),
        taken_by_server = CASE WHEN current IS NULL THEN taken_by_server ELSE taken_by_server || current END
    WHERE campaign_id = %(campaign)s AND slot = %(slot)s AND holder = %(holder)s
        AND %(delivery)s::bigint = ANY(ahead)
    RETURNING id)
SELECT CASE WHEN d.state <> 'sending' OR k.state <> 'sending' THEN 'stopped'
    WHEN c.id IS NULL OR c.status = 'deleted' THEN 'deleted'
    WHEN c.merged_into_id IS NOT NULL THEN 'merged' ELSE {REASON} END,
    d.attempts, k.tracking AND k.channel = 'email' AND c.consent_mask & %(analytics)s <> 0
        AND (c.consent_until IS NULL OR c.consent_until > %(now)s), c.consent_ref,
    %(offer)s::bigint = 0 OR c.consent_mask & %(offer)s <> 0
        AND (c.consent_until IS NULL OR c.consent_until > %(now)s),
    c.id, c.public_id, c.email, c.first_name, c.last_name, c.country, c.region, c.language, c.orders_count,
    c.attributes::text
FROM mine, campaigns_delivery d JOIN campaigns_campaign k ON k.id = d.campaign_id
LEFT JOIN customers_customer c ON c.id = d.customer_id WHERE d.id = %(delivery)s
"""  # noqa: S608
_SENT: Final = """
UPDATE campaigns_delivery d SET state = 'sent', reason = '', claimed_at = NULL, sent_at = v.at,
    provider_id = v.provider, consent_ref = v.ref, tracked = v.tracked
FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::bigint[], %s::boolean[])
    AS v(id, at, provider, ref, tracked)
WHERE d.id = v.id AND d.state IN ('sending', 'unknown')
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """What is to be noted about a message that the server took."""

    delivery: int
    at: datetime
    provider_id: str
    consent_ref: int | None
    tracked: bool


class Position:
    """One worker's lane: nobody else moves it; a successor, or whoever ends waiting messages, may take it away."""

    def __init__(self, campaign_id: int, slot: int) -> None:
        self._key: dict[str, Any] = {"campaign": campaign_id, "slot": slot, "holder": secrets.token_hex(16)}
        self._mine = Lane.objects.filter(campaign=campaign_id, slot=slot, holder=self._key["holder"])
        self._sent: list[Sent] = []

    def take(self, deliveries: Sequence[int], now: datetime) -> None:
        """These rows, marked in the same transaction, are ahead; what was sent before is noted in it too."""
        self.note()
        if self._mine.update(ahead=list(deliveries), moved_at=now):
            return
        Lane.objects.create(
            campaign_id=self._key["campaign"],
            slot=self._key["slot"],
            holder=self._key["holder"],
            ahead=list(deliveries),
            moved_at=now,
        )

    def next(self, delivery: int, now: datetime, facts: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """This row is with the server from now on, unless the answer begins with a reason why it may not be.

        Consent, suppression and the campaign's state are read in the same statement. None when it is not ours any more.
        """
        rows = direct.run(statement=_NEXT, parameters={**self._key, **facts, "delivery": delivery, "now": now})
        return rows[0] if rows else None

    def goes_on_without(self, delivery: int) -> bool:
        """Whether the lane is still ours after `next` said nothing about a row of it, which was withdrawn, it seems.

        When its answer got lost with the connection, the row was not handed over and waits again.
        """
        lane = self._mine.first()
        if lane and lane.current == delivery:
            self.release(delivery)
        return lane is not None

    def sent(self, message: Sent) -> None:
        """The server took it; noted with the next set."""
        self._sent.append(message)

    @transaction.atomic
    def note(self) -> None:
        """Everything the server took is noted."""
        if not self._sent:
            return
        with connection.cursor() as cursor:
            cursor.execute(_SENT, _columns(self._sent))
        self._mine.update(taken_by_server=[], current=None)
        self._sent = []

    @transaction.atomic
    def settle(self, delivery: int, outcome: Outcome, now: datetime) -> None:
        """Anything else that became of the row: noted at once, also when it was given up for lost meanwhile."""
        self.note()
        self._mine.update(current=None)
        under_way = (DeliveryState.SENDING, DeliveryState.UNKNOWN)
        Delivery.objects.filter(pk=delivery, state__in=under_way).update(**_values(outcome, now))

    @transaction.atomic
    def release(self, delivery: int) -> None:
        """The row that is with us was not handed over and waits again."""
        self.note()
        self._mine.update(current=None)
        put_back([delivery])

    @transaction.atomic
    def leave(self) -> None:
        """Sent rows are noted, those not begun wait again, the lane is gone."""
        self.note()
        for lane in self._mine.select_for_update().order_by("pk"):
            put_back(lane.ahead)
            lane.delete()


def slots_in_use(*, campaign_id: int, among: Iterable[int]) -> list[int]:
    """Which of these slots have a lane, of somebody at work or of somebody who was killed."""
    lanes = Lane.objects.filter(campaign=campaign_id, slot__in=list(among))
    return list(lanes.order_by("slot").values_list("slot", flat=True))


def settle_slot(*, campaign_id: int, slot: int) -> None:
    """What a predecessor in this slot left is settled; nobody may be at work in the slot."""
    _settle_all(Lane.objects.filter(campaign=campaign_id, slot=slot))


def settle_lost(*, now: datetime) -> int:
    """What workers held that have not moved for LOST_AFTER is settled; how many outcomes are unknown.

    Rows that are in no lane, because PostgreSQL crashed or they were marked by hand, have an unknown outcome.
    """
    unknown = _settle_all(Lane.objects.filter(moved_at__lt=now - LOST_AFTER))
    lost = Delivery.objects.filter(claimed_at__lt=now - LOST_AFTER)
    held = [pk for lane in Lane.objects.order_by("pk") for pk in (*lane.taken_by_server, lane.current, *lane.ahead)]
    sending = lost.filter(state=DeliveryState.SENDING).exclude(pk__in=[pk for pk in held if pk is not None])
    unknown += sending.update(state=DeliveryState.UNKNOWN, reason="worker_lost")
    lost.filter(state=DeliveryState.CLAIMED).update(state=DeliveryState.QUEUED, claimed_at=None)
    return unknown


def withdraw(*, deliveries: Iterable[int]) -> list[int]:
    """Those of these rows that a worker took and had not begun are no longer its own; which.

    They stay `sending` until the caller's transaction says what they are now.
    """
    wanted, found = set(deliveries), list[int]()
    if not wanted:
        return found
    for lane in Lane.objects.filter(ahead__overlap=sorted(wanted)).order_by("pk").select_for_update():
        found += [pk for pk in lane.ahead if pk in wanted]
        lane.ahead = [pk for pk in lane.ahead if pk not in wanted]
        lane.save(update_fields=["ahead"])
    return found


def put_back(deliveries: Sequence[int], /) -> None:
    """What was taken and not begun waits again; in a campaign that was cancelled meanwhile it is left out."""
    taken = Delivery.objects.filter(pk__in=deliveries, state=DeliveryState.SENDING)
    out = taken.filter(campaign__state__in=(State.CANCELLED, State.ARCHIVED))
    out.update(state=DeliveryState.SKIPPED, reason="cancelled", claimed_at=None)
    taken.update(state=DeliveryState.QUEUED, claimed_at=None, attempts=F("attempts") - 1)


@transaction.atomic
def _settle_all(lanes: QuerySet[Lane]) -> int:
    """What the server took is sent, what was with it is unknown, the rest waits again."""
    unknown = 0
    for lane in lanes.select_for_update().order_by("pk"):
        taken = Delivery.objects.filter(state=DeliveryState.SENDING)
        taken.filter(pk__in=lane.taken_by_server).update(
            state=DeliveryState.SENT, sent_at=lane.moved_at, claimed_at=None
        )
        current = taken.filter(pk__in=[lane.current] if lane.current else [])
        unknown += current.update(state=DeliveryState.UNKNOWN, reason="worker_lost")
        put_back(lane.ahead)
        lane.delete()
    return unknown


def _columns(messages: Sequence[Sent]) -> list[list[Any]]:
    rows = [(one.delivery, one.at, one.provider_id, one.consent_ref, one.tracked) for one in messages]
    return [list(column) for column in zip(*rows, strict=True)]


def _values(outcome: Outcome, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {"state": outcome.state, "reason": outcome.reason, "claimed_at": None}
    if outcome.bounced:
        values |= {"outcome": outcome.bounced, "outcome_code": outcome.code, "outcome_at": now}
    if outcome.again_in:
        values["due_at"] = now + outcome.again_in
    return values
