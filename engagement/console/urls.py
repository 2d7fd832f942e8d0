"""Screens of engagement."""

from core import menu
from core.console.views import screen
from engagement.console.events import EventDetail, EventList
from engagement.console.predictions import PREDICTIONS, PredictionModels
from engagement.console.rejections import RejectionList
from engagement.console.results import Results
from engagement.console.types import EventTypeDetail, EventTypes, NewEventType, NewVersion, RetireEventType

urlpatterns = [
    screen("events", EventList),
    screen("events/<int:xid>/<uuid:event_id>", EventDetail),
    screen("event-types", EventTypes),
    screen("event-types/new", NewEventType),
    screen("event-types/<slug:key>", EventTypeDetail),
    screen("event-types/<slug:key>/version", NewVersion),
    screen("event-types/<slug:key>/retire", RetireEventType),
    screen("rejections", RejectionList),
    screen("results", Results),
    screen("predictions", PredictionModels),
]
menu.add_panel("customer", PREDICTIONS)
