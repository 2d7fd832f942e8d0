"""One body for every refusal: error and message first, then code, param, details, request id (RFC 9457 on request)."""

import json
from collections.abc import Callable, Collection, Iterator
from http import HTTPStatus
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from core.errors import DomainError, Forbidden, InvalidInput, NotFound, Problem, Unauthenticated, UnsupportedMediaType
from core.ids import request_id_of

_ONLY_JSON: Final = "Answers are application/json or application/xml."
PROBLEM_JSON = "application/problem+json"
_GIVEN: Final = frozenset({"application/json", "application/*", "*/*", PROBLEM_JSON})
REFUSAL_KEY: Final = "hub.refusal"
"""In META: the DomainError that a request was answered with, for whoever counts refusals."""
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"


def error_body(error: DomainError, request: HttpRequest) -> dict[str, Any]:
    """The body of a refusal; with `Accept: application/problem+json` it also has the members of RFC 9457."""
    doc_url = f"{settings.PUBLIC_URL}/docs/errors#{error.code}"
    request.META[REFUSAL_KEY] = error
    body: dict[str, Any] = {"error": error.error, "message": error.message, "code": error.code}
    if error.param:
        body["param"] = error.param
    if error.details:
        body["details"] = [problem.as_dict() for problem in error.details]
    body |= {
        "retryable": error.retryable,
        "request_id": request_id_of(request.META),
        "doc_url": doc_url,
        **error.extra,
    }
    if wants_problem(request):
        title = HTTPStatus(error.status).phrase
        body |= {"type": doc_url, "title": title, "status": error.status, "detail": error.message}
        body["instance"] = request.path
        if error.status == 429:
            body |= {"type": QUOTA_EXCEEDED, "violated-policies": error.extra.get("violated_policies", [])}
    return body


def error_headers(error: DomainError) -> dict[str, str]:
    """Headers that belong to a refusal; a 401 names the realm and the metadata document (RFC 6750, RFC 9728)."""
    headers = dict(error.headers)
    if error.status == 401:
        metadata = f"{settings.PUBLIC_URL}/.well-known/oauth-protected-resource/api/v1"
        reason = "" if error.code == "missing_credentials" else 'error="invalid_token", '
        headers.setdefault("WWW-Authenticate", f'Bearer realm="api", {reason}resource_metadata="{metadata}"')
    return headers


def error_response(error: DomainError, request: HttpRequest) -> HttpResponse:
    """The whole answer, for views outside REST framework."""
    media_type = PROBLEM_JSON if wants_problem(request) else "application/json"
    response = HttpResponse(json.dumps(error_body(error, request)), status=error.status, content_type=media_type)
    for name, value in error_headers(error).items():
        response[name] = value
    return response


def handle_exception(exc: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """REST framework's exception handler: refusals become bodies; anything unknown stays a 500."""
    error = exc if isinstance(exc, DomainError) else translated(exc)
    if error is None:
        return None
    request: HttpRequest = context["request"]._request
    response = Response(error_body(error, request), status=error.status, headers=error_headers(error))
    if wants_problem(request):
        response.content_type = PROBLEM_JSON
    return response


def wants_problem(request: HttpRequest) -> bool:
    """Whether the caller accepts problem details (RFC 9457)."""
    return PROBLEM_JSON in request.headers.get("Accept", "")


def translated(exc: Exception) -> DomainError | None:
    for kinds, translate in _TRANSLATIONS:
        if isinstance(exc, kinds):
            return translate(exc)
    return None


class MethodNotAllowed(DomainError):
    """The address exists and does not offer this verb."""

    status, error, default_code = 405, "MethodNotAllowed", "method_not_allowed"


class NotAcceptable(DomainError):
    """The caller accepts no format that this door answers in."""

    status, error, default_code = 406, "NotAcceptable", "not_acceptable"


def check_acceptable(request: HttpRequest) -> None:
    """406 when the caller takes neither JSON nor problem details; what has q=0 is not taken (RFC 9110)."""
    taken = {f"{kind.main_type}/{kind.sub_type}" for kind in request.accepted_types}
    if request.META.get("HTTP_ACCEPT") and not taken & _GIVEN:
        raise NotAcceptable(_ONLY_JSON)


def check_given_once(request: HttpRequest, but: Collection[str] = ()) -> None:
    """400 for a parameter that is given twice, of which nobody knows which is meant."""
    for name, values in request.GET.lists():
        if len(values) > 1 and name not in but:
            raise InvalidInput(f"'{name}' is given more than once", param=name)


def _from_validation(exc: exceptions.ValidationError) -> DomainError:
    details = tuple(_problems(exc.get_full_details(), ""))
    first = details[0]
    if first.code == "missing_field" and first.param:
        message = f"Missing required field '{first.param}'"
    elif first.code == "unknown_parameter":
        message = f"Unknown parameter '{first.param}'"
    else:
        message = f"Invalid '{first.param}'" if first.param else first.message
    return InvalidInput(message, code=first.code, param=first.param or None, details=details)


def _problems(node: Any, path: str) -> Iterator[Problem]:
    if isinstance(node, dict) and set(node) == {"message", "code"}:
        code = {"required": "missing_field", "null": "missing_field"}.get(str(node["code"]), "invalid_parameter")
        code = node["code"] if node["code"] in ("unknown_parameter", "sensitive_number") else code
        yield Problem(param=path, code=str(code), message=str(node["message"]))
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _problems(value, _below(path, key))
    elif isinstance(node, list):
        indexed = len(node) > 1 and any(isinstance(item, dict) and "message" not in item for item in node)
        for index, item in enumerate(node):
            if item:
                yield from _problems(item, f"{path}[{index}]" if indexed else path)


def _below(path: str, key: Any) -> str:
    """`purposes[0].event`: numbers are items of a list."""
    if key == api_settings.NON_FIELD_ERRORS_KEY:
        return path
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else str(key)


_TRANSLATIONS: Final[list[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], DomainError]]]] = [
    (exceptions.ParseError, lambda exc: InvalidInput("The body is not valid JSON.", code="malformed_json")),
    (exceptions.ValidationError, _from_validation),
    (exceptions.UnsupportedMediaType, lambda exc: UnsupportedMediaType("Send application/json, not compressed.")),
    ((exceptions.NotAuthenticated, exceptions.AuthenticationFailed), lambda exc: Unauthenticated("Invalid API key")),
    ((exceptions.PermissionDenied, PermissionDenied), lambda exc: Forbidden("You may not do this.", code="forbidden")),
    ((exceptions.NotFound, Http404), lambda exc: NotFound("There is nothing at this address.")),
    (exceptions.MethodNotAllowed, lambda exc: MethodNotAllowed("This verb is not offered here.")),
    (exceptions.NotAcceptable, lambda exc: NotAcceptable(_ONLY_JSON)),
]
