"""What campaigns contributes to the floors below: its personal data, and what becomes of it in a merge."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from campaigns.models import Delivery, Exposure, GivenCode, Redemption, Reservation, Run, Shown
from campaigns.selectors.automations.sources import ORDERS, SEGMENTS, register_signal_source
from campaigns.selectors.automations.timeline import RUNS
from campaigns.selectors.personal import (
    collect_deliveries,
    collect_exposures,
    collect_given,
    collect_redemptions,
    collect_reservations,
    collect_runs,
    collect_shown,
)
from campaigns.selectors.segment_uses import uses_of_segments
from campaigns.selectors.timeline import MESSAGES
from campaigns.selectors.under_consent import sent_for
from campaigns.services import upkeep
from campaigns.services.automations import following
from campaigns.services.automations.upkeep import absorb_runs, erase_runs, restore_runs
from consent.selectors.consumers import register_actors
from consent.services.request_purposes import register_mover
from core import meter, privacy
from core.actors import Actor
from core.privacy import PersonalData
from customers.selectors.segments.uses import register_use
from customers.selectors.timeline import register_source
from customers.services import guards


def _absorb(pair: guards.Pair, by: Actor, now: datetime) -> Any:
    deliveries = upkeep.absorb_deliveries(absorbed_id=pair.absorbed_id, into_id=pair.into_id)
    offers = upkeep.absorb_offers(absorbed_id=pair.absorbed_id, into_id=pair.into_id)
    runs = absorb_runs(absorbed_id=pair.absorbed_id, into_id=pair.into_id, now=now)
    return deliveries | offers | {"runs": runs}


def _restore(pair: guards.Pair, image: Any, by: Actor, now: datetime) -> None:
    upkeep.restore_deliveries(absorbed_id=pair.absorbed_id, image=image, now=now)
    upkeep.restore_offers(absorbed_id=pair.absorbed_id, image=image)
    if "runs" in image:
        restore_runs(absorbed_id=pair.absorbed_id, image=image["runs"])


def _behind() -> float:
    return following.seconds_behind(now=timezone.now())


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
privacy.register(
    PersonalData(
        name="campaigns.runs",
        model=Run,
        category="automations a person went through, each step and why",
        purpose="marketing, and showing why a message was sent",
        retention="25 months after the end unless CAMPAIGN_RETENTION_MONTHS says otherwise",
        collect=collect_runs,
        erase=erase_runs,
        order=190,
    )
)
register_mover(place="campaigns.exposures", move=upkeep.move_exposures)
register_use(name="campaigns", find=uses_of_segments)
register_actors(sent_for)
register_source(RUNS)
register_source(MESSAGES)
register_signal_source(ORDERS)
register_signal_source(SEGMENTS)
meter.register_lag(following.FOLLOWER, _behind)
privacy.register(
    PersonalData(
        name="campaigns.reservations",
        model=Reservation,
        category="uses of codes kept for a person's order under way",
        purpose="keeping the limits of promotions",
        retention="an hour at most",
        collect=collect_reservations,
        erase=upkeep.erase_reservations,
        order=209,
    )
)
privacy.register(
    PersonalData(
        name="campaigns.shown",
        model=Shown,
        category="experiments a person was in, in which variant",
        purpose="measuring what a change does",
        retention="25 months after the experiment was stopped unless CAMPAIGN_RETENTION_MONTHS says otherwise",
        collect=collect_shown,
        erase=upkeep.erase_shown,
        order=230,
    )
)
privacy.register(
    PersonalData(
        name="campaigns.given_codes",
        model=GivenCode,
        category="codes that messages of campaigns gave a person",
        purpose="marketing, and giving nobody two codes",
        retention="25 months unless CAMPAIGN_RETENTION_MONTHS says otherwise",
        collect=collect_given,
        erase=upkeep.erase_given,
        order=208,
    )
)
guards.register_merge_part(part=guards.MergePart(name="campaigns", absorb=_absorb, restore=_restore))
