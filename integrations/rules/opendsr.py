"""OpenDSR 2.0: what controllers ask for, and in which words the protocol says where a request stands. Pure.

Source: github.com/opengdpr/OpenDSR, specification.md, sections 5 to 9.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from consent.rules.requests import CLOSED, Kind, State

VERSION: Final = "2.0"
KINDS: Final = (Kind.ACCESS.value, Kind.PORTABILITY.value, Kind.ERASURE.value)
REGIMES: Final[Mapping[str, str]] = {"gdpr": "EU/EU", "ccpa": "US-CA"}
"""By the regulation named: the law whose clock runs."""
EMAIL: Final = "email"
CONTROLLER_ID: Final = "controller_customer_id"
RAW: Final = "raw"
DIGESTS: Final[Mapping[str, int]] = {"sha1": 40, "md5": 32, "sha256": 64}
"""By name of the format: how many hexadecimal digits it has."""
FORMATS: Final = (RAW, *DIGESTS)
KEYS: Final = (EMAIL, CONTROLLER_ID)
SUPPORTED: Final = tuple((kind, form) for kind in KEYS for form in FORMATS)
"""Identities by which people are found."""
MOST_IDENTITIES: Final = 20
MOST_CALLBACKS: Final = 5
OLDEST: Final = timedelta(days=366)
SKEW: Final = timedelta(minutes=5)
_WAITING: Final = frozenset({State.RECEIVED, State.ACKNOWLEDGED, State.VERIFYING})


@dataclass(frozen=True, slots=True)
class Subject:
    """One identity of the person, as the controller wrote it."""

    kind: str
    value: str
    format: str


def first_of(subjects: Iterable[Subject], kind: str) -> str:
    """The first value of this kind that is no digest; empty when there is none."""
    return next((one.value.strip() for one in subjects if (one.kind, one.format) == (kind, RAW)), "")


def digests_of(subjects: Iterable[Subject]) -> list[Subject]:
    """The digests by which a person can be found, those of addresses first."""
    usable = [one for one in subjects if one.kind in KEYS and one.format in DIGESTS]
    return sorted(usable, key=lambda one: KEYS.index(one.kind))


def is_digest(subject: Subject) -> bool:
    """Whether the value can be one of its format."""
    return bool(re.fullmatch(f"[0-9a-f]{{{DIGESTS[subject.format]}}}", subject.value.strip().lower()))


def digest_of(value: str, form: str) -> str:
    """The digest of an identifier in its one spelling: an address in lower case, without blanks."""
    return hashlib.new(form, value.encode(), usedforsecurity=False).hexdigest()


def details_of(subjects: Iterable[Subject]) -> str:
    """Every identity that was sent, one line each, for the desk."""
    return "\n".join(f"{one.kind} ({one.format}): {one.value}" for one in subjects)


def receipt_of(submitted: datetime, now: datetime) -> datetime | None:
    """When the person asked: the clock runs from then. `now` for clocks that differ a little, None for no such time."""
    if not now - OLDEST <= submitted <= now + SKEW:
        return None
    return min(submitted, now)


def status_of(*, state: str, identity_open: bool) -> str:
    """The status of section 8. One that was refused is `cancelled`: nothing was fulfilled, and nothing more happens."""
    at = State(state)
    if at in CLOSED:
        return "completed" if at is State.DELIVERED else "cancelled"
    return "pending" if identity_open or at in _WAITING else "in_progress"
