"""What an answer of a mail server means for one message."""

from dataclasses import dataclass
from datetime import timedelta

MOST_ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state and reason that follow, and how long to wait when the message is tried again."""

    state: str
    reason: str = ""
    again_in: timedelta | None = None


SENT = Outcome("sent")
LOST = Outcome("unknown", "worker_lost")


def refused(code: int, *, address: bool, attempts: int) -> Outcome:
    """The server refused with this reply code (RFC 5321 section 4.2.1): 4yz may heal, anything else does not."""
    reason = "address_refused" if address else "message_refused"
    if 400 <= code < 500 and attempts < MOST_ATTEMPTS:
        return Outcome("queued", reason, timedelta(minutes=2**attempts))
    return Outcome("failed", reason)


def away(attempts: int) -> Outcome:
    """The server could not be reached, so the message was certainly not taken: again, each wait twice as long."""
    return Outcome("queued", "server_away", timedelta(seconds=15 * 2 ** min(attempts, 8)))
