"""What campaigns contributes to the floors below: its personal data, and what becomes of it in a merge."""

from datetime import datetime
from typing import Any

from campaigns.models import Delivery, Exposure, Redemption
from campaigns.selectors.personal import collect_deliveries, collect_exposures, collect_redemptions
from campaigns.services import upkeep
from core import privacy
from core.actors import Actor
from core.privacy import PersonalData
from customers.services import guards


def _absorb(pair: guards.Pair, by: Actor, now: datetime) -> Any:
    deliveries = upkeep.absorb_deliveries(absorbed_id=pair.absorbed_id, into_id=pair.into_id)
    return deliveries | upkeep.absorb_offers(absorbed_id=pair.absorbed_id, into_id=pair.into_id)


def _restore(pair: guards.Pair, image: Any, by: Actor, now: datetime) -> None:
    upkeep.restore_deliveries(absorbed_id=pair.absorbed_id, image=image, now=now)
    upkeep.restore_offers(absorbed_id=pair.absorbed_id, image=image)


privacy.register(
    PersonalData(
        name="campaigns.deliveries",
        model=Delivery,
        category="messages sent to a person or not sent, and why",
        purpose="marketing, and showing on what permission it rested",
        retention="25 months after the campaign ended unless CAMPAIGN_RETENTION_MONTHS says otherwise",
        collect=collect_deliveries,
        erase=upkeep.erase_deliveries,
        order=200,
    )
)
privacy.register(
    PersonalData(
        name="campaigns.redemptions",
        model=Redemption,
        category="codes a person redeemed, and for which order",
        purpose="keeping the limits of promotions",
        retention="25 months unless CAMPAIGN_RETENTION_MONTHS says otherwise",
        collect=collect_redemptions,
        erase=upkeep.erase_redemptions,
        order=210,
    )
)
privacy.register(
    PersonalData(
        name="campaigns.exposures",
        model=Exposure,
        category="promotions a person was shown, in which variant",
        purpose="personalisation",
        retention="25 months unless CAMPAIGN_RETENTION_MONTHS says otherwise",
        collect=collect_exposures,
        erase=upkeep.erase_exposures,
        order=220,
    )
)
guards.register_merge_part(part=guards.MergePart(name="campaigns", absorb=_absorb, restore=_restore))
