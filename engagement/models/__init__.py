"""Tables of engagement."""

from engagement.models.catalogue import EventSchema, EventType, Label
from engagement.models.events import ConsentKind, Event, EventKey
from engagement.models.reactions import Reaction
from engagement.models.rejections import Rejection
from engagement.models.rollups import DailyMetric, HourlyMetric

__all__ = [
    "ConsentKind",
    "DailyMetric",
    "Event",
    "EventKey",
    "EventSchema",
    "EventType",
    "HourlyMetric",
    "Label",
    "Reaction",
    "Rejection",
]
