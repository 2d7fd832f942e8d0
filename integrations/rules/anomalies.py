"""What counts as unusual in the use of API clients and in signing in; docs/guides/unusual-use.md tells of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from ipaddress import ip_address, ip_network
from statistics import median
from typing import Final

from django.db.models import TextChoices


class Kind(TextChoices):
    """What is unusual."""

    NEW_NETWORK = "new_network", "Called from a new network"
    NEW_COUNTRY = "new_country", "Called from a new country"
    REFUSALS = "refusals", "Many calls refused (401, 403)"
    GUESSING = "guessing", "Many objects asked for that do not exist (404)"
    VOLUME = "volume", "Many times its usual calls"
    READS = "reads", "Read far more customers than usual"
    REST = "rest", "Used after a long rest"
    SIGN_IN_NETWORK = "sign_in_network", "Signed in from a new network"
    SIGN_IN_REFUSALS = "sign_in_refusals", "Many sign-ins refused"


OF_STAFF: Final = frozenset({Kind.SIGN_IN_NETWORK, Kind.SIGN_IN_REFUSALS})
"""Kinds about members of staff; all others are about API clients."""
REST_ACTION: Final = "security.used_after_rest"
"""The audit action that tells of a rest."""
QUOTA: Final = "quota"
"""Beside the kinds: warnings about quotas, which can be muted like them."""
NOBODY: Final = ""
"""The subject of calls whose credential was not recognised."""

BURST_WITHIN: Final = timedelta(minutes=15)
BURSTS: Final = {Kind.REFUSALS: 50, Kind.GUESSING: 100, Kind.SIGN_IN_REFUSALS: 10}
"""So many within BURST_WITHIN are unusual; of calls that nobody is known by, NOBODY_TIMES as many."""
NOBODY_TIMES: Final = 10
TIMES_USUAL: Final = 5
"""So many times the median day is unusual."""
LEAST: Final = {Kind.VOLUME: 1_000, Kind.READS: 500}
"""Days with less than this are never unusual."""
DAYS_BEHIND: Final = 14
LEAST_DAYS: Final = 5
"""A median needs so many days with any use among the DAYS_BEHIND before."""
LEARNED_IN: Final = timedelta(days=7)
"""Places are new to whoever has been known for so long."""
RESTED: Final = timedelta(days=60)
"""What was not used for so long has rested."""
LOOKED_BACK: Final = timedelta(days=1)
"""Events are looked at for so long after they happened."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something unusual: what, of whom (public id, or NOBODY), how much, against what is usual (None: unknown).

    One `mark` (a day, a network, a country) of one kind and subject is told of once.
    """

    kind: Kind
    subject: str
    mark: str
    seen: int
    usual: float | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A network somebody called from, its country when the proxy in front names it, and since when."""

    network: str
    country: str
    since: datetime


def network_of(address: str) -> str:
    """The network of an address: /24 of IPv4, /48 of IPv6 (also of IPv4 written as IPv6); '' for anything else."""
    try:
        ip = ip_address(address)
    except ValueError:
        return ""
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return str(ip_network(f"{ip}/{24 if ip.version == 4 else 48}", strict=False))


def burst(*, kind: Kind, subject: str, day: date, seen: int) -> Finding | None:
    """`seen` within BURST_WITHIN, when that is unusual."""
    least = BURSTS[kind] * (NOBODY_TIMES if subject == NOBODY else 1)
    return Finding(kind, subject, day.isoformat(), seen) if seen >= least else None


def multiple(*, kind: Kind, subject: str, day: date, seen: int, before: Sequence[int]) -> Finding | None:
    """`seen` on this day, when it is TIMES_USUAL the median of the days `before` that had any use.

    Never with less than LEAST, nor without LEAST_DAYS of them.
    """
    used = [number for number in before if number > 0][-DAYS_BEHIND:]
    if len(used) < LEAST_DAYS or seen < LEAST[kind]:
        return None
    usual = float(median(used))
    return Finding(kind, subject, day.isoformat(), seen, usual) if seen >= TIMES_USUAL * usual else None


def new_place(*, subject: str, place: Place, others: Sequence[Place], staff: bool = False) -> Finding | None:
    """`place`, when the subject had been known for LEARNED_IN before and never from there.

    A country is new only where the countries of earlier places are known.
    """
    earlier = [other for other in others if other.since < place.since]
    if not earlier or place.since - min(other.since for other in earlier) < LEARNED_IN:
        return None
    if place.network in {other.network for other in earlier}:
        return None
    countries = {other.country for other in earlier if other.country}
    if place.country and countries and place.country not in countries:
        return Finding(Kind.NEW_COUNTRY, subject, place.country, 1, where=f"{place.network} ({place.country})")
    kind = Kind.SIGN_IN_NETWORK if staff else Kind.NEW_NETWORK
    return Finding(kind, subject, place.network, 1, where=place.network)


def has_rested(*, last_used_at: datetime | None, now: datetime) -> bool:
    """Whether it was used once, and not for RESTED."""
    return last_used_at is not None and now - last_used_at >= RESTED


def in_words(finding: Finding) -> str:
    """One sentence for whoever is told; the subject is named by the reader."""
    usual = "" if finding.usual is None else f"; {finding.usual:,.0f} on a usual day"
    said = {
        Kind.NEW_NETWORK: f"It called from {finding.where}, where it never called from before.",
        Kind.NEW_COUNTRY: f"It called from {finding.where}, a country it never called from before.",
        Kind.REFUSALS: f"{finding.seen:,} calls were refused (401, 403) within 15 minutes.",
        Kind.GUESSING: f"{finding.seen:,} objects that do not exist were asked for (404) within 15 minutes.",
        Kind.VOLUME: f"{finding.seen:,} calls today{usual}.",
        Kind.READS: f"Data of {finding.seen:,} customers read today{usual}.",
        Kind.REST: f"It was used again after a rest of {finding.seen:,} days.",
        Kind.SIGN_IN_NETWORK: f"Signed in from {finding.where}, for the first time.",
        Kind.SIGN_IN_REFUSALS: f"{finding.seen:,} sign-ins were refused within 15 minutes.",
    }
    return said[finding.kind]
