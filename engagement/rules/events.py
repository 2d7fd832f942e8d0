"""One event or a hundred as they arrive: decoded at once, checked item by item only when something is wrong."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from core.errors import InvalidInput, Problem
from customers.rules.identity import BadIdentity, IdentityKind, normalise
from customers.rules.sensitive import find_sensitive, maybe_sensitive
from engagement.rules import keys
from engagement.rules.catalogue import BY_NAME, IDENTIFY
from engagement.rules.clock import CLAMPED, Clock
from engagement.rules.members import MAX_EVENT_BYTES, MAX_TEXT, MAX_TOKEN, Device, must_be
from engagement.rules.schemas import Form, check_properties

MAX_BATCH: Final = 100
_IDENTIFY_ID: Final = BY_NAME[IDENTIFY].id
Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]


class EventIn(msgspec.Struct, forbid_unknown_fields=True, rename="camel", gc=False):
    """An event as a sender writes it; see `members` for what each member means."""

    timestamp: Annotated[datetime, Meta(tz=True)] | None = None
    type: str | None = None
    user_id: Text | None = None
    anonymous_id: Text | None = None
    campaign_id: Text | None = None
    device_type: Device | None = None
    element_id: Text | None = None
    event_id: Text | None = None
    consent_token: Annotated[str, Meta(min_length=1, max_length=MAX_TOKEN)] | None = None
    session_id: Text | None = None
    variant: Text | None = None
    exposure_id: Text | None = None
    value: int | float | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    context: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    schema_version: Annotated[int, Meta(ge=1, le=32_767)] | None = None


class _Batch(msgspec.Struct, forbid_unknown_fields=True):
    events: list[EventIn]


class _RawBatch(msgspec.Struct, forbid_unknown_fields=True):
    events: list[msgspec.Raw]


@dataclass(slots=True)
class Ready:
    """An event that may be stored: its form, its key, the id to answer, when it happened, what to warn about.

    `text_kept` says that the id must be kept as text beside the key.
    """

    index: int
    event: EventIn
    form: Form
    key: str
    shown: str
    text_kept: bool
    at: datetime
    warning: Problem | None = None


@dataclass(slots=True)
class Refused:
    """An event that may not be stored, and every reason found."""

    index: int
    type: str
    shown: str | None
    problems: list[Problem]


Checked = Ready | Refused
FormFinder = Callable[[str, int | None], Form | None]
_one = msgspec.json.Decoder(EventIn)
_many = msgspec.json.Decoder(_Batch | list[EventIn])
_raw = msgspec.json.Decoder(_RawBatch | list[msgspec.Raw])
_any = msgspec.json.Decoder()
_PLACE: Final = re.compile(r"\$\.?([A-Za-z]+)?")
_UNKNOWN: Final = re.compile(r"unknown field `(.*?)`", re.DOTALL)
_ID: Final = re.compile(rb'"(eventId|type)"\s*:\s*"([^"\\]{1,255})"')


def read_one(body: bytes, *, type_name: str, find: FormFinder, clock: Clock) -> Checked:
    """The event in this body, checked as `type_name`; InvalidInput when the body is no JSON at all."""
    event = _decoded(body)
    if isinstance(event, EventIn):
        if event.type not in (None, type_name):
            message = f"Invalid 'type': this address takes '{type_name}'."
            return Refused(0, type_name, event.event_id, [Problem("type", "invalid_parameter", message)])
        event.type = type_name
        return _checked(0, event, find, clock, body)
    return Refused(0, type_name, _member(body, b"eventId"), [event])


def read_batch(body: bytes, *, find: FormFinder, clock: Clock) -> list[Checked]:
    """1 to 100 events, each checked, in their order: `{"events": [...]}` or a bare array.

    InvalidInput when the body as a whole cannot be read: no JSON, no list, none or more than 100 events.
    """
    try:
        batch = _many.decode(body)
    except msgspec.ValidationError:
        return _item_by_item(body, find, clock)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed() from error
    events = batch.events if isinstance(batch, _Batch) else batch
    _check_size(events)
    suspect = _suspect(body)
    parts = _raw_events(body) if suspect else None
    return [_checked(index, event, find, clock, parts[index] if parts else None) for index, event in enumerate(events)]


def read_made(members: Mapping[str, Any], *, index: int, type_name: str, find: FormFinder, clock: Clock) -> Checked:
    """The event with these members, made from another way of writing events, checked like one that was sent."""
    shown = str(members.get("eventId", ""))
    try:
        event = msgspec.convert({**members, "type": type_name}, EventIn)
        raw = msgspec.json.encode(members)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        return Refused(index, type_name, shown, [_translated(str(error))])
    return _checked(index, event, find, clock, raw)


def _item_by_item(body: bytes, find: FormFinder, clock: Clock) -> list[Checked]:
    raws = _raw_events(body)
    _check_size(raws)
    found: list[Checked] = []
    for index, raw in enumerate(raws):
        event = _decoded(raw)
        if isinstance(event, EventIn):
            found.append(_checked(index, event, find, clock, raw))
        else:
            found.append(Refused(index, _member(raw, b"type") or "", _member(raw, b"eventId"), [event]))
    return found


def _raw_events(body: bytes) -> list[bytes]:
    try:
        batch = _raw.decode(body)
    except msgspec.ValidationError as error:
        message = 'The body must be {"events": [...]} or an array of events.'
        raise InvalidInput(message, param="events") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed() from error
    return [bytes(raw) for raw in (batch.events if isinstance(batch, _RawBatch) else batch)]


def _check_size(events: Sequence[object]) -> None:
    if not events:
        raise InvalidInput("Missing required field 'events'", code="missing_field", param="events")
    if len(events) > MAX_BATCH:
        message = f"A batch holds at most {MAX_BATCH} events; this one has {len(events)}."
        raise InvalidInput(message, code="batch_too_large", param="events")


def _malformed() -> InvalidInput:
    return InvalidInput("The body is not valid JSON.", code="malformed_json")


def _decoded(raw: bytes) -> EventIn | Problem:
    try:
        return _one.decode(raw)
    except msgspec.ValidationError as error:
        return _translated(str(error))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed() from error


def _translated(text: str) -> Problem:
    """msgspec's sentence as a problem that names the member and says what would do."""
    unknown = _UNKNOWN.search(text)
    if unknown:
        name = unknown.group(1)[:120]
        return Problem(name, "unknown_parameter", f"Unknown parameter '{name}'")
    place = _PLACE.search(text.rpartition(" at `")[2] if " at `" in text else "")
    name = (place.group(1) if place else None) or ""
    if not name:
        return Problem("", "invalid_parameter", "An event must be a JSON object.")
    return Problem(name, "invalid_parameter", f"Invalid '{name}': {must_be(name)}")


def _member(raw: bytes, name: bytes) -> str | None:
    """A member of an event that could not be decoded, so that its refusal can be matched with what was sent."""
    for match in _ID.finditer(raw):
        if match.group(1) == name:
            return match.group(2).decode(errors="replace")
    return None


def _checked(index: int, event: EventIn, find: FormFinder, clock: Clock, raw: bytes | None) -> Checked:
    """Everything that can be said without the database; `raw` is given where values need a closer look."""
    form = find(event.type or "", event.schema_version)
    if form is None:
        return Refused(index, event.type or "", event.event_id, [_no_such_form(event)])
    problems = list(_problems(event, form, raw))
    at = event.timestamp
    warning = None
    if at is not None and not clock.accepts(at):
        corrected = clock.corrected(at)
        if isinstance(corrected, Problem):
            problems.append(corrected)
        elif corrected is not at:
            at, warning = corrected, CLAMPED
    if problems or at is None:
        return Refused(index, form.kind.name, event.event_id, problems)
    if event.event_id is None:
        key = keys.new_key()
        return Ready(index, event, form, str(key), keys.public_id(key), False, at, warning)
    text, is_shown = keys.key_of(event.event_id)
    return Ready(index, event, form, text, event.event_id, not is_shown, at, warning)


def _no_such_form(event: EventIn) -> Problem:
    if event.type is None:
        return Problem("type", "missing_field", "Missing required field 'type'")
    if event.schema_version is not None:
        says = f"Invalid 'schemaVersion': '{event.type[:60]}' has no such version."
        return Problem("schemaVersion", "invalid_parameter", says)
    return Problem("type", "unknown_type", f"Invalid 'type': there is no event type '{event.type[:60]}'.")


def _problems(event: EventIn, form: Form, raw: bytes | None) -> Iterator[Problem]:
    if event.timestamp is None:
        yield _missing("timestamp")
    if event.user_id is None and event.anonymous_id is None and "userId" not in form.kind.required:
        yield Problem("userId", "missing_field", "Missing required field 'userId' (or 'anonymousId')")
    if None in form.needs(event):
        for name in form.missing(event):
            yield _missing(name)
    if form.kind.id == _IDENTIFY_ID:
        yield from _who_is_nobody(event)
    if form.validator is not None:
        yield from check_properties(form, event.properties)
    if raw is not None:
        yield from _closer_look(raw)


def _who_is_nobody(event: EventIn) -> Iterator[Problem]:
    """Ids such as `null` or `guest`, which would tie strangers to one person."""
    given = (
        ("userId", IdentityKind.EXTERNAL_ID, event.user_id),
        ("anonymousId", IdentityKind.ANONYMOUS_ID, event.anonymous_id),
    )
    for name, kind, value in given:
        if value is None:
            continue
        try:
            normalise(kind, value)
        except BadIdentity as error:
            yield Problem(name, error.code, f"Invalid '{name}': {error.message}")


def _missing(name: str) -> Problem:
    return Problem(name, "missing_field", f"Missing required field '{name}'")


def _suspect(body: bytes) -> bool:
    """Whether some value may be one that we must not or cannot store."""
    return len(body) > MAX_EVENT_BYTES or b"\\u0000" in body or maybe_sensitive(body)


def _closer_look(raw: bytes) -> Iterator[Problem]:
    if len(raw) > MAX_EVENT_BYTES:
        says = f"An event may have at most {MAX_EVENT_BYTES} bytes."
        yield Problem("", "event_too_large", says)
        return
    if not _suspect(raw):
        return
    values: Mapping[str, Any] = _any.decode(raw)
    for name, value in values.items():
        if _holds_nul(value):
            yield Problem(name, "invalid_parameter", f"Invalid '{name}': it holds the character U+0000.")
    stored = {name: value for name, value in values.items() if name not in ("consentToken", "eventId", "timestamp")}
    for finding in find_sensitive(stored):
        kind = finding.kind.replace("_", " ")
        says = f"Invalid '{finding.path}': it looks like a {kind} number, which may not be stored."
        yield Problem(finding.path[:120], "sensitive_number", says[:300])


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in name or _holds_nul(member) for name, member in value.items())
    return isinstance(value, list) and any(_holds_nul(member) for member in value)
