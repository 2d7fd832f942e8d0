"""What mail servers and providers say about a message, in one taxonomy.

Codes are the enhanced mail system status codes of RFC 3463 (class.subject.detail), found in the words of the answer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import TextChoices


class Outcome(TextChoices):
    """What became of a message after it was handed over."""

    DEFERRED = "deferred", "Put off by the receiving server"
    DELIVERED = "delivered", "Delivered"
    SOFT = "soft", "Bounced for now (mailbox full, server away)"
    REFUSED = "refused", "Not tried by the provider"
    BLOCKED = "blocked", "Blocked by the receiving server"
    HARD = "hard", "Bounced: there is no such mailbox"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed at the provider"
    COMPLAINT = "complaint", "Reported as spam"


RANK: Final[Mapping[str, int]] = {outcome.value: rank for rank, outcome in enumerate(Outcome, start=1)}
"""Reports come in any order and more than once; the highest one counts."""

BOUNCES: Final = (Outcome.SOFT, Outcome.REFUSED, Outcome.BLOCKED, Outcome.HARD)
SOFT_LIMIT: Final = 5
SOFT_WINDOW: Final = timedelta(days=30)
"""So many soft bounces of one person in a row, none of them delivered in between, are a hard one."""
_CODE: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY: Final = re.compile(r"(?<![\d.])([45])\d\d(?![\d.])")
_NO_MAILBOX: Final = {(1, 0), (1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1)}
_HARD_WORDS: Final = frozenset({"hardbounce", "hard_bounce", "bademailaddress", "invalid_email", "permanent"})
_SOFT_WORDS: Final = frozenset({"softbounce", "soft_bounce", "transient", "temporary", "undetermined"})
_BLOCKED_WORDS: Final = frozenset({"blocked", "dmarcpolicy", "spamnotification"})


@dataclass(frozen=True, slots=True)
class Report:
    """What a provider says about one message: `delivery` and `message_id` say which, as far as it knows."""

    outcome: Outcome
    at: datetime
    recipient: str
    code: str = ""
    delivery: int = 0
    message_id: str = ""


def status_code(says: str) -> str:
    """The enhanced status code in an answer, else its reply code; '' when there is neither."""
    found = _CODE.search(says)
    if found:
        return found[0]
    reply = _REPLY.search(says)
    return reply[0] if reply else ""


def bounce(*, says: str, word: str = "") -> Outcome:
    """The kind of a bounce, by the status code in the answer first and the provider's word for it second.

    5.1.x and 5.2.1 say that there is no such mailbox; 5.7.x that policy is against the message; what does not say
    that it is for good may heal.
    """
    word = word.strip().lower()
    found = _CODE.search(says)
    if found:
        kind, subject, detail = (int(part) for part in found.groups())
        if kind == 5 and (subject, detail) in _NO_MAILBOX:
            return Outcome.HARD
        if kind == 5 and subject == 7:
            return Outcome.BLOCKED
        if kind == 4:
            return Outcome.SOFT
    if word in _BLOCKED_WORDS:
        return Outcome.BLOCKED
    if word in _HARD_WORDS:
        return Outcome.HARD
    if word in _SOFT_WORDS or found:
        return Outcome.SOFT
    reply = _REPLY.search(says)
    return Outcome.HARD if reply and reply[1] == "5" else Outcome.SOFT


def no_mailbox(code: str) -> bool:
    """Whether this enhanced code itself says that there is no such mailbox."""
    parts = code.split(".")
    return len(parts) == 3 and parts[0] == "5" and (int(parts[1]), int(parts[2])) in _NO_MAILBOX
