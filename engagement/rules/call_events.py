"""A call of an SDK as an event of ours: which type it is, which of its properties are members, what context is kept."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from core.errors import Problem
from engagement.rules.calls import Call, id_text, message_id
from engagement.rules.catalogue import IDENTIFY
from engagement.rules.members import DEVICE_CODES, MAX_TEXT, Device

_WORD_STARTS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}")
_BETWEEN_WORDS: Final = re.compile(r"[^a-z0-9]+")
_COMMON_NAMES: Final = {"order-completed": "purchase", "products-searched": "search"}
"""Names of Segment's e-commerce specification that mean a built-in type, unless a type of that name is registered."""

_MEMBERS: Final = {
    "campaignId": ("campaignId", "campaign_id"),
    "elementId": ("elementId", "element_id"),
    "deviceType": ("deviceType", "device_type"),
    "sessionId": ("sessionId", "session_id"),
    "variant": ("variant",),
    "exposureId": ("exposureId", "exposure_id"),
    "schemaVersion": ("schemaVersion",),
    "value": ("value", "revenue", "total"),
    "currency": ("currency",),
}
"""Members of an event, and the properties they are taken from: the first that is there."""

_ORDER: Final = {"order_id": "orderId"}
_CONTEXT: Final = ("app", "campaign", "library", "locale", "os", "page", "screen", "timezone")
_NAMES_PLATFORM: Final = {"ios": Device.MOBILE, "android": Device.MOBILE, "mobile": Device.MOBILE}
_TABLETS: Final = ("ipad", "tablet")
_PHONES: Final = ("mobi", "iphone", "android")


@dataclass(frozen=True, slots=True)
class Made:
    """The type and the members of the event that a call becomes."""

    type: str
    members: Mapping[str, Any]


def type_of(call: Call, is_type: Callable[[str], bool]) -> str:
    """The event type that a call means; for `track` the name as it is written, then in lower case with hyphens."""
    if call.type == "track":
        name = (call.event or "").strip()
        slug = _BETWEEN_WORDS.sub("-", _WORD_STARTS.sub("-", name).lower()).strip("-")
        return next((one for one in (name, slug) if is_type(one)), _COMMON_NAMES.get(slug, slug or name))
    if call.type == "identify":
        return IDENTIFY if id_text(call.user_id) and id_text(call.anonymous_id) else "profile"
    return {"page": "page-view", "screen": "page-view", "alias": IDENTIFY}.get(call.type or "", "group")


def made_of(call: Call, raw: bytes, *, at: datetime, context: Mapping[str, Any], token: str | None, type_: str) -> Made:
    """The event of this call, which happened at `at`; absent members are left out."""
    properties = {name: value for name, value in (call.properties or {}).items() if value is not None and value != ""}
    members: dict[str, Any] = {
        "eventId": message_id(call, raw),
        "timestamp": at,
        "userId": id_text(call.user_id),
        "anonymousId": id_text(call.previous_id if call.type == "alias" else call.anonymous_id),
        "consentToken": token,
        **_taken_out(properties),
    }
    members["campaignId"] = members.get("campaignId") or _campaign(context)
    members["deviceType"] = members.get("deviceType") or _device(context)
    members["properties"] = {**properties, **_of_kind(call, context, properties)} or None
    members["context"] = kept_context(context) or None
    return Made(type_, {name: value for name, value in members.items() if value is not None})


def refused_before(call: Call) -> Problem | None:
    """What a call lacks that its event could not tell; None when nothing."""
    if call.type == "track" and not (call.event or "").strip():
        return Problem("event", "missing_field", "Missing required field 'event'")
    if call.type == "alias" and id_text(call.previous_id) is None:
        return Problem("previousId", "missing_field", "Missing required field 'previousId'")
    if call.type == "group" and id_text(call.group_id) is None:
        return Problem("groupId", "missing_field", "Missing required field 'groupId'")
    if call.type in ("identify", "alias") and id_text(call.user_id) is None:
        says = "Missing required field 'userId': nothing is kept about a visitor whom nobody knows."
        return Problem("userId", "missing_field", says)
    return None


def kept_context(context: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of `context`: what the thing was and where, never the network address, the traits or the device's
    ids, which would tell more about the person than the event needs (GDPR Art. 5(1)(c))."""
    kept = {name: context[name] for name in _CONTEXT if context.get(name) not in (None, "", {})}
    device = context.get("device")
    if isinstance(device, dict):
        kept |= {"device": {name: device[name] for name in ("type", "model", "manufacturer") if device.get(name)}}
    return kept


def _taken_out(properties: dict[str, Any]) -> dict[str, Any]:
    """Members that stand among the properties; those that have become members stand there no more.

    A value that would not do as a member is a property like any other.
    """
    found: dict[str, Any] = {}
    for member, names in _MEMBERS.items():
        for name in names:
            value = _fitting(member, properties.get(name))
            if value is not None:
                found[member] = value
                properties.pop(name)
                break
    return found


def _fitting(member: str, value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return None
    if member == "value":
        return value if isinstance(value, int | float) else None
    if member == "schemaVersion":
        return value if isinstance(value, int) else None
    if member == "deviceType":
        return value if isinstance(value, str) and value in DEVICE_CODES else None
    if member == "currency":
        return value.upper() if isinstance(value, str) and _CURRENCY.fullmatch(value) else None
    text = str(value) if isinstance(value, str | int) else ""
    return text if 0 < len(text) <= MAX_TEXT else None


def _of_kind(call: Call, context: Mapping[str, Any], properties: Mapping[str, Any]) -> dict[str, Any]:
    """What calls of a kind say outside their properties."""
    if call.type == "group":
        traits = {"traits": call.traits} if call.traits else {}
        return {"groupId": id_text(call.group_id), **traits}
    if call.type == "track":
        return {ours: str(properties[theirs]) for theirs, ours in _ORDER.items() if theirs in properties}
    if call.type not in ("page", "screen"):
        return {}
    shown = context.get("page") if isinstance(context.get("page"), dict) else {}
    page = {name: shown.get(name) for name in ("url", "title", "referrer")} if isinstance(shown, dict) else {}
    said = {"name": call.name, "category": call.category, "kind": "screen" if call.type == "screen" else None}
    return {name: value for name, value in (page | said).items() if value and name not in properties}


def _campaign(context: Mapping[str, Any]) -> str | None:
    campaign = context.get("campaign")
    found = (campaign.get("id") or campaign.get("name")) if isinstance(campaign, dict) else None
    return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else None


def _device(context: Mapping[str, Any]) -> str:
    """What the person used, as far as the context tells: the device, the browser, else a server's library."""
    device, agent = context.get("device"), context.get("userAgent")
    named = str(device.get("type", "")).lower() if isinstance(device, dict) else ""
    if named in DEVICE_CODES:
        return named
    if named in _NAMES_PLATFORM:
        return _NAMES_PLATFORM[named].value
    if isinstance(agent, str) and agent:
        return _of_agent(agent.lower())
    return Device.SERVER.value if isinstance(context.get("library"), dict) else Device.OTHER.value


def _of_agent(agent: str) -> str:
    if any(word in agent for word in _TABLETS):
        return Device.TABLET.value
    if any(word in agent for word in _PHONES):
        return Device.MOBILE.value
    return Device.DESKTOP.value if "mozilla" in agent else Device.OTHER.value
