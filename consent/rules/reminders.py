"""The ladder of reminders: by how many days are left to the day we work towards."""

from datetime import date
from typing import Final

LADDER: Final = ((1, 14, "two weeks left"), (2, 7, "one week left"), (3, 2, "two days left"), (4, -1, "overdue"))
"""(rung, days left at most, words); each rung is told once, the highest one that fits."""
ESCALATES_FROM: Final = 3


def rung_of(safe_due: date, today: date) -> int:
    """The rung that fits today; 0 while there is more than two weeks."""
    left = (safe_due - today).days
    return max((rung for rung, at_most, _ in LADDER if left <= at_most), default=0)


def words_of(rung: int) -> str:
    """What a rung says."""
    return next(words for number, _, words in LADDER if number == rung)


def escalates(rung: int) -> bool:
    """Whether everybody at the desk is told, not only who has the request."""
    return rung >= ESCALATES_FROM
