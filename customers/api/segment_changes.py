"""/segments/{segment}/changes and /customers/{id}/segments: who came and left, and where somebody is."""

import json

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from core.api.pagination import CURSOR_LIFE, whole_number
from core.api.views import ApiView
from core.crypto import open_text, sign_text
from core.errors import Gone, InvalidInput
from customers.api.customers import json_response
from customers.api.segment_serializers import MemberPageSerializer
from customers.api.segments import SegmentView
from customers.models import ChangeReason
from customers.selectors.customers import find_customer
from customers.selectors.recipients import barrier_for, kept_back_of
from customers.selectors.segments.changes import change_answer, change_page
from customers.selectors.segments.listing import find_segment, segments_of
from customers.services.telling import note_told, tell

DEFAULT_PAGE, LARGEST_PAGE = 200, 1_000
_KIND = "segment-changes"


class SegmentChangeSeenSerializer(serializers.Serializer[object]):
    """Somebody who came in or left; `conditions` are JSON Pointers into the rule to what changed."""

    customer = serializers.CharField()
    change = serializers.ChoiceField(choices=["entered", "exited"])
    reason = serializers.ChoiceField(choices=ChangeReason.values)
    conditions = serializers.ListField(child=serializers.CharField())
    at = serializers.DateTimeField()


class SegmentChangesSerializer(serializers.Serializer[object]):
    """One page of comings and goings, newest first."""

    data = SegmentChangeSeenSerializer(many=True)  # type: ignore[assignment]
    pagination = MemberPageSerializer()


class InSegmentSerializer(serializers.Serializer[object]):
    """A segment and since when the customer has been in it without a break."""

    id = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=["dynamic", "static", "snapshot"])
    entered_at = serializers.DateTimeField()


class CustomerSegmentsSerializer(serializers.Serializer[object]):
    """The segments in use that a customer is in, by name."""

    customer = serializers.CharField()
    data = InSegmentSerializer(many=True)  # type: ignore[assignment]


class SegmentChanges(SegmentView):
    """GET /api/v1/segments/{segment}/changes."""

    scopes = {"get": "segments:read"}

    @extend_schema(
        operation_id="listSegmentChanges",
        summary="Who came into a segment and who left",
        parameters=[
            OpenApiParameter("limit", int, description="1 to 1000, 200 by default."),
            OpenApiParameter("cursor", str, description="`next_cursor` of the last answer."),
        ],
        responses=SegmentChangesSerializer,
    )
    def get(self, request: Request, segment: str) -> HttpResponse:
        """Newest first, by cursor only, with the reason of each; kept for SEGMENT_CHANGE_DAYS.

        The first calculation and one that moves more than 100,000 people are told as numbers only: see the runs.
        """
        self.only("limit", "cursor")
        limit = whole_number(request._request, "limit", DEFAULT_PAGE, 1, LARGEST_PAGE)
        found = find_segment(segment)
        rows = change_page(segment=found, before=_open(request._request.GET.get("cursor", ""), found.pk), limit=limit)
        barrier = barrier_for(self.credential.client_id, now=timezone.now())
        more, held = len(rows) > limit, kept_back_of([row.customer_id for row in rows[:limit]], barrier)
        shown = [row for row in rows[:limit] if row.customer_id not in held]
        told = {row.customer_id for row in shown}
        note_told(to=str(self.actor), way="segments.changes", kinds=("groups",), customer_ids=told)
        following = _seal(found.pk, rows[limit - 1].pk) if more else None
        pagination = {"limit": limit, "has_more": more, "next_cursor": following}
        return json_response({"data": [change_answer(row) for row in shown], "pagination": pagination})


class CustomerSegments(ApiView):
    """GET /api/v1/customers/{id}/segments."""

    scopes = {"get": "customers:read"}
    tag = "Customers"

    @extend_schema(
        operation_id="listCustomerSegments", summary="Segments of a customer", responses=CustomerSegmentsSerializer
    )
    def get(self, request: Request, reference: str) -> HttpResponse:
        """Every segment in use that the customer is in, and since when."""
        self.only()
        customer, now = find_customer(reference=reference), timezone.now()
        tell(to=str(self.actor), way="customers.segments", kinds=("groups",), customer_ids=[customer.pk], now=now)
        data = [
            {"id": row.public_id, "slug": row.slug, "name": row.name, "kind": row.kind, "entered_at": since}
            for row, since in segments_of(customer)
        ]
        return json_response({"customer": customer.public_id, "data": data})


def _seal(segment: int, before: int) -> str:
    expires = int((timezone.now() + CURSOR_LIFE).timestamp())
    return sign_text(_KIND, json.dumps([segment, before, expires]))


def _open(text: str, segment: int) -> int | None:
    """The change before which to go on; None for the beginning."""
    if not text:
        return None
    opened = open_text(_KIND, text)
    owner, before, expires = json.loads(opened) if opened else (0, 0, 0)
    if owner != segment:
        raise InvalidInput("Invalid 'cursor'", param="cursor")
    if timezone.now().timestamp() > expires:
        raise Gone("The cursor has expired; start again.", param="cursor")
    return int(before)
