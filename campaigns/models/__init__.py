"""Tables of campaigns."""

from campaigns.models.campaigns import Campaign, CampaignSegment, CapChoice, Role
from campaigns.models.deliveries import Delivery, SendBucket
from campaigns.models.offers import Code, Exposure, Offer, Promotion, Redemption

__all__ = [
    "Campaign",
    "CampaignSegment",
    "CapChoice",
    "Code",
    "Delivery",
    "Exposure",
    "Offer",
    "Promotion",
    "Redemption",
    "Role",
    "SendBucket",
]
