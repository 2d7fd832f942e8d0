"""POST /engagement/cloudevents: CloudEvents 1.0.2 in the binary, structured and batched mode of the HTTP binding."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from core.actors import Credential
from core.api.doors import door
from core.api.gpc import Name, names_in
from core.errors import DomainError, Problem
from engagement.api.bodies import json_body
from engagement.api.clocks import clock_at
from engagement.api.ingest import answer_many, answer_one
from engagement.rules.cloudevents import BATCHED, as_members, batch_of, decoded, from_headers, people_of
from engagement.rules.events import Checked, Refused, read_made
from engagement.selectors.catalogue import event_catalogue, find_type


@door(scope="engagement:write", resource="ingest", from_pages=True)
def post_cloudevents(request: HttpRequest, credential: Credential) -> HttpResponse:
    """One event: 202, 200, 400, 403 or 404 as at /engagement/{type}; an array of them: as at /engagement/events."""
    if _is_batch(request):
        return answer_many(request, credential, lambda now: _batch(request, now), people=people_in)
    return answer_one(request, credential, "", lambda now: _one(request, now), people=people_in)


def _one(request: HttpRequest, now: datetime) -> Checked:
    members = as_members(_single(request))
    if not isinstance(members, Problem):
        find_type(name=str(members["type"]))
    return _checked(members, 0, now)


def _batch(request: HttpRequest, now: datetime) -> list[Checked]:
    events = batch_of(decoded(json_body(request)))
    return [_checked(as_members(event), index, now) for index, event in enumerate(events)]


def _checked(members: dict[str, Any] | Problem, index: int, now: datetime) -> Checked:
    """The event, checked like one that was sent as ours; without a time it happened now."""
    if isinstance(members, Problem):
        return Refused(index, "", None, [members])
    told = {"timestamp": now.isoformat()} | members
    name = str(told.pop("type"))
    return read_made(told, index=index, type_name=name, find=event_catalogue().find, clock=clock_at(now))


def _single(request: HttpRequest) -> Any:
    body = json_body(request)
    if "ce-specversion" not in request.headers:
        return decoded(body)
    return from_headers(request.headers.items(), body=body, content_type=request.content_type or "")


def _is_batch(request: HttpRequest) -> bool:
    """By its media type; with plain JSON by its first character, so that every tool that sends JSON can send both."""
    if "ce-specversion" in request.headers:
        return False
    kind = (request.content_type or "").lower()
    return kind == BATCHED or (kind == "application/json" and json_body(request).lstrip()[:1] == b"[")


def people_in(request: HttpRequest) -> list[Name]:
    """Whom the events name, whatever else is wrong with them; [] when they cannot be read."""
    try:
        events = list(batch_of(decoded(json_body(request)))) if _is_batch(request) else [_single(request)]
    except DomainError:
        return []
    return names_in([people_of(event) for event in events], ("userId", "anonymousId"))
