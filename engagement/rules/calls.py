"""Calls of the Segment HTTP tracking API as they arrive: decoded one by one, bounded, their clocks corrected."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec

from core.errors import InvalidInput, Problem
from engagement.rules.members import MAX_EVENT_BYTES

KINDS: Final = ("track", "page", "screen", "identify", "group", "alias")
SHORT: Final = {"t": "track", "p": "page", "s": "screen", "i": "identify", "g": "group", "a": "alias"}
MAX_CALLS: Final = 2_500
_OBJECTS: Final = frozenset({"properties", "traits", "context", "integrations"})
_Id = str | int | float | None


class Call(msgspec.Struct, rename="camel", gc=False):
    """One call of the specification; members that are not named here are passed over."""

    type: str | None = None
    message_id: str | int | None = None
    user_id: _Id = None
    anonymous_id: _Id = None
    previous_id: _Id = None
    group_id: _Id = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    timestamp: str | None = None
    original_timestamp: str | None = None
    sent_at: str | None = None


class _Envelope(msgspec.Struct, rename="camel"):
    batch: list[msgspec.Raw]
    sent_at: str | None = None
    context: dict[str, Any] | None = None


class _Keyed(msgspec.Struct, rename="camel"):
    write_key: str | None = None


_envelope: Final = msgspec.json.Decoder(_Envelope)
_keyed: Final = msgspec.json.Decoder(_Keyed)
_call: Final = msgspec.json.Decoder(Call)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What one request holds: each call as it was sent, when the request says it was sent, what they share."""

    items: list[bytes]
    sent_at: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


def write_key_in(body: bytes) -> str:
    """The write key that a body carries, as some SDKs send it; empty when there is none or it cannot be read."""
    try:
        return (_keyed.decode(body).write_key or "").strip()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def read_bundle(body: bytes, *, single: bool) -> Bundle:
    """The calls of a body: one, or those of `batch` (1 to 2,500). InvalidInput when it cannot be read as a whole."""
    if single:
        return Bundle([body])
    try:
        found = _envelope.decode(body)
    except msgspec.ValidationError as error:
        raise InvalidInput('The body must be {"batch": [...]}, a list of calls.', param="batch") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("The body is not valid JSON.", code="malformed_json") from error
    if not 1 <= len(found.batch) <= MAX_CALLS:
        message = f"A batch holds 1 to {MAX_CALLS} calls; this one has {len(found.batch)}."
        raise InvalidInput(message, code="batch_too_large" if found.batch else "missing_field", param="batch")
    return Bundle([bytes(raw) for raw in found.batch], found.sent_at, found.context or {})


def read_call(raw: bytes, *, kind: str | None) -> Call | Problem:
    """The call in these bytes, of the kind that the address names or else it names itself; or what is wrong."""
    if len(raw) > MAX_EVENT_BYTES:
        return Problem("", "event_too_large", f"A call may have at most {MAX_EVENT_BYTES} bytes.")
    try:
        call = _decoded(raw)
    except msgspec.ValidationError as error:
        name = str(error).rpartition(" at `$.")[2].rstrip("`").partition("[")[0] if " at `$." in str(error) else ""
        return Problem(name[:120], "invalid_parameter", f"Invalid '{name[:120]}'" if name else "A call is an object.")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Problem("", "malformed_json", "The body is not valid JSON.")
    call.type = kind or call.type
    if call.type is None:
        return Problem("type", "missing_field", "Missing required field 'type'")
    if call.type not in KINDS:
        return Problem("type", "unknown_call", f"Invalid 'type': choose from {', '.join(KINDS)}.")
    return call


def _decoded(raw: bytes) -> Call:
    """The call; PHP writes an object without members as an empty list, which is one here too."""
    try:
        return _call.decode(raw)
    except msgspec.ValidationError:
        sent = msgspec.json.decode(raw)
        if not isinstance(sent, dict):
            raise
        kept = {name: value for name, value in sent.items() if not (name in _OBJECTS and value == [])}
        return _call.decode(msgspec.json.encode(kept))


def id_text(value: _Id) -> str | None:
    """An id as text: numbers are written without a fraction; blank and absent are the same."""
    if value is None:
        return None
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return text.strip() or None


def message_id(call: Call, raw: bytes) -> str:
    """The call's own id, or one made of its bytes, so that the same call sent again is known."""
    return id_text(call.message_id) or f"sha256-{sha256(raw).hexdigest()}"


def happened_at(call: Call, *, sent_at: str | None, received_at: datetime) -> datetime | Problem:
    """When it happened by our clock: received + (timestamp - sent), which takes out a wrong clock of the sender.

    Without a timestamp it happened when it came; without the time of sending the timestamp is taken as it is.
    """
    said = call.original_timestamp or call.timestamp
    if not said:
        return received_at
    at = _instant(said)
    if at is None:
        return Problem("timestamp", "invalid_parameter", "Invalid 'timestamp': write an ISO 8601 time with an offset.")
    sent = _instant(call.sent_at or sent_at or "")
    if sent is None:
        return at
    try:
        return at + (received_at - sent)
    except OverflowError:
        return at


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None and timedelta(-1) < (at.utcoffset() or timedelta()) < timedelta(1) else None
