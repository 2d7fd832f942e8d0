"""Events written as CloudEvents 1.0.2 (https://github.com/cloudevents/spec): one or many, as members of ours."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from core.crypto import digest
from core.errors import InvalidInput, Problem, UnsupportedMediaType
from engagement.rules.events import MAX_BATCH
from engagement.rules.members import MAX_TEXT

STRUCTURED: Final = "application/cloudevents+json"
BATCHED: Final = "application/cloudevents-batch+json"
HEADER: Final = "ce-"
VERSION: Final = "1.0"
_PEOPLE: Final = ("userId", "anonymousId")
_REQUIRED: Final = ("specversion", "id", "source", "type")


def as_members(event: Any) -> dict[str, Any] | Problem:
    """The members of our event that a CloudEvent stands for, `type` among them; a problem when it is none.

    `data` holds them as at /engagement/{type}. The last part of `type` behind a dot names the event type, `source` and
    `id` together are the eventId, `time` is the timestamp, `subject` the userId where the data name nobody, and the
    extension `consenttoken` the consentToken. Other attributes are for those between us and are passed over.
    """
    if not isinstance(event, Mapping):
        return Problem("", "invalid_parameter", "A CloudEvent must be a JSON object.")
    data = next(_problems(event), None) or _data(event)
    if isinstance(data, Problem):
        return data
    named = any(name in data for name in _PEOPLE)
    told = {
        "userId": None if named else event.get("subject"),
        "timestamp": event.get("time"),
        "consentToken": event.get("consenttoken"),
    }
    made = {name: value for name, value in told.items() if value is not None}
    return {**made, **data, "type": name_of(event["type"]), "eventId": event_id(event["source"], event["id"])}


def people_of(event: Any) -> dict[str, Any]:
    """The members that name somebody, whatever else is wrong with the event."""
    members = as_members(event)
    if isinstance(members, dict) or not isinstance(event, Mapping):
        return members if isinstance(members, dict) else {}
    data = event.get("data")
    named = {name: data[name] for name in _PEOPLE if name in data} if isinstance(data, dict) else {}
    return named or {"userId": event.get("subject")}


def name_of(type_text: str) -> str:
    """The name of our event type: `com.example.shop.click` is a `click`."""
    return type_text.rpartition(".")[2]


def event_id(source: str, number: str) -> str:
    """One text for both, which no other pair gives: `source id`, or a digest where that is too long.

    A source holds no blank (RFC 3986), so the first one parts the two.
    """
    text = f"{source} {number}"
    return text if len(text) <= MAX_TEXT else f"ce_{digest(text)}"


def from_headers(headers: Iterable[tuple[str, str]], *, body: bytes, content_type: str) -> dict[str, Any]:
    """The event of the binary mode: attributes in `ce-` headers, percent-decoded, and the body as its data.

    Refuses data that are no JSON (415 for another type, 400 `malformed_json` for a broken one).
    """
    if content_type and not _is_json(content_type):
        raise UnsupportedMediaType("The data of an event must be application/json.")
    event: dict[str, Any] = {
        name.lower().removeprefix(HEADER): unquote(value.strip('"'))
        for name, value in headers
        if name.lower().startswith(HEADER)
    }
    return event | ({"data": decoded(body)} if body else {})


def decoded(body: bytes) -> Any:
    """The JSON value of the body; 400 `malformed_json` when it is none."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput("The body is not valid JSON.", code="malformed_json") from error


def batch_of(value: Any) -> Sequence[Any]:
    """1 to MAX_BATCH events in an array; refuses everything else."""
    if not isinstance(value, list):
        raise InvalidInput("The body must be an array of CloudEvents.", param="events")
    if not value:
        raise InvalidInput("Missing required field 'events'", code="missing_field", param="events")
    if len(value) > MAX_BATCH:
        message = f"A batch holds at most {MAX_BATCH} events; this one has {len(value)}."
        raise InvalidInput(message, code="batch_too_large", param="events")
    return value


def _problems(event: Mapping[str, Any]) -> Iterator[Problem]:
    for name in _REQUIRED:
        value = event.get(name)
        if value is None:
            yield Problem(name, "missing_field", f"Missing required field '{name}'")
        elif not isinstance(value, str) or not value:
            yield Problem(name, "invalid_parameter", f"Invalid '{name}': it must be a text that is not empty.")
    if event.get("specversion") != VERSION:
        yield Problem("specversion", "invalid_parameter", f"Invalid 'specversion': this door reads {VERSION}.")
    if any(letter.isspace() for letter in str(event.get("source", ""))):
        yield Problem("source", "invalid_parameter", "Invalid 'source': it must be an address (URI reference).")


def _data(event: Mapping[str, Any]) -> Mapping[str, Any] | Problem:
    kind, data = event.get("datacontenttype"), event.get("data")
    if kind is not None and not (isinstance(kind, str) and _is_json(kind)):
        return Problem("datacontenttype", "invalid_parameter", "Invalid 'datacontenttype': it must be JSON.")
    if "data_base64" in event and data is None:
        try:
            data = msgspec.json.decode(base64.b64decode(str(event["data_base64"]), validate=True))
        except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
            return Problem("data_base64", "invalid_parameter", "Invalid 'data_base64': it must be JSON in base64.")
    if data is None:
        return {}
    own = ("type", "eventId", "timestamp")
    if not isinstance(data, dict):
        return Problem("data", "invalid_parameter", "Invalid 'data': it must be a JSON object.")
    wrong = next((name for name in own if name in data), None)
    if wrong:
        return Problem(wrong, "unknown_parameter", f"Unknown parameter '{wrong}': the attributes of the event say it.")
    return data


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")
