"""/segments/{segment}/members, /explain and /runs: who is in, why, and how calculations went."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import idempotency
from core.api.gpc import Name
from core.api.pagination import CURSOR_LIFE, whole_number
from core.api.views import ApiViewSet
from core.crypto import open_text, sign_text
from core.errors import Conflict, Gone, InvalidInput
from customers.api.customers import Shaping, json_response
from customers.api.jobs import shown
from customers.api.segment_serializers import (
    ExplanationSerializer,
    MembersChangedSerializer,
    MembersInputSerializer,
    MembersSerializer,
    RunSerializer,
)
from customers.api.segments import SegmentView
from customers.api.serializers import JobSerializer, ListUploadSerializer
from customers.api.uploads import Upload, started, upload_of
from customers.models import ImportFile, ImportTarget, Segment, SegmentRun
from customers.rules.segments.tree import RuleError
from customers.selectors.customers import find_customer, ids_by_reference
from customers.selectors.imports import repeated_upload
from customers.selectors.recipients import barrier_for, kept_back_of
from customers.selectors.segments.answers import explanation_answer, run_answer
from customers.selectors.segments.explaining import explain_rule
from customers.selectors.segments.listing import find_segment, list_runs, member_page, member_since
from customers.selectors.segments.registry import grammar
from customers.services.imports import discard_import, stage_import
from customers.services.segments import MAX_MEMBERS_A_CALL, change_members, checked_rule, refused_rule
from customers.services.telling import note_told, tell

DEFAULT_PAGE, LARGEST_PAGE = 200, 1_000
MODES = ("add", "replace")
_UPLOAD = ("mode", "file_name", "encoding", "delimiter", "mapping", "dry_run")


class SegmentMembers(SegmentView):
    """GET and POST /api/v1/segments/{segment}/members."""

    scopes = {"get": "segments:read", "post": "segments:write"}
    streams = True

    @extend_schema(
        operation_id="listSegmentMembers",
        summary="Members of a segment",
        parameters=[
            OpenApiParameter("limit", int, description="1 to 1000, 200 by default."),
            OpenApiParameter("cursor", str, description="`next_cursor` of the last answer."),
        ],
        responses=MembersSerializer,
    )
    def get(self, request: Request, segment: str) -> HttpResponse:
        """By cursor only, in a stable order; a cursor stays with the members it began with.

        410 when those were replaced by a newer calculation: begin again. External ids need customers.pii:read.
        """
        self.only("limit", "cursor")
        limit = whole_number(request._request, "limit", DEFAULT_PAGE, 1, LARGEST_PAGE)
        found, now = find_segment(segment), timezone.now()
        if found.current is None:
            raise Conflict("This segment has not been calculated yet, or is archived.", code="state_conflict")
        after = _open(request._request.GET.get("cursor", ""), found, now)
        rows = member_page(segment=found, after=after, limit=limit + 1)
        more = len(rows) > limit
        following = _seal(found, rows[limit - 1][0], now) if more else None
        kinds = ("groups", "identifiers") if self.sees_pii else ("groups",)
        barrier = barrier_for(self.credential.client_id, now=now)
        held = kept_back_of([pk for pk, *_ in rows[:limit]], barrier)
        told = [pk for pk, *_ in rows[:limit] if pk not in held]
        note_told(to=str(self.actor), way="segments.members", kinds=kinds, customer_ids=told)
        data = [
            {"id": public_id} | ({"external_id": external_id} if self.sees_pii else {}) | {"entered_at": entered_at}
            for pk, public_id, external_id, entered_at in rows[:limit]
            if pk not in held
        ]
        pagination = {"limit": limit, "has_more": more, "next_cursor": following}
        return json_response({"data": data, "pagination": pagination, "as_of": found.current.as_of})

    @extend_schema(
        operation_id="uploadSegmentMembers",
        summary="Bring the members of a static segment as a file",
        request={"multipart/form-data": ListUploadSerializer, "text/csv": OpenApiTypes.BINARY},
        parameters=[
            OpenApiParameter("mode", str, enum=MODES, description="Join those on the list, or take their place."),
            OpenApiParameter("dry_run", bool, description="Find out what would happen; the list stays as it is."),
            OpenApiParameter("mapping", str, description="JSON: columns by header name; region of phone numbers."),
            OpenApiParameter("encoding", str),
            OpenApiParameter("delimiter", str),
            OpenApiParameter("file_name", str),
        ],
        responses={202: JobSerializer},
    )
    def post(self, request: Request, segment: str) -> Response:
        """CSV of external or public ids, e-mail addresses and phone numbers of customers whom we know.

        The file is the body (text/csv, parameters in the query) or `file` of a multipart form. Nobody is created: rows
        are refused as `not_found`, `ambiguous`, `blocked_value` or `suppressed`, to be read at the job's `result`. The
        list changes when the whole file was read, in one go. Watch the job with the scope jobs:write.
        """
        upload, now = upload_of(request._request, _UPLOAD), timezone.now()
        file, again = self._staged(upload, find_segment(segment), now), None
        if idempotency.key_of(request._request):
            again = repeated_upload(file=file, dry_run=upload.parameters.get("dry_run") == "true", now=now)
        if again:
            discard_import(file=file, by=self.actor, now=now)
        job = again or started(file=file, upload=upload, by=self.actor, now=now)
        headers = {"Location": f"/api/v1/jobs/{job.public_id}"} | ({"Idempotent-Replayed": "true"} if again else {})
        return Response(shown(job), status=202, headers=headers)

    def _staged(self, upload: Upload, segment: Segment, now: datetime) -> ImportFile:
        mode = upload.parameters.get("mode", MODES[0])
        if mode not in MODES:
            raise InvalidInput("Invalid 'mode': send add or replace.", param="mode")
        return stage_import(
            chunks=upload.chunks,
            file_name=upload.file_name,
            target=ImportTarget.MEMBERS,
            segment=segment,
            replaces=mode == "replace",
            encoding=upload.parameters.get("encoding"),
            delimiter=upload.parameters.get("delimiter"),
            by=self.actor,
            now=now,
        )


class SegmentMembersBatch(SegmentView):
    """POST /api/v1/segments/{segment}/members/batch."""

    scopes = {"post": "segments:write"}

    def people_in_body(self, request: Request) -> Iterable[Name]:
        """Everybody whom the lists name."""
        sent = request.data if isinstance(request.data, dict) else {}
        lists = [sent.get("add"), sent.get("remove")]
        named = [name for names in lists if isinstance(names, list) for name in names[:MAX_MEMBERS_A_CALL]]
        return [("reference", name) for name in named if isinstance(name, str)]

    @extend_schema(
        operation_id="changeSegmentMembers",
        summary="Put customers on a static segment and take them off",
        request=MembersInputSerializer,
        responses=MembersChangedSerializer,
    )
    def post(self, request: Request, segment: str) -> HttpResponse:
        """Members of `add` are on it and those of `remove` are not afterwards; `missing` names ids that nobody has."""
        self.only()
        body = self.known_members("add", "remove")
        add, remove = _names(body, "add"), _names(body, "remove")
        ids = ids_by_reference([*add, *remove])
        changed = change_members(
            segment=find_segment(segment),
            add=[ids[name] for name in add if name in ids],
            remove=[ids[name] for name in remove if name in ids],
            by=self.actor,
            now=timezone.now(),
        )
        members = changed.current.members if changed.current else 0
        missing = [name for name in dict.fromkeys([*add, *remove]) if name not in ids]
        return json_response({"members": members, "missing": missing})


class SegmentExplanation(SegmentView):
    """GET /api/v1/segments/{segment}/explain."""

    scopes = {"get": "segments:read"}

    @extend_schema(
        operation_id="explainSegment",
        summary="Why a customer is in a segment or not",
        parameters=[
            OpenApiParameter("customer", str, required=True, description="`cus_...` or external id.", exclude=False)
        ],
        responses=ExplanationSerializer,
    )
    def get(self, request: Request, segment: str) -> HttpResponse:
        """What is stored, what the rule says now, and each condition with the value it saw."""
        self.only("customer")
        reference = request._request.GET.get("customer", "")
        if not reference:
            raise InvalidInput("Missing required field 'customer'", code="missing_field", param="customer")
        found, customer, now = find_segment(segment), find_customer(reference=reference), timezone.now()
        since = member_since(segment=found, customer=customer)
        tell(to=str(self.actor), way="segments.explanation", kinds=("groups",), customer_ids=[customer.pk], now=now)
        answer = {"customer": customer.public_id, "member": since is not None, "since": since}
        if found.rule is None:
            return json_response(answer | {"matches": None, "as_of": now, "conditions": []})
        using = grammar()
        node = checked_rule(raw=found.rule, using=using)
        try:
            said = explain_rule(node=node, grammar=using, customer=customer, sees_pii=self.sees_pii, now=now)
        except RuleError as refusal:
            raise refused_rule(refusal=refusal) from refusal
        return json_response(answer | explanation_answer(said))


class SegmentRunViewSet(Shaping, ApiViewSet):
    """GET /api/v1/segments/{segment}/runs."""

    scopes = {"list": "segments:read"}
    tag = "Segments"
    queryset = SegmentRun.objects.none()
    sort_fields = ("started_at",)
    default_sort = "-started_at"

    @extend_schema(operation_id="listSegmentRuns", responses=RunSerializer(many=True))
    def list(self, request: Request, segment: str) -> HttpResponse:  # type: ignore[override]
        """List the calculations of a segment.

        Newest first: when, how many members, who came and went, why one failed.
        """
        page = self.list_page(list_runs(find_segment(segment)), filterset=None, now=timezone.now())
        return self.page_response(page, [run_answer(row) for row in page.rows])


def _names(body: dict[str, Any], member: str) -> list[str]:
    names = body.get(member, [])
    if not isinstance(names, list) or not all(isinstance(name, str) and len(name) <= 255 for name in names):
        raise InvalidInput(f"Invalid '{member}': send a list of ids.", param=member)
    if len(names) > MAX_MEMBERS_A_CALL:
        raise InvalidInput(f"A call changes at most {MAX_MEMBERS_A_CALL} members.", code="batch_too_large")
    return names


def _seal(segment: Segment, after: int, now: datetime) -> str:
    expires = int((now + CURSOR_LIFE).timestamp())
    return sign_text("segment-members", json.dumps([segment.pk, segment.current_id, after, expires]))


def _open(text: str, segment: Segment, now: datetime) -> int:
    """The customer behind whom to go on; 0 for the beginning."""
    if not text:
        return 0
    opened = open_text("segment-members", text)
    if opened is None:
        raise InvalidInput("Invalid 'cursor'", param="cursor")
    owner, version, after, expires = json.loads(opened)
    if owner != segment.pk:
        raise InvalidInput("Invalid 'cursor': it belongs to another segment", param="cursor")
    if version != segment.current_id or now.timestamp() > expires:
        raise Gone("The members were calculated again or the cursor has expired; start again.", param="cursor")
    return int(after)
