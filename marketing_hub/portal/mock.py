"""The API without anything behind it: every operation answers what the OpenAPI document shows (WSGI, PEP 3333)."""

import json
import re
from collections.abc import Callable, Iterable
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

import jsonschema_rs
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse

from core.api.errors import error_response
from core.errors import DomainError, InvalidInput, NotFound, Problem, Unauthenticated
from core.ids import REQUEST_ID_KEY, new_id
from marketing_hub.error_codes import ERROR_CODES
from marketing_hub.portal.samples import Sampler

_WANTED: Final = re.compile(r"code=(\d{3})")
_JSON: Final = "application/json"


class MockApi:
    """Answers each operation of `document` with its example, made whole by its schema.

    A call needs some credential; a JSON body is held to the schema of the operation, and what breaks it is refused with
    400. `Prefer: code=429` asks for another of the answers that the operation describes. Nothing is stored.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.sampler = Sampler(document)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ.setdefault(REQUEST_ID_KEY, new_id("req"))
        request = WSGIRequest(environ)
        try:
            response = self._answer(request)
        except DomainError as refusal:
            response = error_response(refusal, request)
        response["X-Request-Id"] = environ[REQUEST_ID_KEY]
        response["API-Version"] = response["X-API-Version"] = self.document["info"]["version"]
        response["Content-Length"] = str(len(response.content))
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return [response.content]

    def _answer(self, request: WSGIRequest) -> HttpResponse:
        operation = self._operation(str(request.method).lower(), request.path.rstrip("/"))
        if not request.headers.get("Authorization") and not request.headers.get("X-API-Key"):
            raise Unauthenticated("Send a token or a key; the mock takes any.", code="missing_credentials")
        self._check_body(operation, request)
        answers = operation["responses"]
        asked = _WANTED.search(request.headers.get("Prefer", ""))
        status = asked[1] if asked and asked[1] in answers else min(s for s in answers if s.startswith("2"))
        described = self._described(answers[status])
        if refusal := _refusal(int(status), described):
            raise refusal
        return self._shown(int(status), described)

    def _shown(self, status: int, described: dict[str, Any]) -> HttpResponse:
        content = described.get("content", {})
        if not content:
            return HttpResponse(status=status)
        media = _JSON if _JSON in content else next(iter(content))
        if not media.endswith("json"):
            return HttpResponse(HTTPStatus(status).phrase, status=status, content_type=media)
        schema, shown = content[media].get("schema", {}), _example(content[media])
        body = self.sampler.value(schema) if shown is None else self.sampler.whole(schema, shown)
        return HttpResponse(json.dumps(body), status=status, content_type=media)

    def _described(self, answer: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in answer:
            return answer
        found: dict[str, Any] = self.document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        return found

    def _check_body(self, operation: dict[str, Any], request: WSGIRequest) -> None:
        media = operation.get("requestBody", {}).get("content", {}).get(_JSON)
        if media is None or _JSON not in (request.content_type or ""):
            return
        try:
            body = json.loads(request.body)
        except ValueError as fault:
            raise InvalidInput("The body is not valid JSON.", code="malformed_json") from fault
        schema = {**media.get("schema", {}), "components": self.document["components"]}
        faults = [
            Problem("/".join(map(str, fault.instance_path)), "invalid_parameter", fault.message)
            for fault in jsonschema_rs.Draft202012Validator(schema).iter_errors(body)
        ]
        if faults:
            raise InvalidInput(f"Invalid '{faults[0].param or 'body'}'", param=faults[0].param, details=faults)

    def _operation(self, method: str, path: str) -> dict[str, Any]:
        for pattern, item in self._patterns:
            if method in item and pattern.fullmatch(path):
                found: dict[str, Any] = item[method]
                return found
        raise NotFound("The document has no such operation.")

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], dict[str, Any]]]:
        """Addresses as patterns, those with fewer variables first."""
        paths = sorted(self.document["paths"].items(), key=lambda entry: entry[0].count("{"))
        return [(re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), item) for path, item in paths]


def _refusal(status: int, described: dict[str, Any]) -> DomainError | None:
    """The refusal of this status in the words of the catalogue; None for what is no refusal or has another shape."""
    kind = next((each for each in DomainError.__subclasses__() if each.status == status), None)
    told = described.get("content", {}).get(_JSON, {}).get("schema", {}).get("$ref", "")
    if kind is None or not told.endswith("/Error"):
        return None
    meaning = next((row.meaning for row in ERROR_CODES if row.code == kind.default_code), HTTPStatus(status).phrase)
    headers = {"Retry-After": "5"} if "Retry-After" in described.get("headers", {}) else {}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return kind("Quota exceeded", extra={"violated_policies": ["burst"]}, headers=headers)
    return kind(meaning, headers=headers)


def _example(media: dict[str, Any]) -> Any:
    """The first example of an answer; None without one."""
    return next((each["value"] for each in media.get("examples", {}).values()), media.get("example"))
