"""Tables of campaigns."""

from campaigns.models.campaigns import Campaign, CampaignSegment, CapChoice, Role
from campaigns.models.deliveries import Delivery, SendBucket

__all__ = ["Campaign", "CampaignSegment", "CapChoice", "Delivery", "Role", "SendBucket"]
