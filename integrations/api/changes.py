"""/changes: what happened, in the order of the log, for readers who ask again and again."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.conditional import etag_of
from core.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, whole_number
from core.api.views import ApiView
from customers.selectors.recipients import Barrier, barrier_for, kept_back_of
from customers.services.telling import note_told
from integrations.rules.envelopes import Happening, data_of, standard_body, utc
from integrations.rules.event_catalogue import EVENT_TYPES
from integrations.selectors.event_feed import open_place, people_in, read_feed, types_asked_for
from integrations.selectors.webhook_queue import kinds_of_event, people_asking

_OPS: Final = {"customer.deleted": "delete", "customer.erased": "erase", "customer.merged": "merge"}


class EventChangeSerializer(serializers.Serializer[object]):
    """One event as webhooks send it; with a tombstone when the customer is gone."""

    op = serializers.ChoiceField(choices=["event", "delete", "erase", "merge"])
    seq = serializers.CharField(help_text="The place in the log.")
    id = serializers.CharField()
    type = serializers.CharField()
    timestamp = serializers.DateTimeField()
    data = serializers.DictField()  # type: ignore[assignment]
    tombstone = serializers.DictField(required=False)


class EventChangesSerializer(serializers.Serializer[object]):
    """A stretch of the feed."""

    data = EventChangeSerializer(many=True)  # type: ignore[assignment]
    next_token = serializers.CharField(help_text="`since` of the next call; good for as long as the log is kept.")
    has_more = serializers.BooleanField()
    poll_after_s = serializers.IntegerField(help_text="Seconds after which it is worth asking again.")


class Changes(ApiView):
    """GET /api/v1/changes."""

    scopes = {"get": "events:read"}

    @extend_schema(
        operation_id="listChanges",
        summary="What happened since a token",
        parameters=[
            OpenApiParameter("since", str, description="`next_token` of the last answer; without it all that is kept."),
            OpenApiParameter("topics", str, description="Types or families, separated by commas: `customer.*`."),
            OpenApiParameter("limit", int, description="1 to 200, 50 by default."),
        ],
        responses=EventChangesSerializer,
        tags=["Webhooks"],
    )
    def get(self, request: Request) -> Response:
        """Events behind the token in commit order, none twice and none left out; 304 while nothing is new."""
        self.only("since", "topics", "limit")
        query, now = request._request.GET, timezone.now()
        types = types_asked_for(text=query.get("topics", ""))
        place = open_place(text=query.get("since", ""), now=now)
        limit = whole_number(request._request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        found = read_feed(after=place, types=types, limit=limit, now=now)
        events, withheld = self._leaving(found.events, now)
        self._note(events)
        body = {
            "data": [_change(event) for event in events],
            "next_token": found.next.seal(),
            "has_more": found.has_more,
            "poll_after_s": found.poll_after_s,
            **withheld,
        }
        tag = etag_of(query.urlencode(), found.next.xid, found.next.row, found.has_more)
        answer = self.tagged(body, tag)
        answer["X-Poll-After"] = str(found.poll_after_s)
        return answer

    def _leaving(self, events: Sequence[Happening], now: datetime) -> tuple[Sequence[Happening], dict[str, Any]]:
        """Those that may go to this client, and how many are kept back by the reason; that people are gone must reach
        everybody.
        """
        barrier = barrier_for(self.credential.client_id, now=now)
        if barrier is None:
            return events, {}
        people = people_in(events=events) | people_asking(events)
        held = kept_back_of(set(people.values()), barrier)
        why = {event.message_id: why_kept_back(event, people, held, barrier) for event in events}
        withheld = Counter(reason for reason in why.values() if reason)
        return [one for one in events if not why[one.message_id]], {"withheld": dict(withheld)} if withheld else {}

    def _note(self, events: Any) -> None:
        people = people_in(events=events)
        told: dict[tuple[str, ...], set[int]] = defaultdict(set)
        for event in events:
            if event.subject in people:
                told[kinds_of_event(event.type)].add(people[event.subject])
        for kinds, ids in told.items():
            note_told(to=str(self.actor), way="changes", kinds=kinds, customer_ids=ids)


def why_kept_back(event: Happening, people: Mapping[str, int], held: Mapping[int, str], barrier: Barrier) -> str:
    """The reason for which this event does not go to a recipient, '' when it may."""
    if event.subject not in people or EVENT_TYPES[event.type].must_reach:
        return ""
    old = barrier.oldest is not None and event.at < barrier.oldest
    return held.get(people[event.subject], barrier.too_old if old else "")


def _change(event: Happening) -> dict[str, Any]:
    body = standard_body(event, data=data_of(event), livemode=settings.LIVEMODE)
    shown = {name: body[name] for name in ("id", "type", "timestamp", "data")}
    row = {"op": _OPS.get(event.type, "event"), "seq": event.sequence, **shown}
    return row | ({"tombstone": _tombstone(event)} if event.type in _OPS else {})


def _tombstone(event: Happening) -> dict[str, Any]:
    return {
        "id": event.subject,
        "object": "customer",
        "deleted": True,
        "deleted_at": utc(event.at),
        "reason": event.payload.get("reason") or {"erase": "erasure", "merge": "merged"}.get(_OPS[event.type], ""),
        "merged_into": event.payload.get("merged_into"),
    }
