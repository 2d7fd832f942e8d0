"""/segments: defining audiences, looking at them before they are stored, and reading them."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.conditional import etag_of
from core.api.views import ApiView, ApiViewSet
from core.errors import InvalidInput
from customers.api.customers import Shaping, json_response
from customers.api.segment_serializers import (
    PreviewSerializer,
    RuleInputSerializer,
    SegmentChangeSerializer,
    SegmentInputSerializer,
    SegmentSerializer,
    SnapshotInputSerializer,
)
from customers.models import Segment
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.schema import json_schema
from customers.rules.segments.tree import Node, RuleError, to_json
from customers.selectors.answers import answers, raw_rows, shape_for
from customers.selectors.segments.answers import preview_answer, segment_answer
from customers.selectors.segments.listing import find_segment, list_segments
from customers.selectors.segments.preview import customers_by_id, drop_off, preview_rule, rule_of
from customers.selectors.segments.registry import grammar
from customers.services.segments import (
    archive_segment,
    change_segment,
    checked_rule,
    define_segment,
    refresh_segment,
    refused_rule,
    take_snapshot,
)

SAMPLE_FIELDS = ("id", "external_id", "email", "first_name", "last_name", "country", "status", "orders")


class SegmentView(Shaping, ApiView):
    """A single address of segments."""

    abstract = True
    tag = "Segments"

    def known_members(self, *names: str) -> dict[str, Any]:
        """The body, which holds these members and no other."""
        return known(self.body(), *names)

    def previewed(self, node: Node, using: Grammar, body: Mapping[str, Any]) -> HttpResponse:
        """What a rule finds now, with the parts of it when `drop_off` of the body asks for them."""
        if body.get("drop_off", False) not in (True, False):
            raise InvalidInput("Invalid 'drop_off'", param="drop_off")
        now = timezone.now()
        try:
            preview = preview_rule(node=node, grammar=using, now=now)
            steps = drop_off(node=node, grammar=using, now=now) if body.get("drop_off") else None
        except RuleError as refusal:
            raise refused_rule(refusal=refusal) from refusal
        shape = shape_for(fields=SAMPLE_FIELDS, blocks=(), sees_pii=self.sees_pii)
        known_rows = {row.id: row for row in raw_rows(customers_by_id(preview.sample_ids))}
        rows, withheld = self.leaving([known_rows[pk] for pk in preview.sample_ids if pk in known_rows])
        sample = answers(rows, shape)
        self.told("segments.sample", rows, shape)
        extra: dict[str, Any] = {"rule": to_json(node), "words": using.write_words(node)}
        redacted = {"redacted": list(shape.redacted)} if shape.redacted else {}
        return json_response(preview_answer(preview, steps, sample) | extra | redacted | withheld)


class SegmentViewSet(Shaping, ApiViewSet):
    """/api/v1/segments and /api/v1/segments/{segment}; {segment} is `seg_...` or a slug."""

    scopes = {
        "list": "segments:read",
        "create": "segments:write",
        "retrieve": "segments:read",
        "partial_update": "segments:write",
        "destroy": "segments:write",
        "refresh": "segments:write",
        "snapshot": "segments:write",
    }
    tag = "Segments"
    queryset = list_segments()
    serializer_class = SegmentSerializer
    sort_fields = ("created_at", "updated_at", "name", "slug")
    default_sort = "-created_at"

    @extend_schema(responses=SegmentSerializer(many=True))
    def list(self, request: Request) -> HttpResponse:
        """List segments.

        Those in use, newest first; archived ones can still be read one by one.
        """
        now = timezone.now()
        page = self.list_page(list_segments(), filterset=None, now=now)
        return self.page_response(page, [segment_answer(row, now) for row in page.rows])

    @extend_schema(request=SegmentInputSerializer, responses={201: SegmentSerializer})
    def create(self, request: Request) -> Response:
        """Define a segment.

        A dynamic one is calculated in the background: `health` is `building` until its members are there.
        """
        self.only()
        body = known(self.body(), "name", "slug", "description", "kind", "rule", "words")
        for name in ("name", "slug", "description", "kind"):
            if not isinstance(body.get(name, ""), str):
                raise InvalidInput(f"Invalid '{name}'", param=name)
        if not body.get("name"):
            raise InvalidInput("Missing required field 'name'", code="missing_field", param="name")
        values = {name: value for name, value in body.items() if name not in ("rule", "words")}
        segment = define_segment(rule=stored_rule(body), by=self.actor, now=timezone.now(), **values)
        address = f"/api/v1/segments/{segment.public_id}"
        return Response(segment_answer(segment, timezone.now()), status=201, headers={"Location": address})

    @extend_schema(responses=SegmentSerializer)
    def retrieve(self, request: Request, segment: str) -> Response:
        """Read a segment."""
        self.only()
        found = find_segment(segment)
        return self.tagged(segment_answer(found, timezone.now()), etag_for(found))

    @extend_schema(request=SegmentChangeSerializer, responses=SegmentSerializer)
    def partial_update(self, request: Request, segment: str) -> Response:
        """Change a segment.

        With another rule the members stay those of the old one until the new ones are calculated.
        """
        self.only()
        found = find_segment(segment)
        self.check_unchanged(etag_for(found))
        body = known(self.body(), "name", "description", "rule", "words")
        values = {name: value for name, value in body.items() if name != "words"}
        if "rule" in body or "words" in body:
            values["rule"] = stored_rule(body)
        return self._answer(change_segment(segment=found, values=values, by=self.actor, now=timezone.now()))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, segment: str) -> Response:
        """Archive a segment.

        Nobody is in it any more; refused while the rule of another segment asks about it.
        """
        self.only()
        found = find_segment(segment)
        self.check_unchanged(etag_for(found))
        archive_segment(segment=found, by=self.actor, now=timezone.now())
        return Response(status=204)

    @extend_schema(operation_id="refreshSegment", request=None, responses={202: SegmentSerializer})
    def refresh(self, request: Request, segment: str) -> Response:
        """Calculate a segment again.

        As soon as a worker is free; the answer shows the members so far.
        """
        self.only()
        refreshed = refresh_segment(segment=find_segment(segment), by=self.actor, now=timezone.now())
        return self._answer(refreshed, status=202)

    @extend_schema(operation_id="snapshotSegment", request=SnapshotInputSerializer, responses={201: SegmentSerializer})
    def snapshot(self, request: Request, segment: str) -> Response:
        """Freeze a segment.

        A new segment with the members of this moment, which never change again.
        """
        self.only()
        body = known(self.body(), "name")
        if not isinstance(body.get("name", ""), str):
            raise InvalidInput("Invalid 'name'", param="name")
        frozen = take_snapshot(
            segment=find_segment(segment), name=body.get("name", ""), by=self.actor, now=timezone.now()
        )
        return self._answer(frozen, status=201)

    def _answer(self, segment: Segment, status: int = 200) -> Response:
        return Response(segment_answer(segment, timezone.now()), status=status, headers={"ETag": etag_for(segment)})


class SegmentSchema(SegmentView):
    """GET /api/v1/segments/schema."""

    scopes = {"get": "segments:read"}

    @extend_schema(
        operation_id="getSegmentSchema", summary="JSON Schema of segment rules", responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request) -> HttpResponse:
        """JSON Schema (2020-12) of a rule, with the meaning of every operator and an example of each."""
        self.only()
        return json_response(json_schema(grammar().forms))


class SegmentPreview(SegmentView):
    """POST /api/v1/segments/preview."""

    scopes = {"post": "segments:read"}

    @extend_schema(
        operation_id="previewSegment",
        summary="Count an audience without storing it",
        request=RuleInputSerializer,
        responses=PreviewSerializer,
    )
    def post(self, request: Request) -> HttpResponse:
        """Exact total, reach by channel with one reason for everybody not reached, and a sample.

        Nothing is stored. A rule with a mistake is refused, each problem with a JSON Pointer to its place.
        """
        self.only()
        body = self.known_members("rule", "words", "drop_off")
        using = grammar()
        return self.previewed(read_rule(body, using), using, body)


class StoredSegmentPreview(SegmentView):
    """POST /api/v1/segments/{segment}/preview."""

    scopes = {"post": "segments:read"}

    @extend_schema(
        operation_id="previewStoredSegment",
        summary="Count a stored segment now",
        request=RuleInputSerializer,
        responses=PreviewSerializer,
    )
    def post(self, request: Request, segment: str) -> HttpResponse:
        """Of the rule that is stored, as it answers at this moment; of a list kept by hand, its members.

        The body may be left out. `rule` or `words` looks at another rule for this segment, before it is changed.
        """
        self.only()
        body = self.known_members("rule", "words", "drop_off")
        found, using = find_segment(segment), grammar()
        asked = body.keys() & {"rule", "words"}
        return self.previewed(read_rule(body, using) if asked else rule_of(found, using), using, body)


def known(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The body when it holds these members and no other."""
    for name in body:
        if name not in names:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=str(name)[:120])
    return dict(body)


def read_rule(body: Mapping[str, Any], using: Grammar) -> Node:
    """The rule of a body, sent as `rule` or in `words`."""
    if "words" not in body:
        return checked_rule(raw=body.get("rule"), using=using)
    if "rule" in body or not isinstance(body["words"], str):
        raise InvalidInput("Invalid 'words': send either rule or words, and words as a text.", param="words")
    try:
        return using.read_words(body["words"])
    except RuleError as refusal:
        raise refused_rule(refusal=refusal, at="/words") from refusal


def stored_rule(body: Mapping[str, Any]) -> Any:
    """What `define_segment` and `change_segment` take as a rule."""
    return to_json(read_rule(body, grammar())) if "words" in body else body.get("rule")


def etag_for(segment: Segment) -> str:
    """Changes with the definition and with the members."""
    return etag_of(segment.public_id, segment.updated_at, segment.current_id, segment.failed_at, segment.state)
