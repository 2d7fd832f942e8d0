"""What campaigns know about people, as plain rows for an access package (GDPR Art. 15(3))."""

from collections.abc import Iterator, Sequence
from typing import Any

from campaigns.models import Delivery, Exposure, GivenCode, Redemption, Reservation, Shown, StepRecord
from campaigns.rules.automations.words import ENDINGS, outcome_words
from campaigns.rules.deliveries import reason_words


def collect_deliveries(customer_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each message sent to them or not sent, when and why."""
    rows = Delivery.objects.filter(customer_id__in=customer_ids).select_related("campaign").order_by("pk")
    for row in rows.iterator(chunk_size=2_000):
        yield {
            "campaign": row.campaign.public_id,
            "name": row.campaign.name,
            "purpose": row.campaign.purpose_id,
            "state": row.state,
            "reason": reason_words(row.reason),
            "sent_at": row.sent_at,
            "opened": row.get_opened_display() if row.opened else "",
            "clicked": row.get_clicked_display() if row.clicked else "",
        }


def collect_redemptions(customer_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each code they redeemed, for which order."""
    rows = Redemption.objects.filter(customer_id__in=customer_ids).select_related("promotion", "code").order_by("pk")
    for row in rows.iterator(chunk_size=2_000):
        yield {
            "promotion": row.promotion.name,
            "code": row.code.code,
            "order": row.order_id,
            "redeemed_at": row.redeemed_at,
        }


def collect_exposures(customer_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each promotion they were shown, in which variant."""
    rows = Exposure.objects.filter(customer_id__in=customer_ids).select_related("promotion").order_by("pk")
    for row in rows.iterator(chunk_size=2_000):
        yield {"promotion": row.promotion.name, "variant": row.variant, "shown_at": row.shown_at}


def collect_given(customer_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each code that the message of a campaign gave them."""
    rows = GivenCode.objects.filter(customer_id__in=customer_ids).order_by("pk")
    for row in rows.select_related("campaign", "code__promotion").iterator(chunk_size=2_000):
        yield {
            "campaign": row.campaign.public_id,
            "purpose": row.campaign.purpose_id,
            "promotion": row.code.promotion.name,
            "code": row.code.code,
            "given_at": row.given_at,
        }


def collect_runs(customer_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each automation they went through, with every step."""
    rows = StepRecord.objects.filter(run__customer__in=customer_ids).select_related("run__automation")
    for row in rows.order_by("run_id", "number").iterator(chunk_size=2_000):
        yield {
            "automation": row.run.automation.name,
            "purpose": row.run.automation.purpose_id,
            "run": row.run.public_id,
            "about": row.run.key,
            "step": row.step,
            "what": outcome_words(row.outcome, row.details),
            "at": row.at,
            "end": ENDINGS.get(row.run.ending, row.run.ending),
        }


def collect_shown(customer_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each experiment they were in, in which variant."""
    rows = Shown.objects.filter(customer_id__in=customer_ids).select_related("experiment").order_by("pk")
    for row in rows.iterator(chunk_size=2_000):
        yield {"experiment": row.experiment.name, "variant": row.variant, "shown_at": row.shown_at}


def collect_reservations(customer_ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Each use of a code kept for their orders under way."""
    rows = Reservation.objects.filter(customer_id__in=customer_ids).select_related("promotion", "code").order_by("pk")
    for row in rows.iterator(chunk_size=2_000):
        yield {
            "promotion": row.promotion.name,
            "code": row.code.code,
            "order": row.order_id,
            "expires_at": row.expires_at,
        }
