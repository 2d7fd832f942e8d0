"""/jobs: imports of more rows than a call can hold."""

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import idempotency
from core.api.views import ApiView, ApiViewSet
from core.jobs import ask_job
from core.models import Job
from customers.api.serializers import JobSerializer, UploadSerializer
from customers.api.uploads import started, upload_of, warnings_of
from customers.models import ImportTarget
from customers.selectors.imports import find_job, import_of, list_jobs, refused_csv, repeated_upload
from customers.services.import_undo import start_undo
from customers.services.imports import discard_import, stage_import

ROWS = [ImportTarget.CUSTOMERS.value, ImportTarget.PURCHASES.value]
"""What files of programs may hold."""


class JobViewSet(ApiViewSet):
    """/api/v1/jobs and /api/v1/jobs/{id}."""

    scopes = {"list": "jobs:write", "create": "jobs:write", "retrieve": "jobs:write"}
    tag = "Jobs"
    streams = True
    queryset = Job.objects.all()

    @extend_schema(responses=JobSerializer(many=True))
    def list(self, request: Request) -> HttpResponse:
        """List your import jobs."""
        page = self.list_page(list_jobs(owner=str(self.actor)), filterset=None, now=timezone.now())
        return self.page_response(page, [shown(job) for job in page.rows])

    @extend_schema(
        request={"multipart/form-data": UploadSerializer, "text/csv": OpenApiTypes.BINARY},
        responses={202: JobSerializer},
        parameters=[
            OpenApiParameter("type", str, enum=ROWS, description="What the rows are."),
            OpenApiParameter("dry_run", bool, description="Find out what would happen; nothing is stored."),
            OpenApiParameter("again", bool, description="Import content that was imported before."),
            OpenApiParameter("mapping", str, description="JSON: columns by header name, and how values are written."),
            OpenApiParameter("consent_basis", str, description="JSON: what a consent column rests on."),
            OpenApiParameter("encoding", str),
            OpenApiParameter("delimiter", str),
            OpenApiParameter("file_name", str),
        ],
    )
    def create(self, request: Request) -> HttpResponse:
        """Import a CSV file.

        The file is the body (text/csv, parameters in the query) or `file` of a multipart form. Without a mapping the
        columns are recognised by their names. Rows are stored in order, each once; refused rows are at `result`.
        The same file is refused (409) unless `again=true`; with the same Idempotency-Key it answers the first job.
        """
        upload, now = upload_of(request._request), timezone.now()
        kind = upload.parameters.get("type", "")
        file = stage_import(
            chunks=upload.chunks,
            file_name=upload.file_name,
            target=kind if kind in ROWS else "",
            encoding=upload.parameters.get("encoding"),
            delimiter=upload.parameters.get("delimiter"),
            by=self.actor,
            now=now,
        )
        if idempotency.key_of(request._request):
            earlier = repeated_upload(file=file, dry_run=upload.parameters.get("dry_run") == "true", now=now)
            if earlier:
                discard_import(file=file, by=self.actor, now=now)
                return Response(shown(earlier), status=202, headers={"Idempotent-Replayed": "true"})
        job = started(file=file, upload=upload, by=self.actor, now=timezone.now())
        headers = {"Location": f"/api/v1/jobs/{job.public_id}"}
        return Response(shown(job) | {"warnings": warnings_of(file)}, status=202, headers=headers)

    @extend_schema(responses=JobSerializer)
    def retrieve(self, request: Request, job_id: str) -> Response:
        """Read an import job.

        State, progress, and at its end the figures: rows by outcome and reason, net sums by currency.
        """
        self.only()
        return Response(shown(find_job(public_id=job_id, owner=str(self.actor))))


class CsvRenderer(JSONRenderer):
    """Lets callers ask for text/csv, which the view streams itself; what is left to render is a refusal, in JSON."""

    media_type = "text/csv"
    format = "csv"


class JobResult(ApiView):
    """GET /api/v1/jobs/{id}/result."""

    scopes = {"get": "jobs:write"}
    renderer_classes = [JSONRenderer, CsvRenderer]
    tag = "Jobs"

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, job_id: str) -> StreamingHttpResponse:
        """Download the refused rows.

        CSV: row number, code, column, reason, then the cells as they came; kept for 30 days. A cell that a
        spreadsheet would run as a formula has an apostrophe in front.
        """
        self.only()
        file = import_of(find_job(public_id=job_id, owner=str(self.actor)))
        headers = {"Content-Disposition": f'attachment; filename="refused-{file.public_id}.csv"'}
        return StreamingHttpResponse(refused_csv(file=file), content_type="text/csv; charset=utf-8", headers=headers)


class _JobWish(ApiView):
    abstract = True
    tag = "Jobs"
    wish = ""

    def ask(self, job_id: str) -> Response:
        """Tell the job what its owner wishes."""
        self.only()
        job = find_job(public_id=job_id, owner=str(self.actor))
        return Response(shown(ask_job(job=job, wish=self.wish, now=timezone.now())))


class PauseJob(_JobWish):
    """POST /api/v1/jobs/{id}/pause."""

    scopes = {"post": "jobs:write"}
    wish = "pause"

    @extend_schema(operation_id="pauseJob", request=None, responses=JobSerializer)
    def post(self, request: Request, job_id: str) -> Response:
        """Pause an import job.

        It pauses behind the rows it is just storing; 409 when it has ended.
        """
        return self.ask(job_id)


class StopJob(_JobWish):
    """POST /api/v1/jobs/{id}/stop."""

    scopes = {"post": "jobs:write"}
    wish = "stop"

    @extend_schema(operation_id="stopJob", request=None, responses=JobSerializer)
    def post(self, request: Request, job_id: str) -> Response:
        """Stop an import job.

        It ends behind the rows it is just storing, which stay; 409 when it has ended.
        """
        return self.ask(job_id)


class ResumeJob(_JobWish):
    """POST /api/v1/jobs/{id}/resume."""

    scopes = {"post": "jobs:write"}
    wish = "resume"

    @extend_schema(operation_id="resumeJob", request=None, responses=JobSerializer)
    def post(self, request: Request, job_id: str) -> Response:
        """Resume a paused or failed import job.

        It goes on behind the last row that was stored; 409 in any other state.
        """
        return self.ask(job_id)


class UndoImport(ApiView):
    """POST /api/v1/jobs/{id}/undo."""

    scopes = {"post": "jobs:write"}
    tag = "Jobs"

    @extend_schema(operation_id="undoImport", request=None, responses={202: JobSerializer})
    def post(self, request: Request, job_id: str) -> Response:
        """Undo an import.

        Customers and orders that the import made go, what it changed returns, unless something newer stands on it.
        A yes that rests on the import alone is found invalid in the ledger of consent; a no stays.
        The answer is a job of its own; at its end `result` counts what was `removed`, `restored` and `kept`, with the
        reasons, and `consents` that stand no more. 409 when nothing was stored, the import is under way or undone, or
        it ended more than 7 days ago.
        """
        self.only()
        file = import_of(find_job(public_id=job_id, owner=str(self.actor)))
        job = start_undo(file=file, by=self.actor, now=timezone.now())
        return Response(shown(job), status=202, headers={"Location": f"/api/v1/jobs/{job.public_id}"})


WISHES: dict[str, type[_JobWish]] = {"pause": PauseJob, "stop": StopJob, "resume": ResumeJob}


def shown(job: Job) -> dict[str, Any]:
    """A job as its owner sees it."""
    return {
        "id": job.public_id,
        "kind": job.kind,
        "title": job.title,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "unit": job.unit,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "error": job.error or None,
        "result": job.result or None,
    }
