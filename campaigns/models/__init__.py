"""Tables of campaigns."""

from campaigns.models.automations import (
    Automation,
    AutomationMessage,
    AutomationVersion,
    Run,
    StepCount,
    StepRecord,
)
from campaigns.models.budgets import BudgetGuard, BudgetRaise
from campaigns.models.campaigns import Campaign, CampaignSegment, CanaryChoice, CapChoice, Channel, Role
from campaigns.models.deliveries import Delivery
from campaigns.models.experiments import Experiment, Shown
from campaigns.models.offers import Code, Exposure, Offer, Promotion, Redemption, Reservation

__all__ = [
    "Automation",
    "AutomationMessage",
    "AutomationVersion",
    "BudgetGuard",
    "BudgetRaise",
    "Campaign",
    "CampaignSegment",
    "CanaryChoice",
    "CapChoice",
    "Channel",
    "Code",
    "Delivery",
    "Experiment",
    "Exposure",
    "Offer",
    "Promotion",
    "Redemption",
    "Reservation",
    "Role",
    "Run",
    "Shown",
    "StepCount",
    "StepRecord",
]
