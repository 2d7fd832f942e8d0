"""What writing segments and scores down has in common: their names, and one change at a time."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import connection

from core.errors import InvalidInput

TEXT_LIMITS: Final[Mapping[str, int]] = {"name": 120, "description": 300}


def text_of(*, name: str, value: Any) -> str:
    """The text of a member of `TEXT_LIMITS`, trimmed; InvalidInput when it is none, too long, or an empty name."""
    text = value.strip() if isinstance(value, str) else None
    limit = TEXT_LIMITS[name]
    if text is None or len(text) > limit or not text.isprintable() or (name == "name" and not text):
        raise InvalidInput(f"Invalid '{name}': send a text of at most {limit} characters.", param=name)
    return text


def one_at_a_time() -> None:
    """Changes of definitions wait for each other: two at once could close a circle that neither of them sees."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('customers.segments'))")
