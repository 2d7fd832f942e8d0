"""Reading an upload as it arrives: a multipart form, or the file itself as the body."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from core.actors import Actor
from core.errors import DomainError, InvalidInput, UnsupportedMediaType
from core.models import Job
from customers.models import ImportFile
from customers.selectors.imports import header_drift
from customers.services.imports import discard_import, map_import, start_import, state_basis

PARAMETERS: Final = (
    "type",
    "file_name",
    "encoding",
    "delimiter",
    "mapping",
    "consent_basis",
    "dry_run",
    "again",
)
_BLOCK: Final = 262_144


@dataclass(frozen=True, slots=True)
class Upload:
    """The parameters beside the file, and the file in pieces."""

    parameters: Mapping[str, str]
    chunks: Iterable[bytes]
    file_name: str

    def flag(self, name: str) -> bool:
        """`true` or `false`; false when absent."""
        raw = self.parameters.get(name, "false")
        if raw not in ("true", "false"):
            raise InvalidInput(f"Invalid '{name}': send true or false.", param=name)
        return raw == "true"

    def json_object(self, name: str) -> dict[str, Any] | None:
        """A parameter that holds a JSON object; None when absent."""
        raw = self.parameters.get(name)
        if raw is None:
            return None
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise InvalidInput(f"Invalid '{name}': send a JSON object.", param=name)
        return value


def upload_of(request: HttpRequest, names: Collection[str] = PARAMETERS) -> Upload:
    """The upload in this request; parameters stand in the form or, beside a bare body, in the query string.

    Refuses every parameter but those of `names`.
    """
    kind = (request.content_type or "").lower()
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the file as it is, not compressed.")
    if kind == "multipart/form-data":
        upload = _from_form(request)
    elif kind in ("text/csv", "application/csv", "application/octet-stream"):
        parameters = {name: str(value) for name, value in request.GET.items()}
        upload = Upload(parameters, _pieces(request), parameters.get("file_name", "upload.csv"))
    else:
        raise UnsupportedMediaType("Send the file as text/csv, or in a multipart form as `file`.")
    for name in upload.parameters:
        if name not in names:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=name)
    return upload


def started(*, file: ImportFile, upload: Upload, by: Actor, now: datetime) -> Job:
    """The job of a staged file, as the parameters want it; a file that cannot start is not kept."""
    try:
        if (mapping := upload.json_object("mapping")) is not None:
            map_import(file=file, mapping=file.mapping | mapping, now=now)
        if (basis := upload.json_object("consent_basis")) is not None:
            state_basis(file=file, basis=basis, now=now)
        return start_import(file=file, dry_run=upload.flag("dry_run"), again=upload.flag("again"), by=by, now=now)
    except DomainError:
        discard_import(file=file, by=by, now=now)
        raise


def warnings_of(file: ImportFile) -> list[str]:
    """What is odd about the file, and how its header differs from that of the last one of its kind."""
    drift = header_drift(file)
    return [*file.dialect["warnings"], *([drift.sentence] if drift else [])]


def _from_form(request: HttpRequest) -> Upload:
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        raise InvalidInput("Missing required field 'file'", code="missing_field", param="file")
    parameters = {name: str(value) for name, value in {**request.GET.dict(), **request.POST.dict()}.items()}
    return Upload(parameters, file.chunks(_BLOCK), parameters.get("file_name") or file.name or "upload.csv")


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    while piece := request.read(_BLOCK):
        yield piece
