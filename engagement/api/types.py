"""Event types and their schemas, and what was refused: for partners who build and repair an integration."""

from typing import Annotated, Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from msgspec import Meta

from core.actors import Credential
from core.api.credentials import actor_of
from core.api.doors import door
from core.api.pagination import PAGE_PARAMETERS, paginate, whole_number
from core.errors import InvalidInput
from engagement.api.bodies import json_body
from engagement.api.events import json_answer, only
from engagement.rules.catalogue import BY_NAME, TRACKING, Kind
from engagement.rules.schemas import published
from engagement.selectors.catalogue import find_type, list_types
from engagement.selectors.rejections import list_rejections
from engagement.services.types import register_type, retire_type


class TypeInput(msgspec.Struct, forbid_unknown_fields=True):
    """A type as a partner registers it: `properties` is the JSON Schema of that member."""

    name: str
    title: Annotated[str, Meta(min_length=1, max_length=120)]
    description: Annotated[str, Meta(max_length=300)] = ""
    purpose: str = TRACKING
    required: list[str] = []
    properties: dict[str, Any] = msgspec.field(default_factory=lambda: {"type": "object"})


_decode: Final = msgspec.json.Decoder(TypeInput).decode
_LONGEST_VERSION: Final = 32_767


@door(scope="engagement:read", methods=("GET",))
def show_types(request: HttpRequest, credential: Credential) -> HttpResponse:
    """Every event type in its current version."""
    only(request, frozenset())
    return json_answer({"data": [_row(kind) for kind in list_types()]})


@door(scope="engagement:read", methods=("GET",))
def show_type(request: HttpRequest, credential: Credential, name: str) -> HttpResponse:
    """The JSON Schema (draft 2020-12) of events of this type, in its current or a named version."""
    only(request, frozenset({"version"}))
    version = whole_number(request, "version", 0, 1, _LONGEST_VERSION)
    return json_answer(published(find_type(name=name, version=version or None).kind))


@door(scope="engagement:write")
def post_type(request: HttpRequest, credential: Credential) -> HttpResponse:
    """Register a type, or a new version of one: 201 with its schema."""
    only(request, frozenset())
    try:
        given = _decode(json_body(request))
    except msgspec.ValidationError as error:
        raise InvalidInput(f"The type cannot be used: {error}"[:300]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("The body is not valid JSON.", code="malformed_json") from error
    made = register_type(**msgspec.structs.asdict(given), by=actor_of(credential, request), now=timezone.now())
    kind = Kind(
        id=made.type_id,
        name=given.name,
        title=given.title,
        description=given.description,
        required=tuple(given.required),
        properties=given.properties,
        version=made.version,
        purpose=given.purpose,
    )
    return json_answer(_row(kind) | {"schema": published(kind)}, 201)


@door(scope="engagement:write", methods=("DELETE",))
def delete_type(request: HttpRequest, credential: Credential, name: str) -> HttpResponse:
    """Retire a registered type: 204; its events are refused within seconds, those that are stored stay."""
    only(request, frozenset())
    retire_type(name=name, by=actor_of(credential, request), now=timezone.now())
    return HttpResponse(status=204)


@door(scope="engagement:read", methods=("GET",))
def show_rejections(request: HttpRequest, credential: Credential) -> HttpResponse:
    """What was refused of this client's events: reason, member and how often a minute, newest first."""
    only(request, PAGE_PARAMETERS - {"fields", "expand"})
    found = list_rejections(client_id=credential.client_id)
    page = paginate(request, found, sort_fields=("at",), default_sort="-at", now=timezone.now())
    rows = [
        {
            "at": row.at,
            "type": row.event_type,
            "code": row.code,
            "param": row.param,
            "message": row.message,
            "count": row.count,
            "requestId": row.request_id,
        }
        for row in page.rows
    ]
    return json_answer({"data": rows, "pagination": page.pagination})


def _row(kind: Kind) -> dict[str, Any]:
    return {
        "name": kind.name,
        "title": kind.title,
        "description": kind.description,
        "version": kind.version,
        "purpose": kind.purpose,
        "required": ["timestamp", *kind.required],
        "builtIn": kind.name in BY_NAME,
    }
