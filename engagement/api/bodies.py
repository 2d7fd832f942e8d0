"""Reading the body of a plain view: bounded, JSON or text, gzip or not."""

import zlib
from typing import Final

from django.http import HttpRequest

from core.errors import InvalidInput, TooLarge, UnsupportedMediaType

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
