"""What campaigns contributes to the floors below: its personal data, and what becomes of it in a merge."""

from datetime import datetime
from typing import Any

from campaigns.models import Delivery
from campaigns.selectors.personal import collect_deliveries
from campaigns.services.upkeep import absorb_deliveries, erase_deliveries, restore_deliveries
from core import privacy
from core.actors import Actor
from core.privacy import PersonalData
from customers.services import guards


def _absorb(pair: guards.Pair, by: Actor, now: datetime) -> Any:
    return absorb_deliveries(absorbed_id=pair.absorbed_id, into_id=pair.into_id)


def _restore(pair: guards.Pair, image: Any, by: Actor, now: datetime) -> None:
    restore_deliveries(absorbed_id=pair.absorbed_id, image=image, now=now)


privacy.register(
    PersonalData(
        name="campaigns.deliveries",
        model=Delivery,
        category="messages sent to a person or not sent, and why",
        purpose="marketing, and showing on what permission it rested",
        retention="25 months after the campaign ended unless CAMPAIGN_RETENTION_MONTHS says otherwise",
        collect=collect_deliveries,
        erase=erase_deliveries,
        order=200,
    )
)
guards.register_merge_part(part=guards.MergePart(name="campaigns", absorb=_absorb, restore=_restore))
