"""What the marketer of the demo has under way: a mailing in draft, and an offer that the web shop may show."""

from datetime import datetime, timedelta
from typing import Any, Final

from campaigns.models import Campaign, Offer, Promotion
from campaigns.services.campaigns import define_campaign
from campaigns.services.offers import define_offer, define_promotion, make_codes, move_promotion
from core.actors import Actor

CODES: Final = 50
CAMPAIGN: Final[dict[str, Any]] = {
    "name": "We miss you",
    "goal": "An order within 30 days from people who have not ordered for 90",
    "purpose": "marketing_email",
    "include": ["lapsed-90-days"],
    "subject": 'Ten percent for you, {{ customer.first_name | default: "dear customer" }}',
    "body": (
        'Hello {{ customer.first_name | default: "dear customer" }},\n\n'
        "it is a while since your last order. Until the end of the month you save ten percent with your code.\n\n"
        "The shop\n"
    ),
    "quiet_from": "21:00",
    "quiet_until": "08:00",
    "cap_messages": 2,
    "cap_days": 7,
    "holdout_percent": 10,
    "currency": "GBP",
    "cost_per_message": "0.001",
}
OFFER: Final[dict[str, Any]] = {
    "key": "ten-percent",
    "name": "Ten percent",
    "description": "Ten percent off one order",
    "kind": "percent",
    "value": "10",
}
PROMOTION: Final[dict[str, Any]] = {
    "key": "come-back",
    "name": "Come back",
    "offer": "ten-percent",
    "per_customer": 1,
    "variants": [
        {"key": "A", "weight": 1, "content": {"headline": "Welcome back"}},
        {"key": "B", "weight": 1, "content": {"headline": "Ten percent for you"}},
    ],
}


def prepare_marketing(*, by: Actor, now: datetime) -> str:
    """The mailing is a draft that somebody may take through its review; the promotion runs, with codes; what there is.

    Nothing is sent: whom the mailing may reach is decided when it is launched.
    """
    if not Campaign.objects.filter(name=CAMPAIGN["name"]).exists():
        define_campaign(values=CAMPAIGN, by=by, now=now)
    if not Offer.objects.filter(key=OFFER["key"]).exists():
        define_offer(values=OFFER, by=by, now=now)
    if not Promotion.objects.filter(key=PROMOTION["key"]).exists():
        ends = {"ends_at": (now + timedelta(days=30)).isoformat()}
        promotion = define_promotion(values=PROMOTION | ends, by=by, now=now)
        make_codes(promotion=promotion, number=CODES, prefix="SHOP", by=by, now=now)
        move_promotion(promotion=promotion, to="active", by=by, now=now)
    return f"a campaign in draft, a promotion with {CODES} codes"
