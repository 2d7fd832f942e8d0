"""/segments/{segment}/exports and /exports: the members of a segment as a file, for a purpose."""

from typing import Any

from django.http import FileResponse, HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.views import ApiView, ApiViewSet
from core.errors import InvalidInput
from customers.api.jobs import CsvRenderer
from customers.api.segments import SegmentView
from customers.api.serializers import ExportInputSerializer, ExportSerializer
from customers.models import ExportForm, MemberExport
from customers.selectors.exports import EXPORT_FIELDS, find_export, list_exports, standing
from customers.selectors.segments.listing import find_segment
from customers.services.exports import MOST_DOWNLOADS, note_export_download, request_export

SCOPE = "customers:read"
NDJSON = "application/x-ndjson"
TYPES = {ExportForm.CSV.value: "text/csv; charset=utf-8", ExportForm.NDJSON.value: NDJSON}


class SegmentExports(SegmentView):
    """POST /api/v1/segments/{segment}/exports."""

    scopes = {"post": SCOPE}

    @extend_schema(
        operation_id="exportSegment",
        summary="Export the members of a segment",
        request=ExportInputSerializer,
        responses={202: ExportSerializer},
    )
    def post(self, request: Request, segment: str) -> Response:
        """A job that writes the members for whom `purpose` is allowed at that moment to a file.

        Everybody else is left out and counted by the reason. For a company outside (`recipient`, or the one behind your
        client) confidential attributes are left out, and people whose data may not go there. Identifiers and names
        need customers.pii:read. The export is in the ledger of disclosures; its file is kept for a day.
        """
        self.only()
        body = self.known_members("purpose", "reason", "fields", "format", "recipient")
        fields = body.get("fields", ["id"])
        if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
            raise InvalidInput(f"Invalid 'fields': send a list of {', '.join(EXPORT_FIELDS)}.", param="fields")
        for name in ("purpose", "reason", "format", "recipient"):
            if not isinstance(body.get(name, ""), str):
                raise InvalidInput(f"Invalid '{name}'", param=name)
        export = request_export(
            segment=find_segment(segment),
            purpose=body.get("purpose", ""),
            reason=body.get("reason", ""),
            fields=fields,
            form=body.get("format", ExportForm.CSV.value),
            sees_pii=self.sees_pii,
            alone=True,
            recipient=body.get("recipient") or self.credential.client_id,
            by=self.actor,
            now=timezone.now(),
        )
        return Response(shown(export), status=202, headers={"Location": f"/api/v1/exports/{export.public_id}"})


class ExportViewSet(ApiViewSet):
    """GET /api/v1/exports and /api/v1/exports/{export_id}."""

    scopes = {"list": SCOPE, "retrieve": SCOPE}
    tag = "Segments"
    queryset = MemberExport.objects.all()
    sort_fields = ("created_at",)
    default_sort = "-created_at"

    @extend_schema(operation_id="listExports", responses=ExportSerializer(many=True))
    def list(self, request: Request) -> HttpResponse:
        """List your exports, newest first."""
        page = self.list_page(list_exports(owner=str(self.actor)), filterset=None, now=timezone.now())
        return self.page_response(page, [shown(row) for row in page.rows])

    @extend_schema(operation_id="getExport", responses=ExportSerializer)
    def retrieve(self, request: Request, export_id: str) -> Response:
        """Read an export: how far it is, who was left out and why, until when its file is kept."""
        self.only()
        return Response(shown(find_export(public_id=export_id, owner=str(self.actor))))


class NdjsonRenderer(JSONRenderer):
    """Lets callers ask for NDJSON, which the view streams itself; what is left to render is a refusal, in JSON."""

    media_type = NDJSON
    format = "ndjson"


class ExportFile(ApiView):
    """GET /api/v1/exports/{export_id}/file."""

    scopes = {"get": SCOPE}
    renderer_classes = [JSONRenderer, CsvRenderer, NdjsonRenderer]
    tag = "Segments"

    @extend_schema(
        operation_id="downloadExport",
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, NDJSON): OpenApiTypes.STR},
    )
    def get(self, request: Request, export_id: str) -> FileResponse:
        """Download the file of an export.

        Five times at most, each in the audit log; 409 until it is written, 410 `export_gone` when it is kept no more.
        """
        self.only()
        export = find_export(public_id=export_id, owner=str(self.actor))
        path = note_export_download(export=export, by=self.actor, now=timezone.now())
        return FileResponse(path.open("rb"), as_attachment=True, filename=path.name, content_type=TYPES[export.form])


def shown(export: MemberExport) -> dict[str, Any]:
    """An export as its owner sees it."""
    state, job = standing(export, timezone.now()), export.job
    ready = state == "ready"
    return {
        "id": export.public_id,
        "segment": export.segment.slug,
        "state": state,
        "purpose": export.purpose,
        "reason": export.reason,
        "format": export.form,
        "fields": export.fields,
        "recipient": export.recipient,
        "withheld": export.withheld,
        "done": job.done if job else 0,
        "total": job.total if job else None,
        "error": (job.error or None) if job else None,
        "rows": export.rows if export.built_at else None,
        "left_out": export.left_out if export.built_at else None,
        "size": export.size if export.built_at else None,
        "sha256": export.sha256 or None,
        "created_at": export.created_at,
        "expires_at": export.expires_at,
        "downloads_left": max(0, MOST_DOWNLOADS - export.downloads) if ready else 0,
        "file": f"/api/v1/exports/{export.public_id}/file" if ready else None,
    }
