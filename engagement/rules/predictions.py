"""Scores of outside models: what a row may say, which of two is newer, how long it counts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from core.errors import InvalidInput
from customers.rules.instants import read_instant

MAX_BATCH: Final = 500
MAX_MODELS: Final = 50
MAX_LABELS: Final = 50
"""Labels of one model."""
HIGHEST: Final = Decimal("999999.999999")
"""Scores lie between this and its negative: shares as well as amounts."""
PLACES: Final = Decimal("0.000001")
USUAL: Final = timedelta(days=90)
"""How long a prediction counts whose sender does not say."""
LONGEST: Final = timedelta(days=400)
AHEAD: Final = timedelta(minutes=5)
"""How far the clock of a sender may be ahead of ours."""
RESERVED: Final = frozenset({"batch"})
MEMBERS: Final = frozenset({"score", "model_version", "label", "scored_at", "expires_at"})
_SLUG: Final = re.compile(r"[a-z][a-z0-9_-]{0,59}")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,59}")
_LONGEST_LABEL: Final = 60


class Outcome(StrEnum):
    """What became of a row; `kept`: a newer prediction stands, and stays."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Sent:
    """One score as it is to be stored; `order` sorts versions, as bytes, from the oldest to the newest."""

    model: str
    user: str
    score: Decimal
    version: str
    order: str
    label: str
    scored_at: datetime
    expires_at: datetime

    @property
    def age(self) -> tuple[str, datetime]:
        """The greater, the newer: first the version of the model, then the instant of the score."""
        return self.order, self.scored_at


def read_row(*, model: str, user: str, raw: Mapping[str, Any], now: datetime) -> Sent:
    """The row that a sender means at `now`.

    Scores are rounded half to even to six decimals. Without `scored_at` it is now, without `expires_at` 90 days later.
    InvalidInput names the member that cannot be used.
    """
    if not _SLUG.fullmatch(model) or model in RESERVED:
        message = "Invalid 'model': a lower-case letter, then up to 59 letters, digits, '-' or '_'."
        raise InvalidInput(message, param="model")
    for name in raw.keys() - MEMBERS:
        raise InvalidInput(f"Unknown parameter '{name[:120]}'", code="unknown_parameter", param=name[:120])
    version = _text(raw, "model_version", _is_version, "letters, digits and . _ : + -, at most 60", needed=True)
    label = _text(raw, "label", _is_label, "1 to 60 characters without line breaks")
    score, scored_at = _score(raw), _instant(raw, "scored_at") or now
    if scored_at > now + AHEAD:
        raise InvalidInput("Invalid 'scored_at': it lies in the future.", param="scored_at")
    scored_at = min(scored_at, now)
    expires_at = _instant(raw, "expires_at") or scored_at + USUAL
    if not now < expires_at <= scored_at + LONGEST:
        message = f"Invalid 'expires_at': it must lie ahead, at most {LONGEST.days} days after the score was made."
        raise InvalidInput(message, param="expires_at")
    return Sent(model, user, score, version, version_order(version), label, scored_at, expires_at)


def version_order(version: str) -> str:
    """A text that sorts by bytes as the version does: numbers by value, so that 2026-11 comes after 2026-9."""
    return re.sub(r"[0-9]+", _number, version)


def _number(found: re.Match[str]) -> str:
    digits = found[0].lstrip("0") or "0"
    return f"{len(digits):02d}{digits}"


def _score(raw: Mapping[str, Any]) -> Decimal:
    if raw.get("score") is None:
        raise InvalidInput("Missing required field 'score'", code="missing_field", param="score")
    sent = raw["score"]
    is_number = isinstance(sent, int | float | Decimal) and not isinstance(sent, bool)
    score = Decimal(str(sent)) if is_number else Decimal("NaN")
    if not score.is_finite() or abs(score) > HIGHEST:
        raise InvalidInput(f"Invalid 'score': send a number from -{HIGHEST} to {HIGHEST}.", param="score")
    return score.quantize(PLACES)


def _text(raw: Mapping[str, Any], name: str, fits: Callable[[str], bool], says: str, *, needed: bool = False) -> str:
    sent = raw.get(name)
    if sent is None:
        if needed:
            raise InvalidInput(f"Missing required field '{name}'", code="missing_field", param=name)
        return ""
    if not isinstance(sent, str) or not fits(sent):
        raise InvalidInput(f"Invalid '{name}': send {says}.", param=name)
    return sent


def _is_version(text: str) -> bool:
    return _VERSION.fullmatch(text) is not None


def _is_label(text: str) -> bool:
    return 1 <= len(text) <= _LONGEST_LABEL and text.isprintable() and text == text.strip()


def _instant(raw: Mapping[str, Any], name: str) -> datetime | None:
    sent = raw.get(name)
    return None if sent is None else read_instant(name, str(sent))
