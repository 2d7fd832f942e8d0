"""What upper floors use segments for: campaigns, experiments, automations. Each floor registers how to find out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from customers.models import Segment


@dataclass(frozen=True, slots=True)
class Use:
    """Something that uses a segment: what it is (`campaign`), its name, the address of its page.

    The segment cannot be archived while it `holds` it, for it would then be about nobody.
    """

    what: str
    name: str
    url: str
    holds: bool = True


Finder = Callable[[Segment], Sequence[Use]]
_finders: dict[str, Finder] = {}


def register_use(*, name: str, find: Finder) -> None:
    """`find(segment)` answers what of this floor uses the segment, at most 50, in a fixed number of queries."""
    _finders[name] = find


def uses_of(segment: Segment) -> list[Use]:
    """Everything of upper floors that uses the segment."""
    return [use for name in sorted(_finders) for use in _finders[name](segment)]
