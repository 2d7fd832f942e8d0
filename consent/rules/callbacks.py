"""Calling back those who sent requests for people: which status is not told yet, and when to give up. Pure.

What is kept of an address is small: `told`, the mark of the status it knows; `tried` and `calls`, the mark of the one
it is being told and how many calls did not arrive.
"""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

AT_ONCE: Final = 200
ATTEMPTS: Final = 20
CALLED_FOR: Final = timedelta(days=7)
"""After a request was closed."""


def mark_of_body(body: bytes) -> str:
    """By what a status is known again."""
    return hashlib.sha256(body).hexdigest()[:16]


def is_due(kept: Mapping[str, Any], mark: str) -> bool:
    """Whether the status of this mark was neither told nor given up."""
    given_up = kept.get("tried") == mark and kept.get("calls", 0) >= ATTEMPTS
    return kept.get("told") != mark and not given_up


def after_call(kept: Mapping[str, Any], *, mark: str, arrived: bool) -> dict[str, Any]:
    """What is kept after a call with the status of this mark."""
    calls = kept.get("calls", 0) if kept.get("tried") == mark else 0
    return {**kept, **({"told": mark} if arrived else {"tried": mark, "calls": calls + 1})}
