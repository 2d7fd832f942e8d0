"""Reading the body of a plain view: bounded, JSON or text, gzip or not."""

import zlib
from typing import Final

import msgspec
from django.http import HttpRequest

from core.api.gpc import Name, names_in
from core.errors import DomainError, InvalidInput, TooLarge, UnsupportedMediaType
from engagement.rules.events import MAX_BATCH

MAX_BODY: Final = 1_048_576
_GZIP: Final = 16 + zlib.MAX_WBITS
_READ_AS_JSON: Final = ("application/json", "text/plain", "")


def json_body(request: HttpRequest) -> bytes:
    """The body as it is to be decoded; at most 1 MB, also after inflating.

    Refuses a larger one (413), another format or encoding (415), broken gzip (400 `malformed_json`).
    """
    kind = (request.content_type or "").lower()
    if kind not in _READ_AS_JSON and not kind.endswith("+json"):
        raise UnsupportedMediaType("This door reads application/json.")
    return _read(request, MAX_BODY)


def plain_body(request: HttpRequest, *, most: int) -> bytes:
    """The body whatever it says it is, with at most `most` bytes, also after inflating; else 400, never 413 or 415."""
    try:
        return _read(request, most)
    except TooLarge as error:
        raise InvalidInput(error.message, code="batch_too_large") from error
    except UnsupportedMediaType as error:
        raise InvalidInput(error.message, code="malformed_json") from error


def _read(request: HttpRequest, most: int) -> bytes:
    if int(request.META.get("CONTENT_LENGTH") or 0) > most:
        raise _too_large(most)
    body = request.body
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise UnsupportedMediaType("This door reads bodies as they are, or with Content-Encoding: gzip.")
    return _inflated(body, most)


def people_in(request: HttpRequest) -> list[Name]:
    """Whom the events of the body name, whatever else is wrong with them; [] when it cannot be read."""
    try:
        sent = msgspec.json.decode(json_body(request))
    except (DomainError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    events = sent["events"] if isinstance(sent, dict) and "events" in sent else sent
    return names_in(events[:MAX_BATCH] if isinstance(events, list) else events, ("userId", "anonymousId"))


def _inflated(body: bytes, most: int) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    try:
        plain = inflater.decompress(body, most + 1)
    except zlib.error as error:
        raise InvalidInput("The body is not valid gzip.", code="malformed_json") from error
    if len(plain) > most:
        raise _too_large(most)
    if not inflater.eof:
        raise InvalidInput("The body is not valid gzip.", code="malformed_json")
    return plain


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"A body may have at most {most} bytes, also after inflating.")
