"""The Data Rights Protocol 1.0: signed messages of authorised agents, what they ask for, where a request stands.

Source: consumer-reports-innovation-lab/data-rights-protocol, sections 2.01 to 2.06, 3.01 to 3.04 and 3.07. Pure.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.rules.requests import CLOSED, Kind, Refusal, State

VERSION: Final = "1.0"
LONGEST: Final = 64_000
"""Characters of a signed message; a request of a person is a few hundred."""
ACTIONS: Final[Mapping[str, Kind]] = {
    "access": Kind.ACCESS,
    "access:categories": Kind.ACCESS,
    "access:specific": Kind.ACCESS,
    "deletion": Kind.ERASURE,
    "sale:opt-out": Kind.OPT_OUT,
}
"""Rights actions (3.01). `sale:opt-in` is none of them: a yes is given by the person herself (11 CCR 7028)."""
VERIFICATIONS: Final = ("email",)
AGENT_ID: Final = re.compile(r"[A-Z][A-Z_]{1,59}")
_SIGNATURE: Final = 64
_KEY: Final = 32
_PLACES: Final = {"ccpa": "US-CA"}
_DENIED: Final[Mapping[str, str]] = {
    Refusal.NOT_IDENTIFIED: "insuf_verification",
    Refusal.NO_DATA: "no_match",
    Refusal.OUTSIDE: "outside_jurisdiction",
    Refusal.UNFOUNDED: "too_many_requests",
}
_ENDED: Final = {State.DELIVERED: "fulfilled", State.WITHDRAWN: "revoked", State.REFUSED: "denied"}


class Refused(ValueError):
    """A message that is not to be acted upon; `code` names the check of section 3.07 that it failed."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Exercise:
    """What an agent asks for a person, from a message whose signature and claims hold."""

    kind: Kind
    action: str
    place: str
    email: str
    email_verified: bool
    agent_request_id: str
    callback: str
    details: str


def is_key(text: str) -> bool:
    """Whether this is a public key of Ed25519 as the service directory writes it: base64 of 32 bytes."""
    try:
        return len(base64.b64decode(text, validate=True)) == _KEY
    except (binascii.Error, ValueError):
        return False


def read_signed(body: bytes, verify_key: str) -> dict[str, Any]:
    """The JSON object of a message, base64 of signature and text; Refused unless the key made the signature."""
    try:
        raw = base64.b64decode(body.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("not_base64", "The message is no base64.") from None
    signature, text = raw[:_SIGNATURE], raw[_SIGNATURE:]
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(verify_key, validate=True))
    try:
        key.verify(signature, text)
    except InvalidSignature:
        raise Refused("bad_signature", "The signature was not made with the key of this agent.") from None
    try:
        message = json.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise Refused("not_json", "The signed text is no JSON object.")
    return message


def check_claims(message: Mapping[str, Any], *, agent_id: str, business_id: str, now: datetime) -> datetime:
    """When the message was issued; Refused for the first claim that does not hold, in the order of section 3.07."""
    if message.get("agent-id") != agent_id:
        raise Refused("wrong_agent", "The message was made by another agent.")
    if message.get("business-id") != business_id:
        raise Refused("wrong_business", "The message is for another business.")
    issued, expires = _instant(message, "issued-at"), _instant(message, "expires-at")
    if now < issued:
        raise Refused("not_yet_issued", "The message is dated in the future.")
    if now >= expires:
        raise Refused("expired", "The message has expired.")
    if message.get("drp.version") != VERSION:
        raise Refused("wrong_version", f"This business speaks version {VERSION} of the protocol.")
    return issued


def read_exercise(message: Mapping[str, Any]) -> Exercise:
    """What is asked; Refused for an action or a law we do not support, and without an e-mail address."""
    action, regime = _text(message, "exercise"), _text(message, "regime")
    if action not in ACTIONS:
        raise Refused("unsupported_action", f"'exercise' is one of {', '.join(ACTIONS)}.")
    if regime not in ("", *_PLACES):
        raise Refused("unsupported_regime", f"'regime' is one of {', '.join(_PLACES)}, or left out.")
    email = _text(message, "email", 254)
    if not email:
        raise Refused("email_missing", "'email' is how we find the person and write to her.")
    callback = _text(message, "status_callback", 500)
    return Exercise(
        kind=ACTIONS[action],
        action=action,
        place=_PLACES.get(regime, ""),
        email=email,
        email_verified=message.get("email_verified") is True,
        agent_request_id=_text(message, "agent-request-id", 120),
        callback=callback if callback.startswith("https://") else "",
        details=_details(message),
    )


def status_of(*, state: str, identity_open: bool, refusal: str) -> tuple[str, str]:
    """Status and reason (3.02) of a request: never that a hold stands, nor who approves."""
    at = State(state)
    if at is State.REFUSED:
        return "denied", _DENIED.get(refusal, "claim_not_covered" if refusal else "other")
    if at in CLOSED:
        return _ENDED[at], ""
    if at is State.VERIFYING or identity_open:
        return "in_progress", "need_user_verification"
    return ("open" if at is State.RECEIVED else "in_progress"), ""


def _details(message: Mapping[str, Any]) -> str:
    """What else the agent says of the person and of her wish, one line each, for the desk."""
    names = ("exercise", "relationships", "name", "phone_number", "phone_number_verified", "address")
    said = [(name, message.get(name)) for name in (*names, "address_verified", "power_of_attorney")]
    return "\n".join(
        f"{name}: {value if isinstance(value, str) else json.dumps(value)}" for name, value in said if value
    )


def _text(message: Mapping[str, Any], name: str, longest: int = 200) -> str:
    value = message.get(name, "")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        raise Refused("bad_claim", f"'{name}' is a text of at most {longest} characters.")
    return value.strip()


def _instant(message: Mapping[str, Any], name: str) -> datetime:
    try:
        at = datetime.fromisoformat(_text(message, name))
    except ValueError:
        raise Refused("bad_claim", f"'{name}' is an ISO 8601 timestamp.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
