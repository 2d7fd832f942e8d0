"""Every JSON answer of the API as XML, for those who ask for it in `Accept`; requests are JSON in any case.

Nothing is ever parsed as XML here, so there is no way in for external entities.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from django.http import HttpRequest, HttpResponse

XML: Final = "application/xml"
_OFFERED: Final = ("application/json", XML, "text/xml")
_NAME: Final = re.compile(r"(?!xml)[A-Za-z_][A-Za-z0-9_.-]*", re.IGNORECASE)
_UNFIT: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGGED: Final = re.compile(r'-xml"')
_CONDITIONS: Final = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")


def prefers_xml(request: HttpRequest) -> bool:
    """Whether the caller likes XML better than JSON (RFC 9110 section 12.5.1); a browser's address line does not."""
    accept = request.META.get("HTTP_ACCEPT", "")
    if "xml" not in accept or "text/html" in accept:
        return False
    return request.get_preferred_type(_OFFERED) in (XML, "text/xml")


def ask_for_json(request: HttpRequest) -> None:
    """From here on the request asks for the JSON that will become XML, with the entity tags of that JSON."""
    request.META["HTTP_ACCEPT"] = "application/json"
    for name in ("headers", "accepted_types", "accepted_types_by_precedence"):
        request.__dict__.pop(name, None)
    for name in _CONDITIONS:
        if name in request.META:
            request.META[name] = _TAGGED.sub('"', request.META[name])


def turn_into_xml(response: HttpResponse) -> None:
    """The JSON body is XML now, with an entity tag of its own, since the bytes differ (RFC 9110 section 8.8.3)."""
    if "ETag" in response.headers:
        response.headers["ETag"] = response.headers["ETag"].removesuffix('"') + '-xml"'
    if response.streaming or not response.content or "json" not in response.headers.get("Content-Type", ""):
        return
    response.content = to_xml(json.loads(response.content, parse_float=str, parse_int=str)).encode()
    response.headers["Content-Type"] = f"{XML}; charset=utf-8"
    response.headers["Content-Length"] = str(len(response.content))


def to_xml(value: Any) -> str:
    """A document: members are elements of their name, items of lists are `item`, null is `nil="true"`.

    A member whose name cannot be an element is `<member name="...">`. Characters that XML 1.0 cannot hold become
    U+FFFD.
    """
    return '<?xml version="1.0" encoding="utf-8"?>\n' + "".join(_element("response", value))


def _element(name: str, value: Any) -> Iterator[str]:
    tag, opening = (name, name) if _NAME.fullmatch(name) else ("member", f"member name={quoteattr(_fit(name))}")
    if value is None:
        yield f'<{opening} nil="true"/>'
    elif isinstance(value, dict):
        yield f"<{opening}>"
        for key, inner in value.items():
            yield from _element(key, inner)
        yield f"</{tag}>"
    elif isinstance(value, list):
        yield f"<{opening}>"
        for inner in value:
            yield from _element("item", inner)
        yield f"</{tag}>"
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        yield f"<{opening}>{escape(_fit(text))}</{tag}>"


def _fit(text: str) -> str:
    return _UNFIT.sub("\ufffd", text)
