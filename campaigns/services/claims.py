"""Claiming rows to send: due ones that no other worker holds, less those for whom it is not the moment."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from campaigns.models import Campaign, CapChoice, Channel, Delivery
from campaigns.rules.deliveries import DeliveryState
from campaigns.rules.lifecycle import State
from campaigns.rules.quiet import next_allowed, zone_of
from campaigns.selectors.experiments import MEASURING
from campaigns.services.automations.goals import reached_meanwhile
from campaigns.services.buckets import Rate, take_tokens
from consent.selectors.decisions import use_of
from consent.selectors.suppression import suppressed_among

BATCH: Final = 100
_DUE: Final = """
SELECT d.id, d.customer_id, coalesce(c.email, ''), coalesce(c.time_zone, '')
FROM campaigns_delivery d LEFT JOIN customers_customer c ON c.id = d.customer_id
WHERE d.campaign_id = %s AND d.state = 'queued' AND d.due_at <= %s ORDER BY d.due_at, d.id LIMIT %s
FOR UPDATE OF d SKIP LOCKED
"""
_TAKE: Final = """
UPDATE campaigns_delivery d SET state = 'sending', reason = '', claimed_at = %(now)s, attempts = x.attempts + 1,
    consent_ref = c.consent_ref, tracked = coalesce(k.tracking AND k.channel = 'email'
        AND c.consent_mask & %(analytics)s <> 0 AND (c.consent_until IS NULL OR c.consent_until > %(now)s), false)
FROM campaigns_delivery x JOIN campaigns_campaign k ON k.id = x.campaign_id
LEFT JOIN customers_customer c ON c.id = x.customer_id
WHERE x.id = ANY(%(deliveries)s::bigint[]) AND d.id = x.id
"""
"""The same is read again before each message; this is what stands when the worker is killed in between."""
_HAD: Final = """
SELECT customer_id, array_agg(coalesce(sent_at, claimed_at) ORDER BY coalesce(sent_at, claimed_at) DESC)
FROM campaigns_delivery WHERE customer_id = ANY(%s)
    AND (sent_at > %s OR state IN ('claimed', 'sending', 'unknown') AND claimed_at > %s)
GROUP BY customer_id
"""


@dataclass(slots=True)
class Batch:
    """The rows that are ours now, and how many others were decided about: left out, or to be tried later."""

    taken: list[int] = field(default_factory=list)
    decided: int = 0


@dataclass(frozen=True, slots=True)
class _Row:
    pk: int
    customer_id: int | None
    email: str
    time_zone: str

    @property
    def domain(self) -> str:
        return self.email.rpartition("@")[2].lower()


@transaction.atomic
def claim(*, campaign: Campaign, now: datetime, limit: int = BATCH) -> Batch:
    """At most `limit` rows are this worker's: in state `sending`, one attempt more, with what is known of consent now.

    Others among the due ones are put off (quiet hours where the person is, frequency cap, too many to one domain) or
    left out (cap, suppression list). Nobody else can claim the same rows: they are locked, and skipped, until commit.
    """
    batch = Batch()
    if campaign.cap_messages:
        _one_at_a_time()
    rows = _due(campaign, now, limit)
    rows = _leave_out_suppressed(rows, batch)
    rows = _leave_out_arrived(campaign, rows, batch, now)
    rows = _put_off_in_quiet_hours(campaign, rows, batch, now)
    rows = _put_off_capped(campaign, rows, batch, now)
    rows = _put_off_by_domain(rows, batch, now) if campaign.channel == Channel.EMAIL else rows
    rows = rows[: _granted(campaign, len(rows), now)]
    batch.taken = _taken([row.pk for row in rows], now)
    return batch


def _taken(pks: Sequence[int], now: datetime) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"now": now, "analytics": use_of(MEASURING).mask, "deliveries": list(pks)})
    return list(pks)


def _due(campaign: Campaign, now: datetime, limit: int) -> list[_Row]:
    if not Campaign.objects.filter(pk=campaign.pk, state=State.SENDING).exists():
        return []
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [campaign.pk, now, limit])
        return [_Row(*row) for row in cursor.fetchall()]


def _leave_out_suppressed(rows: Sequence[_Row], batch: Batch) -> list[_Row]:
    """Also people whose address was listed without knowing that it is theirs."""
    listed = suppressed_among([("email", row.email) for row in rows if row.email]) if rows else ()
    out = [row.pk for row in rows if ("email", row.email) in listed]
    _decide(out, batch, state=DeliveryState.SKIPPED, reason="suppressed")
    return [row for row in rows if row.pk not in out]


def _leave_out_arrived(campaign: Campaign, rows: Sequence[_Row], batch: Batch, now: datetime) -> list[_Row]:
    """Who has reached the goal of an automation since its message was queued does not get it."""
    out = reached_meanwhile(campaign=campaign, deliveries=[row.pk for row in rows], now=now)
    _decide(sorted(out), batch, state=DeliveryState.SKIPPED, reason="goal_reached")
    return [row for row in rows if row.pk not in out]


def _put_off_in_quiet_hours(campaign: Campaign, rows: Sequence[_Row], batch: Batch, now: datetime) -> list[_Row]:
    if campaign.quiet_from is None or campaign.quiet_until is None:
        return list(rows)
    later: dict[datetime, list[int]] = {}
    kept = []
    for row in rows:
        zone = zone_of(row.time_zone, campaign.time_zone)
        due = next_allowed(now, zone=zone, begins=campaign.quiet_from, ends=campaign.quiet_until)
        if due > now:
            later.setdefault(due, []).append(row.pk)
        else:
            kept.append(row)
    for due, pks in later.items():
        _decide(pks, batch, due_at=due, reason="quiet_hours")
    return kept


def _put_off_capped(campaign: Campaign, rows: Sequence[_Row], batch: Batch, now: datetime) -> list[_Row]:
    if not campaign.cap_messages or not rows:
        return list(rows)
    window, cap, kept = timedelta(days=campaign.cap_days), campaign.cap_messages, []
    with connection.cursor() as cursor:
        cursor.execute(_HAD, [[row.customer_id for row in rows], now - window, now - window])
        had: dict[int, list[datetime]] = dict(cursor.fetchall())
    for row in rows:
        times = had.get(row.customer_id or 0, [])
        if len(times) < cap:
            kept.append(row)
        elif campaign.cap_choice == CapChoice.SKIP:
            _decide([row.pk], batch, state=DeliveryState.SKIPPED, reason="frequency_cap")
        else:
            free_at = times[cap - 1] + window + timedelta(seconds=1)
            _decide([row.pk], batch, due_at=free_at, reason="frequency_cap")
            if campaign.cap_choice == CapChoice.REPLACE:
                _take_the_place(campaign, row)
    return kept


def _take_the_place(campaign: Campaign, row: _Row) -> None:
    """What other campaigns keep waiting for this person until the limit allows it gives way to this message."""
    waiting = Delivery.objects.filter(customer=row.customer_id, state=DeliveryState.QUEUED, reason="frequency_cap")
    waiting.exclude(campaign=campaign).update(state=DeliveryState.SKIPPED, reason="replaced")


def _put_off_by_domain(rows: Sequence[_Row], batch: Batch, now: datetime) -> list[_Row]:
    rate = settings.MAIL_PER_SECOND_AND_DOMAIN
    if not rate:
        return list(rows)
    left = {
        domain: take_tokens(rates=[Rate(f"domain:{domain}", rate)], wanted=wanted, now=now)
        for domain, wanted in sorted(Counter(row.domain for row in rows).items())
    }
    kept: list[_Row] = []
    off: list[_Row] = []
    for row in rows:
        left[row.domain] -= 1
        (kept if left[row.domain] >= 0 else off).append(row)
    _decide([row.pk for row in off], batch, due_at=now + timedelta(seconds=max(1.0, 1 / rate)))
    return kept


def _granted(campaign: Campaign, wanted: int, now: datetime) -> int:
    """How many of them the campaign's own rate and that of the mail provider let go now."""
    rates = [Rate(f"campaign:{campaign.public_id}", campaign.per_minute / 60)] if campaign.per_minute else []
    if settings.MAIL_PER_SECOND and campaign.channel == Channel.EMAIL:
        rates.append(Rate("provider", settings.MAIL_PER_SECOND))
    return take_tokens(rates=rates, wanted=wanted, now=now)


def _decide(pks: Sequence[int], batch: Batch, **values: Any) -> None:
    if pks:
        batch.decided += Delivery.objects.filter(pk__in=pks).update(**values)


def _one_at_a_time() -> None:
    """Two campaigns claiming at once could both see room under somebody's cap."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('campaigns.caps'))")
