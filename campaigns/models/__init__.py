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
from campaigns.models.changes import DeliveryChange
from campaigns.models.counts import CampaignCount
from campaigns.models.deliveries import Delivery
from campaigns.models.experiments import Experiment, Shown
from campaigns.models.given import GivenCode
from campaigns.models.lanes import Lane
from campaigns.models.links import LinkCheck
from campaigns.models.offers import Code, Exposure, Offer, Promotion, Redemption, Reservation
from campaigns.models.templates import ContentTemplate, TemplateUse, TemplateVersion

__all__ = [
    "Automation",
    "AutomationMessage",
    "AutomationVersion",
    "BudgetGuard",
    "BudgetRaise",
    "Campaign",
    "CampaignCount",
    "CampaignSegment",
    "CanaryChoice",
    "CapChoice",
    "Channel",
    "Code",
    "ContentTemplate",
    "Delivery",
    "DeliveryChange",
    "Experiment",
    "Exposure",
    "GivenCode",
    "Lane",
    "LinkCheck",
    "Offer",
    "Promotion",
    "Redemption",
    "Reservation",
    "Role",
    "Run",
    "Shown",
    "StepCount",
    "StepRecord",
    "TemplateUse",
    "TemplateVersion",
]
