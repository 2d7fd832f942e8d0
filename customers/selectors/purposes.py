"""Purposes that a file may state consent to: registered by the floor that keeps consent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PurposeChoice:
    """A purpose: key, name, and the notices published for it as (public id, version and language in words)."""

    key: str
    name: str
    notices: tuple[tuple[str, str], ...] = ()


_choices: dict[str, Callable[[], Sequence[PurposeChoice]]] = {}


def register_purposes(*, name: str, choices: Callable[[], Sequence[PurposeChoice]]) -> None:
    """`choices()` answers the purposes that imported consent may be for."""
    _choices[name] = choices


def list_purposes() -> list[PurposeChoice]:
    """Every purpose that a column may state consent to; empty when no floor keeps consent."""
    return [choice for choices in _choices.values() for choice in choices()]
