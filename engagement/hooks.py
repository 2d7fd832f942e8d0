"""What engagement contributes to the floors below: the timeline, its personal data, how far its followers are."""

from functools import partial

from django.utils import timezone

from core import meter, privacy
from core.privacy import PersonalData
from customers.selectors.timeline import register_source
from engagement.models import Event
from engagement.selectors.personal import collect_events
from engagement.selectors.timeline import EVENTS
from engagement.services import followers
from engagement.services.erasure import erase_events


def _behind(name: str) -> float:
    return followers.seconds_behind(name=name, now=timezone.now())


register_source(EVENTS)
privacy.register(
    PersonalData(
        name="engagement.events",
        model=Event,
        category="what a person did: page views, clicks, orders, with time and device",
        purpose="analytics",
        retention="37 months unless EVENT_RETENTION_MONTHS says otherwise",
        collect=collect_events,
        erase=erase_events,
        order=100,
    )
)
for _name in followers.FOLLOWERS:
    meter.register_lag(_name, partial(_behind, _name))
