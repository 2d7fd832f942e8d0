"""Instants as programs send them: RFC 3339, never without an offset."""

from datetime import UTC, datetime

from django.utils.dateparse import parse_datetime

from core.errors import InvalidInput


def read_instant(name: str, text: str, *, param: str = "") -> datetime:
    """The instant in UTC; refuses, under `param` (else `name`), what is none or has no offset."""
    try:
        found = parse_datetime(text)
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    raise InvalidInput(f"Invalid '{name}': send an instant with an offset or Z.", param=param or name)
