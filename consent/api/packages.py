"""/privacy-requests/{id}/export: the package of an answered access request, for the system that hands it over."""

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from consent.selectors.requests import package_of, request_for
from consent.services.exports import note_download
from core.api.views import ApiView
from core.errors import NotFound

ZIP = "application/zip"


class ZipRenderer(JSONRenderer):
    """Lets callers ask for application/zip, which the view streams itself; what is left is a refusal, in JSON."""

    media_type = ZIP
    format = "zip"


class PrivacyRequestExport(ApiView):
    """GET /api/v1/privacy-requests/{id}/export."""

    scopes = {"get": "privacy:fulfil"}
    renderer_classes = [JSONRenderer, ZipRenderer]

    @extend_schema(
        operation_id="exportPrivacyRequest", responses={(200, ZIP): OpenApiTypes.BINARY}, tags=["Privacy requests"]
    )
    def get(self, request: Request, request_id: str) -> FileResponse:
        """Download the package.

        A ZIP with JSON, CSV and a report to read. Each download stands in the audit log and in the ledger of
        disclosures; 404 before a package is built, 410 `package_gone` once it is removed.
        """
        self.only()
        now = timezone.now()
        package = package_of(request_for(self.credential.client_id, reference=request_id, now=now))
        if package is None:
            raise NotFound("No package was built for this request.")
        path = note_download(package=package, by=self.actor, now=now)
        return FileResponse(path.open("rb"), as_attachment=True, filename=package.file_name, content_type=ZIP)
