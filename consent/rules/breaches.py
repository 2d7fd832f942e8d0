"""The clock of a personal data breach: when the authority has to know (GDPR Art. 33(1), UK GDPR Art. 33(1))."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

ARTICLE: Final = "GDPR Art. 33(1)"
PERIOD: Final = timedelta(hours=72)
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class BreachClock:
    """`safe_due` is what we work towards; `law_due` the last lawful moment, with the articles it rests on."""

    safe_due: datetime
    law_due: datetime
    why: tuple[str, ...]


def clock_of(aware_at: datetime) -> BreachClock:
    """Both moments for a controller who became aware at `aware_at`.

    The hour of becoming aware does not count, and the last hour ends with its end (Reg. 1182/71 Art. 3(1), 3(2)(a)).
    A period in hours does not move for Sundays and holidays (Art. 3(4)); nothing pauses or extends it.
    """
    whole = aware_at.replace(minute=0, second=0, microsecond=0)
    starts = whole if whole == aware_at else whole + _HOUR
    return BreachClock(
        safe_due=aware_at + PERIOD,
        law_due=starts + PERIOD,
        why=(
            f"72 hours after becoming aware ({ARTICLE}).",
            "The hour of becoming aware does not count (Reg. 1182/71 Art. 3(1)).",
            "Weekends and holidays do not move a period in hours (Reg. 1182/71 Art. 3(4)).",
        ),
    )


def must_explain_delay(aware_at: datetime, notified_at: datetime) -> bool:
    """Whether reasons for the delay must accompany the notification (GDPR Art. 33(1), second sentence)."""
    return notified_at > clock_of(aware_at).law_due
