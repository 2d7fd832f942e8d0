"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07): a repeated request has one effect, one answer."""

import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Final

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core.actors import Credential
from core.crypto import seal, unseal
from core.errors import Conflict, InvalidInput
from core.models import IdempotencyKey

Work = Callable[[], HttpResponse]

METHODS: Final = frozenset({"POST", "PATCH"})
_QUOTED: Final = re.compile(r'^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"$')
_KEPT_ANSWER: Final = "idempotent answer"
_KEPT_HEADERS: Final = ("Content-Type", "Location", "ETag", "Link")
_NOT_KEPT: Final = frozenset({400, 401, 403, 429})


class _Mismatch(Conflict):
    status, error, default_code = 422, "UnprocessableEntity", "idempotency_mismatch"


def key_of(request: HttpRequest, *, required: bool = False) -> str:
    """The key of this request, quoted (structured field string) or bare; '' when there is none and none is needed."""
    given = request.META.get("HTTP_IDEMPOTENCY_KEY", "").strip()
    quoted = _QUOTED.match(given)
    key = re.sub(r'\\(["\\])', r"\1", quoted.group(1)) if quoted else given
    if not key and required:
        raise InvalidInput("Missing required header 'Idempotency-Key'", code="missing_field", param="Idempotency-Key")
    if len(key) > 255 or not key.isprintable() or (given.startswith('"') and not quoted):
        raise InvalidInput("Invalid 'Idempotency-Key'", param="Idempotency-Key")
    return key


def once(request: HttpRequest, credential: Credential, key: str, work: Work) -> HttpResponse:
    """The answer of `work`, done and remembered in one transaction; for 24 hours the same request gets it again.

    Answers of 5xx, validation (400), 401, 403 and 429 are not remembered. Refuses the key with another body or query
    (422), and while the first request still runs (409, Retry-After 1). A refusal that `work` answers with must have
    undone its own writes.
    """
    route = f"{request.method} {request.path}"[:200]
    fingerprint = _fingerprint(request)
    now = timezone.now()
    with transaction.atomic():
        _lock(credential.client_id, route, key)
        row = IdempotencyKey.objects.filter(client_id=credential.client_id, route=route, key=key).first()
        if row is not None and row.created_at > now - timedelta(hours=settings.IDEMPOTENCY_HOURS):
            return _replayed(row, fingerprint)
        response = work()
        if response.status_code < 500 and response.status_code not in _NOT_KEPT:
            IdempotencyKey.objects.update_or_create(
                client_id=credential.client_id,
                route=route,
                key=key,
                defaults={
                    "fingerprint": fingerprint,
                    "status": response.status_code,
                    "headers": {name: response[name] for name in _KEPT_HEADERS if response.has_header(name)},
                    "body": seal(response.content.decode(), _KEPT_ANSWER).encode(),
                    "created_at": now,
                },
            )
        return response


def _lock(*parts: str) -> None:
    """Taken until the transaction ends; refused at once when another request holds it."""
    number = int.from_bytes(sha256("\x1f".join(parts).encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            message = "A request with this Idempotency-Key is still running."
            raise Conflict(message, code="idempotency_in_progress", headers={"Retry-After": "1"})


def _replayed(row: IdempotencyKey, fingerprint: str) -> HttpResponse:
    if row.fingerprint != fingerprint:
        raise _Mismatch("This Idempotency-Key was used for another request.", param="Idempotency-Key")
    headers = {**row.headers, "Idempotent-Replayed": "true"}
    kept = bytes(row.body or b"").decode()
    body = kept if kept[:1] in ("", "{", "[") else unseal(kept, _KEPT_ANSWER)  # JSON: kept before answers were sealed
    return HttpResponse(body, status=row.status, headers=headers)


def _fingerprint(request: HttpRequest) -> str:
    """SHA-256 of the query and the body; the order of members and white space of JSON do not matter."""
    try:
        body = msgspec.json.encode(msgspec.json.decode(request.body), order="sorted")
    except (msgspec.DecodeError, RecursionError):
        body = request.body
    return sha256(request.META.get("QUERY_STRING", "").encode() + b"\x1f" + body).hexdigest()
