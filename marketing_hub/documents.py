"""What programs read about the API: the OpenAPI document, its two viewers, the feed of changes, the catalogue."""

import gzip
import json
import re
from dataclasses import asdict
from functools import cache, lru_cache
from threading import Lock
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from core.api.conditional import etag_of, is_unchanged
from core.api.errors import error_response
from core.errors import NotFound
from marketing_hub.changelog import RELEASES
from marketing_hub.error_codes import ERROR_CODES
from marketing_hub.openapi_samples import SAMPLE_HOST

_MAKING: Final = Lock()
_GZIP: Final = re.compile(r"(?:^|,)\s*gzip\s*(?:,|$|;\s*q=(?:1|0\.\d*[1-9]))", re.IGNORECASE)


def schema() -> dict[str, Any]:
    """The OpenAPI document; made once in a process, also when many ask at once."""
    with _MAKING:
        return _made()


@cache
def _made() -> dict[str, Any]:
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return document


@cache
def schema_yaml() -> bytes:
    """The document as YAML."""
    text: bytes = OpenApiYamlRenderer().render(schema(), renderer_context={})
    return text


@cache
def schema_json() -> bytes:
    """The document as JSON."""
    return json.dumps(schema(), indent=1, default=str).encode()


def serve_yaml(request: HttpRequest) -> HttpResponse:
    """GET /api/schema.yaml."""
    return _kept(request, _at_home(schema_yaml()), "application/vnd.oai.openapi; charset=utf-8")


def serve_json(request: HttpRequest) -> HttpResponse:
    """GET /api/schema.json."""
    return _kept(request, _at_home(schema_json()), "application/json")


@lru_cache(maxsize=2)
def _at_home(document: bytes) -> bytes:
    """With calls to this server in its samples, where the file in docs/ names one that is nowhere."""
    return document.replace(SAMPLE_HOST.encode(), settings.PUBLIC_URL.encode())


@lru_cache(maxsize=2)
def _packed(document: bytes) -> bytes:
    """The same in a twentieth of the bytes, made once: it is the same for everybody and holds no secret."""
    return gzip.compress(document, mtime=0)


def _kept(request: HttpRequest, body: bytes, media_type: str) -> HttpResponse:
    headers = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*", "Vary": "Accept-Encoding"}
    if _GZIP.search(request.headers.get("Accept-Encoding", "")):
        body, headers = _packed(body), {**headers, "Content-Encoding": "gzip"}
    headers["ETag"] = etag_of(body)
    if is_unchanged(request, headers["ETag"]):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type=media_type, headers=headers)


def serve_schema(request: HttpRequest) -> HttpResponse:
    """GET /api/schema: JSON, or YAML for whoever asks for it in `Accept` or `?format=yaml`."""
    wants_yaml = "yaml" in request.headers.get("Accept", "") or request.GET.get("format") == "yaml"
    return serve_yaml(request) if wants_yaml else serve_json(request)


def changelog_feed(request: HttpRequest) -> HttpResponse:
    """GET /api/changelog.atom: the same as a feed (RFC 4287)."""
    context = {"releases": RELEASES, "base": settings.PUBLIC_URL}
    return render(request, "docs/changelog.atom", context, content_type="application/atom+xml")


def error(request: HttpRequest, code: str) -> HttpResponse:
    """GET /api/errors/{code}: what the code means and what to do; 404 for a code that does not exist."""
    row = next((row for row in ERROR_CODES if row.code == code), None)
    if row is None:
        return error_response(NotFound("There is no such code."), request)
    return JsonResponse({**asdict(row), "doc_url": f"{settings.PUBLIC_URL}/docs/errors#{code}"})


def swagger(request: HttpRequest) -> HttpResponse:
    """GET /api/docs: Swagger UI, from our own files."""
    return render(request, "docs/swagger.html", {"title": "API"})


def redoc(request: HttpRequest) -> HttpResponse:
    """GET /api/redoc: Redoc, from our own files."""
    return render(request, "docs/redoc.html", {"title": "API reference"})


def api_catalog(request: HttpRequest) -> HttpResponse:
    """GET /.well-known/api-catalog (RFC 9727, linkset+json of RFC 9264)."""
    base = settings.PUBLIC_URL
    entry = {
        "anchor": f"{base}/api/v1",
        "service-desc": [{"href": f"{base}/api/schema.json", "type": "application/json"}],
        "service-doc": [{"href": f"{base}/docs/", "type": "text/html"}],
        "status": [{"href": f"{base}/api/status", "type": "application/json"}],
    }
    media_type = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
    return JsonResponse({"linkset": [entry]}, content_type=media_type)
