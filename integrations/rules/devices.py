"""The device flow (RFC 8628): what a code for people looks like, and how often a device may ask."""

from datetime import datetime, timedelta
from typing import Final

LETTERS: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""No vowels, so that no code is a word, and nothing that looks like something else (section 6.1)."""
SHOWN: Final = 8
PAUSE_S: Final = 5
SLOWER_S: Final = 5
LONGEST_S: Final = 60
SLACK: Final = timedelta(seconds=1)
"""Networks are not even: a device that keeps to its pause is never told to slow down."""


def typed_code(text: str) -> str:
    """What a person meant: capitals without the stroke and the blanks; empty when it can be no code."""
    letters = "".join(letter for letter in text.upper() if letter not in " -\t")
    return letters if len(letters) == SHOWN and set(letters) <= set(LETTERS) else ""


def shown_code(letters: str) -> str:
    """The code in two groups, as it is read out."""
    return f"{letters[: SHOWN // 2]}-{letters[SHOWN // 2 :]}"


def is_too_soon(*, last: datetime, interval: int, now: datetime) -> bool:
    """Whether the device asks again before its pause is over."""
    return now - last < timedelta(seconds=interval) - SLACK
