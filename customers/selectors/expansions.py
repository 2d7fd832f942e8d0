"""Blocks that upper floors add to a customer answer: `segments`, `consent`; customers itself never looks up."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import InvalidInput

Expander = Callable[[Sequence[int]], Mapping[int, Any]]

_expanders: dict[str, Expander] = {}
ALWAYS = ("segments",)
"""Blocks that every answer has; an empty list when no floor supplies them."""


def register_expansion(*, name: str, expander: Expander) -> None:
    """Let `?expand=name` work: `expander(customer_ids)` maps ids to JSON-ready blocks, in a fixed number of queries."""
    _expanders[name] = expander


def known_expansions() -> list[str]:
    """The names that `expand=` takes."""
    return sorted({*_expanders, *ALWAYS})


def parse_expand(raw: str) -> list[str]:
    """The blocks asked for; InvalidInput for one that nobody supplies."""
    names = [name.strip() for name in raw.split(",") if name.strip()]
    for name in names:
        if name not in known_expansions():
            raise InvalidInput(f"Invalid 'expand': choose from {', '.join(known_expansions())}", param="expand")
    return names


def expand(*, name: str, customer_ids: Sequence[int]) -> Mapping[int, Any]:
    """The block of each customer that has one; {} when nobody supplies it."""
    expander = _expanders.get(name)
    return expander(customer_ids) if expander and customer_ids else {}
