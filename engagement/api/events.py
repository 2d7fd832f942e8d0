"""Reading events: the stream in commit order, the list and the time series of a stretch of time."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from core.actors import Credential
from core.api.doors import door
from core.api.pagination import CURSOR_LIFE, DEFAULT_LIMIT, MAX_LIMIT, whole_number
from core.crypto import digest, open_text, sign_text
from core.errors import Gone, InvalidInput, NotFound
from customers.selectors.customers import all_ids, find_customer
from customers.selectors.recipients import barrier_for, check_leaving, kept_back_of
from customers.services.telling import note_told
from engagement.api.kept import kept_answer
from engagement.models import Event
from engagement.selectors.answers import event_answers
from engagement.selectors.catalogue import find_type
from engagement.selectors.series import BUCKETS, OF_EVERYBODY, Place, Scope, newest_events, time_series
from engagement.selectors.stream import Place as LogPlace
from engagement.selectors.stream import open_place, place_of, read_stream

_encode: Final = msgspec.json.Encoder().encode
_STREAM: Final = frozenset({"since", "until", "type", "userId", "cursor", "limit"})
_LIST: Final = frozenset({"customer", "type", "from", "to", "bucket", "cursor", "limit"})
_WINDOW: Final = {"hour": timedelta(days=1), "day": timedelta(days=30)}
_BEGINNING: Final = timedelta(days=3_660)


@door(scope="engagement:read", methods=("GET",))
def stream_events(request: HttpRequest, credential: Credential) -> HttpResponse:
    """Events in the order in which they were stored; come back with `next_cursor` and miss nothing."""
    only(request, _STREAM)
    limit = whole_number(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    cursor, since = request.GET.get("cursor"), instant(request, "since")
    after = open_place(cursor) if cursor else place_of(since) if since else LogPlace()
    page = read_stream(
        after=after,
        limit=limit,
        type_id=_type_id(request),
        since=None if cursor else since,
        until=instant(request, "until"),
        customer_ids=_people(request, "userId"),
    )
    pagination = {"limit": limit, "has_more": page.has_more, "next_cursor": page.next.seal()}
    events, withheld = _leaving(page.events, credential)
    told(credential, events)
    return json_answer({"data": event_answers(events), "pagination": pagination, **withheld})


@door(scope="engagement:read", methods=("GET",))
def list_or_count_events(request: HttpRequest, credential: Credential) -> HttpResponse:
    """Events of a stretch of time, newest first; with `bucket` how many there were in each hour or day."""
    only(request, _LIST)
    bucket = request.GET.get("bucket")
    if bucket is not None and bucket not in BUCKETS:
        raise InvalidInput(f"Invalid 'bucket': choose from {', '.join(BUCKETS)}", param="bucket")
    people = _people(request, "customer")
    end = instant(request, "to") or timezone.now() + timedelta(minutes=5)
    usual = _WINDOW[bucket] if bucket else OF_EVERYBODY if people is None else _BEGINNING
    start = instant(request, "from") or end - usual
    if start >= end:
        raise InvalidInput("Invalid 'from': it must lie before 'to'", param="from")
    scope = Scope(start=start, end=end, customer_ids=people, type_id=_type_id(request))
    if bucket is None:
        return _listed(request, credential, scope)
    check_leaving(credential.client_id, customer_ids=people or (), now=timezone.now())
    frame = {"from": start, "to": end, "bucket": bucket}

    def counted() -> bytes:
        return _encode({"data": time_series(scope, bucket=bucket), **frame})

    if people is None:
        return kept_answer(request, seconds=settings.API_CACHE_SECONDS, make=counted)
    return HttpResponse(counted(), content_type="application/json", headers={"Cache-Control": "no-store"})


def told(credential: Credential, events: Sequence[Event]) -> None:
    """Note that this client is told about the people of these events."""
    ids = {event.customer_id for event in events}
    note_told(to=f"client:{credential.client_id}", way="engagement.events", kinds=("events",), customer_ids=ids)


def _listed(request: HttpRequest, credential: Credential, scope: Scope) -> HttpResponse:
    limit = whole_number(request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
    bound_to = digest(json.dumps(sorted((k, v) for k, v in request.GET.items() if k not in ("cursor", "limit"))))[:16]
    place = _opened(request.GET["cursor"], bound_to) if "cursor" in request.GET else None
    rows = newest_events(scope, limit=limit + 1, before=place)
    more = len(rows) > limit
    rows, withheld = _leaving(rows[:limit], credential)
    following = _sealed(rows[-1].occurred_at, rows[-1].event_id, bound_to) if more else None
    pagination = {"limit": limit, "has_more": more, "next_cursor": following}
    told(credential, rows)
    return json_answer({"data": event_answers(rows), "pagination": pagination, **withheld})


def _leaving(events: Sequence[Event], credential: Credential) -> tuple[list[Event], dict[str, dict[str, int]]]:
    """Those that may go to this client, and how many are kept back by the reason."""
    barrier = barrier_for(credential.client_id, now=timezone.now())
    if barrier is None:
        return list(events), {}
    held = kept_back_of({event.customer_id for event in events}, barrier)
    why = [
        held.get(event.customer_id, barrier.too_old if barrier.oldest and event.occurred_at < barrier.oldest else "")
        for event in events
    ]
    withheld = Counter(filter(None, why))
    kept = [event for event, reason in zip(events, why, strict=True) if not reason]
    return kept, {"withheld": dict(withheld)} if withheld else {}


def _sealed(at: datetime, row: UUID, bound_to: str) -> str:
    expires = int((timezone.now() + CURSOR_LIFE).timestamp())
    return sign_text("event-list", json.dumps([bound_to, expires, at.isoformat(), row.hex]))


def _opened(cursor: str, bound_to: str) -> Place:
    text = open_text("event-list", cursor)
    if text is None:
        raise InvalidInput("Invalid 'cursor'", param="cursor")
    owner, expires, at, row = json.loads(text)
    if owner != bound_to:
        raise InvalidInput("Invalid 'cursor': it belongs to other filters", param="cursor")
    if timezone.now().timestamp() > expires:
        raise Gone("This cursor has expired; start again.", param="cursor")
    return Place(datetime.fromisoformat(at), UUID(hex=row))


def instant(request: HttpRequest, name: str) -> datetime | None:
    """The query parameter as an instant with an offset; None when absent, InvalidInput when it is something else."""
    raw = request.GET.get(name)
    if raw is None:
        return None
    try:
        found = parse_datetime(raw.replace(" ", "+"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1_900 <= found.year < 9_999:
        raise InvalidInput(f"Invalid '{name}'", param=name)
    return found


def only(request: HttpRequest, known: frozenset[str]) -> None:
    """InvalidInput for the first query parameter that is not among the known."""
    for name in request.GET:
        if name not in known:
            raise InvalidInput(f"Unknown parameter '{name}'", code="unknown_parameter", param=name)


def _type_id(request: HttpRequest) -> int | None:
    name = request.GET.get("type")
    if name is None:
        return None
    try:
        return find_type(name=name).kind.id
    except NotFound as error:
        raise InvalidInput("Invalid 'type'", code="unknown_type", param="type") from error


def _people(request: HttpRequest, name: str) -> Sequence[int] | None:
    """All row ids of the person named; [] for one nobody knows, None when nobody is named."""
    reference = request.GET.get(name)
    if reference is None:
        return None
    try:
        return all_ids(find_customer(reference=reference))
    except NotFound:
        return []


def json_answer(body: dict[str, Any], status: int = 200) -> HttpResponse:
    """A JSON answer that nobody may keep."""
    return HttpResponse(
        _encode(body), status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
