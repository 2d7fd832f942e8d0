"""/events/{id}: one thing that happened, by the id under which it was told (decision 41)."""

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.conditional import etag_of
from core.api.schema import register_component
from core.api.views import ApiView
from core.errors import Forbidden, NotFound
from customers.selectors.recipients import WITHHELD, barrier_for, kept_back_of
from customers.services.telling import note_told
from engagement.selectors.answers import event_answers
from engagement.selectors.search import find_by_id
from integrations.api.changes import why_kept_back
from integrations.rules.envelopes import Happening, data_of, standard_body
from integrations.selectors.event_feed import find_happening, people_in
from integrations.selectors.webhook_queue import kinds_of_event, people_asking

OF_PEOPLE: Final = "engagement:read"
_TEXT: Final = {"type": "string"}
register_component(
    "LogEvent",
    {
        "type": "object",
        "description": "The body of a webhook in the format `standard` with the payload `thin`.",
        "required": ["type", "timestamp", "data", "id", "api_version", "livemode", "request"],
        "properties": {
            "type": _TEXT,
            "timestamp": {**_TEXT, "format": "date-time"},
            "data": {"type": "object", "additionalProperties": True},
            "id": {**_TEXT, "description": "evt_..., with the letters of `webhook-id` behind it."},
            "api_version": _TEXT,
            "livemode": {"type": "boolean"},
            "request": {"type": "object", "additionalProperties": True},
        },
    },
)
_EITHER: Final = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("LogEvent", "StoredEvent")]}


class EventById(ApiView):
    """GET /api/v1/events/{event_id}."""

    scopes = {"get": "events:read"}

    @extend_schema(operation_id="getEvent", summary="One event by its id", responses={200: _EITHER}, tags=["Webhooks"])
    def get(self, request: Request, event_id: str) -> Response:
        """The object of a webhook, by its `id` or its `webhook-id`, for as long as the log is kept; or an event of
        `GET /events`, by its `id`, for clients that may read those too (`engagement:read`).
        """
        self.only()
        now, happening = timezone.now(), find_happening(reference=event_id)
        body = self._engagement(event_id, now) if happening is None else self._told(happening, now)
        return self.tagged(body, etag_of(body))

    def _told(self, event: Happening, now: datetime) -> dict[str, Any]:
        barrier, people = barrier_for(self.credential.client_id, now=now), people_in(events=[event])
        if barrier is not None:
            known = people | people_asking([event])
            reason = why_kept_back(event, known, kept_back_of(set(known.values()), barrier), barrier)
            _let_leave(barrier.words.get(reason, reason))
        ids = {people[event.subject]} if event.subject in people else set()
        note_told(to=str(self.actor), way="changes", kinds=kinds_of_event(event.type), customer_ids=ids)
        return standard_body(event, data=data_of(event), livemode=settings.LIVEMODE)

    def _engagement(self, event_id: str, now: datetime) -> dict[str, Any]:
        event = find_by_id(event_id=event_id) if OF_PEOPLE in self.credential.scopes else None
        if event is None:
            raise NotFound("There is no event with this id, or the log does not hold it any more.")
        barrier = barrier_for(self.credential.client_id, now=now)
        if barrier is not None:
            held = kept_back_of({event.customer_id}, barrier).get(event.customer_id, "")
            old = barrier.oldest is not None and event.occurred_at < barrier.oldest
            reason = held or (barrier.too_old if old else "")
            _let_leave(barrier.words.get(reason, reason))
        client = f"client:{self.credential.client_id}"
        note_told(to=client, way="engagement.events", kinds=("events",), customer_ids={event.customer_id})
        return event_answers([event])[0]


def _let_leave(why: str) -> None:
    if why:
        raise Forbidden(f"This may not go to you: {why}.", code=WITHHELD)
