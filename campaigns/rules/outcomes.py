"""What an answer of a mail server, or of the API of a provider, means for one message."""

from dataclasses import dataclass
from datetime import timedelta

from campaigns.rules.feedback import bounce, status_code

MOST_ATTEMPTS = 6


@dataclass(frozen=True, slots=True)
class Outcome:
    """The state and reason that follow, and how long to wait when the message is tried again.

    `bounced` and `code` say the same in the words of bounces; `stops` that the way out is closed for
    everybody; `provider_id` is the provider's id of a message it took.
    """

    state: str
    reason: str = ""
    again_in: timedelta | None = None
    bounced: str = ""
    code: str = ""
    stops: bool = False
    provider_id: str = ""


SENT = Outcome("sent")
LOST = Outcome("unknown", "worker_lost")


def refused(code: int, *, address: bool, attempts: int, says: str = "") -> Outcome:
    """The server refused with this reply code (RFC 5321 section 4.2.1): 4yz may heal, anything else does not."""
    reason = "address_refused" if address else "message_refused"
    if 400 <= code < 500 and attempts < MOST_ATTEMPTS:
        return Outcome("queued", reason, timedelta(minutes=2**attempts))
    answer = f"{code} {says}"
    return Outcome("failed", reason, bounced=bounce(says=answer) if address else "refused", code=status_code(answer))


def answered(status: int, *, attempts: int) -> Outcome:
    """The API of a provider refused with this HTTP status.

    Too many requests and busy (429, 503) come before anything is taken and may heal; without credentials (401, 403)
    nobody's message is taken until somebody mends the settings; after any other 5xx nobody knows; the rest is about
    the message.
    """
    if status in (401, 403):
        return Outcome("queued", "provider_access", timedelta(minutes=5), stops=True)
    if status in (429, 503):
        wait = timedelta(seconds=15 * 2 ** min(attempts, 8))
        return Outcome("queued", "provider_busy", wait, stops=True)
    return LOST if status >= 500 else Outcome("failed", "message_refused", bounced="refused")


def away(attempts: int) -> Outcome:
    """The server could not be reached, so the message was certainly not taken: again, each wait twice as long."""
    return Outcome("queued", "server_away", timedelta(seconds=15 * 2 ** min(attempts, 8)), stops=True)
