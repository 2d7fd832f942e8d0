"""Ways out that a higher floor provides: whether what campaigns and automations tell it is taken to anybody."""

from collections.abc import Callable
from typing import Final

MESSAGE_TOPIC: Final = "campaign.message"
STEP_TOPIC: Final = "automation.step"
Listens = Callable[[str], bool]
"""Whether somebody is told of facts of this topic."""

_senders: list[Listens] = []


def register_sender(*, listens: Listens) -> None:
    """Facts in the outbox are taken to others by this sender, from now on; it may be registered once."""
    if listens in _senders:
        raise ValueError("This sender is registered twice.")
    _senders.append(listens)


def somebody_listens(topic: str, /) -> bool:
    """Whether any sender would take a fact of this topic to somebody."""
    return any(listens(topic) for listens in _senders)
