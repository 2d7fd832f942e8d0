"""Entity tags: unchanged things are not sent again, changed things are not overwritten unseen (RFC 9110 section 13)."""

from typing import Any

from django.http import HttpRequest

from core.actors import Credential
from core.crypto import digest
from core.errors import PreconditionFailed, PreconditionRequired


def etag_of(*parts: Any) -> str:
    """A strong entity tag that differs whenever one of the parts does; name everything the answer depends on."""
    return f'"{digest(chr(31).join(map(str, parts)))[:32]}"'


def is_unchanged(request: HttpRequest, etag: str) -> bool:
    """Whether If-None-Match names this version (weak comparison), so that 304 is the answer."""
    return _names(request.META.get("HTTP_IF_NONE_MATCH", ""), etag, weak=True)


def check_unchanged_since_read(request: HttpRequest, credential: Credential, etag: str) -> None:
    """412 when If-Match names other versions only; 428 when it is absent and the client must send it."""
    given = request.META.get("HTTP_IF_MATCH", "")
    if given and not _names(given, etag, weak=False):
        raise PreconditionFailed("The object has changed since you read it.", headers={"ETag": etag})
    if not given and credential.if_match_required:
        raise PreconditionRequired("This client must send If-Match.")


def _names(header: str, etag: str, weak: bool) -> bool:
    tags = [tag.strip() for tag in header.split(",")]
    return "*" in tags or etag in ([tag.removeprefix("W/") for tag in tags] if weak else tags)
