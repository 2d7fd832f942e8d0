"""/customers/changes: the loss-free way to keep a copy of the customers."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from core.api.conditional import etag_of, is_unchanged
from core.api.pagination import DEFAULT_LIMIT, MAX_LIMIT, whole_number
from customers.api.customers import SHAPING, CustomerView, json_response
from customers.api.serializers import ChangesSerializer
from customers.selectors.answers import Row, answers, encode
from customers.selectors.changes import open_token, read_changes

_OPS = {"erasure": "erase", "merged": "merge"}


class CustomerChanges(CustomerView):
    """GET /api/v1/customers/changes."""

    scopes = {"get": "customers:read"}

    @extend_schema(
        operation_id="listCustomerChanges",
        summary="Changes since a token",
        parameters=[
            OpenApiParameter("since", str, description="`next_token` of the last answer; without it everything."),
            OpenApiParameter("limit", int, description="1 to 200, 50 by default."),
            OpenApiParameter("include_anonymous", bool),
            *SHAPING,
        ],
        responses=ChangesSerializer,
    )
    def get(self, request: Request) -> HttpResponse:
        """Customers written since the token, in commit order; repeat with `next_token` after `poll_after_s`.

        304 while the answer to this token is the one the caller has; `X-Poll-After` says the wait of both.
        """
        self.only("since", "limit", "include_anonymous", "fields", "expand")
        query, now, shape = request._request.GET, timezone.now(), self.shape()
        changes = read_changes(
            since=open_token(text=query.get("since", ""), now=now),
            limit=whole_number(request._request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT),
            include_anonymous=query.get("include_anonymous") == "true",
            now=now,
        )
        rows, withheld = self.leaving(changes.rows)
        data = [_change(row, answer) for row, answer in zip(rows, answers(rows, shape), strict=True)]
        tag = etag_of(query.urlencode(), encode([data, withheld, shape.redacted]), changes.has_more)
        headers = {"ETag": tag, "X-Poll-After": str(changes.poll_after_s)}
        if is_unchanged(request._request, tag):
            return HttpResponse(status=304, headers=headers)
        body: dict[str, Any] = {
            "data": data,
            "next_token": changes.next.seal(),
            "has_more": changes.has_more,
            "poll_after_s": changes.poll_after_s,
            **withheld,
        }
        self.told("customers.changes", rows, shape)
        if shape.redacted:
            body["redacted"] = shape.redacted
        return json_response(body, headers=headers)


def _change(row: Row, answer: dict[str, Any]) -> dict[str, Any]:
    seq = f"{row.xid}.{row.id}"
    if answer.get("deleted"):
        return {"op": _OPS.get(str(answer["reason"]), "delete"), "seq": seq, "tombstone": answer}
    return {"op": "upsert", "seq": seq, "data": answer}
