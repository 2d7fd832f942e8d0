"""Who outside may receive people's data: registered by the floor that keeps the register of companies."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Recipients:
    """What that floor answers about recipients, each named by a company's id or by that of its API client.

    `choices()` are the companies that work for us; `outside(recipient)` says whether somebody outside stands behind
    it; `check(recipient, now)` raises a DomainError with the reason when nothing may go there; `withheld(recipient,
    customer_ids)` answers whose data may not go there, by row id with the code of the reason.
    """

    choices: Callable[[], Sequence[tuple[str, str]]]
    outside: Callable[[str], bool]
    check: Callable[[str, datetime], None]
    withheld: Callable[[str, Collection[int]], Mapping[int, str]]


_registered: dict[str, Recipients] = {}


def register_recipients(*, name: str, recipients: Recipients) -> None:
    """That floor is asked before anything leaves."""
    _registered[name] = recipients


def recipient_choices() -> list[tuple[str, str]]:
    """(id, name) of everybody outside whom a file may be for."""
    return [choice for one in _registered.values() for choice in one.choices()]


def is_outside(recipient: str, /) -> bool:
    """Whether what goes there leaves the house; nobody named is ourselves."""
    return bool(recipient) and any(one.outside(recipient) for one in _registered.values())


def check_recipient(recipient: str, /, *, now: datetime) -> None:
    """Data may go there now; a DomainError with the reason otherwise."""
    for one in _registered.values() if recipient else ():
        one.check(recipient, now)


def withheld_for(recipient: str, /, *, customer_ids: Collection[int]) -> dict[int, str]:
    """Whose data may not go there, with the code of the reason."""
    found: dict[int, str] = {}
    for one in _registered.values() if recipient and customer_ids else ():
        found |= one.withheld(recipient, customer_ids)
    return found
