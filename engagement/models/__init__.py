"""Tables of engagement."""

from engagement.models.catalogue import EventSchema, EventType, Label
from engagement.models.counted import CountedReport
from engagement.models.events import ConsentKind, Event, EventKey
from engagement.models.held import HeldEvent
from engagement.models.predictions import Prediction, PredictionModel
from engagement.models.reactions import Reaction
from engagement.models.rejections import Rejection
from engagement.models.rollups import DailyMetric, HourlyMetric

__all__ = [
    "ConsentKind",
    "CountedReport",
    "DailyMetric",
    "Event",
    "EventKey",
    "EventSchema",
    "EventType",
    "HeldEvent",
    "HourlyMetric",
    "Label",
    "Prediction",
    "PredictionModel",
    "Reaction",
    "Rejection",
]
