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
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY:
        raise _too_large()
    body = request.body
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise UnsupportedMediaType("This door reads bodies as they are, or with Content-Encoding: gzip.")
    return _inflated(body)


def people_in(request: HttpRequest) -> list[Name]:
    """Whom the events of the body name, whatever else is wrong with them; [] when it cannot be read."""
    try:
        sent = msgspec.json.decode(json_body(request))
    except (DomainError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    events = sent["events"] if isinstance(sent, dict) and "events" in sent else sent
    return names_in(events[:MAX_BATCH] if isinstance(events, list) else events, ("userId", "anonymousId"))


def _inflated(body: bytes) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    try:
        plain = inflater.decompress(body, MAX_BODY + 1)
    except zlib.error as error:
        raise InvalidInput("The body is not valid gzip.", code="malformed_json") from error
    if len(plain) > MAX_BODY:
        raise _too_large()
    if not inflater.eof:
        raise InvalidInput("The body is not valid gzip.", code="malformed_json")
    return plain


def _too_large() -> TooLarge:
    return TooLarge(f"A body may have at most {MAX_BODY} bytes, also after inflating.")
