"""Clients that try the next version with a part of their calls, and how the two versions did."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from core.crypto import digest
from integrations.models import ApiClient
from integrations.rules.canaries import CURRENT, NEXT
from integrations.rules.percentiles import added
from integrations.selectors.clients import find_api_key, find_bearer
from integrations.selectors.usage import Sums, sums_by

LIFE_S: Final = 5.0
"""What was read is kept in the process for so long: a roll back holds everywhere after that time at the latest."""
_KEPT_AT_MOST: Final = 10_000
_NUMBERS: Final = ("calls", "client_errors", "server_errors", "limited", "cached", "deprecated")
_kept: dict[str, tuple[float, Any]] = {}


@dataclass(frozen=True, slots=True)
class Pair:
    """Calls of one operation, or of all of them, in the current version and in the next."""

    operation: str
    current: Sums
    following: Sums


def canary_shares() -> dict[str, int]:
    """Per cent of their calls that the next version answers, by public id of the client; at most LIFE_S old."""
    shares: dict[str, int] = _known("shares", _read_shares)
    return shares


def client_behind(*, secret: str) -> str:
    """The public id of the client whose token or key this is, empty for nobody's; at most LIFE_S old.

    It only says which version is to answer: whether the credential opens anything is for that version to decide.
    """

    def read() -> str:
        found = find_api_key(secret) if secret.startswith(("mk_", "pk_")) else find_bearer(secret)
        return found.client.public_id if found else ""

    public_id: str = _known(digest(secret), read)
    return public_id


def forget_canaries() -> None:
    """Read again from now on, in this process."""
    _kept.clear()


def compared(*, client_id: str, first: date, last: date) -> list[Pair]:
    """The two versions side by side over whole days (UTC): all operations together, then each, the most used first.

    Only operations of which the next version answered something: of others there is nothing to compare. Empty without.
    """
    found = sums_by("operation", first=first, last=last, client_id=client_id)
    pairs = []
    for (method, route), following in found.items():
        if f"/{route}".startswith(NEXT):
            rest = f"/{route}".removeprefix(NEXT)
            current = found.get((method, f"{CURRENT}{rest}".lstrip("/")), Sums())
            pairs.append(Pair(f"{method} /{rest}", current, following))
    if not pairs:
        return []
    whole = Pair("All of them", _total([p.current for p in pairs]), _total([p.following for p in pairs]))
    return [whole, *sorted(pairs, key=lambda pair: -(pair.current.calls + pair.following.calls))]


def _total(many: list[Sums]) -> Sums:
    numbers = {name: sum(getattr(sums, name) for sums in many) for name in _NUMBERS}
    bins = {kind: added(sums.bins.get(kind, {}) for sums in many) for kind in ("whole", "first")}
    return Sums(**numbers, bins=bins)


def _read_shares() -> dict[str, int]:
    rows = ApiClient.objects.filter(canary_share__gt=0, disabled_at__isnull=True)
    return dict(rows.values_list("public_id", "canary_share"))


def _known(name: str, read: Callable[[], Any]) -> Any:
    now = time.monotonic()
    kept = _kept.get(name)
    if kept and now < kept[0]:
        return kept[1]
    value = read()
    if len(_kept) >= _KEPT_AT_MOST:
        _kept.clear()
    _kept[name] = (now + LIFE_S, value)
    return value
