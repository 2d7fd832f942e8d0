"""Security events: somebody used a credential where it must not be used."""

from typing import Final

from core import audit, meter
from core.actors import Actor

ACTIONS: Final = {
    "ip_not_allowed": "security.network_refused",
    "origin_not_allowed": "security.origin_refused",
    "secret_in_browser": "security.secret_in_browser",
}
"""The codes of refusals that are security events, and the audit actions that tell of them."""
_ONCE_A_MINUTE: Final = "minute"


def note_violation(*, code: str, target: str, origin: str, where: str, by: Actor) -> bool:
    """One audit entry with address, origin and place of the attempt; at most one a minute for each caller and kind.

    `target` is the client whose credential it was, or `api` when nobody was recognised. Whether one was written.
    """
    window = meter.Window(_ONCE_A_MINUTE, 1, 60)
    if not meter.take(f"violation:{code}:{target}:{by.ip}", [window]).granted:
        return False
    changes = {"origin": [None, _printable(origin)]} if origin else {}
    audit.record(by=by, action=ACTIONS[code], target=target, changes=changes, reason=where[:300])
    return True


def _printable(text: str) -> str:
    return "".join(character for character in text[:200] if character.isprintable())
