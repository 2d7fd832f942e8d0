"""Whom partners ask when something is wrong, how soon they are answered, and who is next; all from the environment."""

from dataclasses import dataclass
from typing import Final

from marketing_hub import env

_PARTS: Final = 4
_LEVELS: Final = (
    "Critical|Nothing is answered, or what is sent is wrong for many people|1 hour, day and night|each hour;"
    "High|An important part fails, and there is no way around|4 hours of service|twice a day;"
    "Normal|Something is wrong, and there is a way around|1 working day|each third day;"
    "Question|How something is meant, a wish, a mistake in these pages|3 working days|when there is something new"
)
_STEPS: Final = "The person on duty|The head of the service|The management of the company that runs this installation"


@dataclass(frozen=True, slots=True)
class Level:
    """How grave something is: its name, what belongs to it, until when there is a first answer, how often news."""

    name: str
    meaning: str
    answer: str
    news: str


@dataclass(frozen=True, slots=True)
class Support:
    """What the page on support says."""

    email: str
    phone: str
    hours: str
    levels: tuple[Level, ...]
    steps: tuple[str, ...]


def read_support() -> Support:
    """What the environment says; ConfigError for a level that has not its four parts."""
    return Support(
        email=env.text("SUPPORT_EMAIL", "api@example.com"),
        phone=env.text("SUPPORT_PHONE", ""),
        hours=env.text("SUPPORT_HOURS", "Monday to Friday, 9 to 17 UTC"),
        levels=tuple(_level(text) for text in env.text("SUPPORT_LEVELS", _LEVELS).split(";") if text.strip()),
        steps=tuple(text.strip() for text in env.text("SUPPORT_ESCALATION", _STEPS).split("|") if text.strip()),
    )


def _level(text: str) -> Level:
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != _PARTS or not all(parts):
        raise env.ConfigError(
            f"SUPPORT_LEVELS: '{text.strip()}' must be name|what belongs to it|first answer|how often news."
        )
    return Level(*parts)
