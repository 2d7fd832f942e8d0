"""/customers/{id}/timeline: one person's story."""

import json
from datetime import datetime

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from core.api.pagination import CURSOR_LIFE, DEFAULT_LIMIT, MAX_LIMIT, whole_number
from core.api.views import ApiView
from core.crypto import open_text, sign_text
from core.errors import Gone, InvalidInput
from customers.api.customers import json_response
from customers.api.serializers import TimelineSerializer
from customers.selectors.customers import all_ids, find_customer
from customers.selectors.timeline import Position, read_timeline, sources
from customers.services.telling import tell


class CustomerTimeline(ApiView):
    """GET /api/v1/customers/{id}/timeline."""

    scopes = {"get": "customers:read"}
    tag = "Customers"

    @extend_schema(
        operation_id="getTimeline",
        summary="Timeline of a customer",
        parameters=[
            OpenApiParameter("source", str, description="Only these sources, separated by commas."),
            OpenApiParameter("limit", int, description="1 to 200, 50 by default."),
            OpenApiParameter("cursor", str, description="`next_cursor` of the last answer."),
        ],
        responses=TimelineSerializer,
    )
    def get(self, request: Request, reference: str) -> HttpResponse:
        """Orders, consent, engagement: newest first, by cursor only, visitors that were absorbed included."""
        self.only("source", "limit", "cursor")
        query, now = request._request.GET, timezone.now()
        limit = whole_number(request._request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
        only = parse_sources(query.get("source", ""))
        customer = find_customer(reference=reference)
        after = _open(query.get("cursor", ""), customer.public_id, now)
        stretch = read_timeline(customer_ids=all_ids(customer), now=now, limit=limit, after=after, only=only)
        following = _seal(stretch.next, customer.public_id, now)
        tell(
            to=str(self.actor),
            way="customers.timeline",
            kinds=("orders", "record"),
            customer_ids=[customer.pk],
            now=timezone.now(),
        )
        data = [
            {"at": entry.at, "kind": entry.kind, "title": entry.title, "source": name, "details": entry.details}
            for name, entry in stretch.entries
        ]
        pagination = {"limit": limit, "has_more": following is not None, "next_cursor": following}
        return json_response({"data": data, "pagination": pagination})


def parse_sources(raw: str) -> list[str]:
    """Names of sources; InvalidInput for one that does not exist."""
    names = [name.strip() for name in raw.split(",") if name.strip()]
    known = [source.name for source in sources()]
    if not set(names) <= set(known):
        raise InvalidInput(f"Invalid 'source': choose from {', '.join(known)}", param="source")
    return names


def _seal(position: Position | None, owner: str, now: datetime) -> str | None:
    if position is None:
        return None
    expires = int((now + CURSOR_LIFE).timestamp())
    return sign_text("timeline", json.dumps([owner, expires, position.at.isoformat(), position.source, position.row]))


def _open(text: str, owner: str, now: datetime) -> Position | None:
    if not text:
        return None
    opened = open_text("timeline", text)
    if opened is None:
        raise InvalidInput("Invalid 'cursor'", param="cursor")
    bound_to, expires, at, source, row = json.loads(opened)
    if bound_to != owner:
        raise InvalidInput("Invalid 'cursor': it belongs to another customer", param="cursor")
    if now.timestamp() > expires:
        raise Gone("This cursor has expired; start again.", param="cursor")
    return Position(at=datetime.fromisoformat(at), source=source, row=row)
