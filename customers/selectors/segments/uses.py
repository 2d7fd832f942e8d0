"""What upper floors use segments for: campaigns, experiments, automations. Each floor registers how to find out."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

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


Finder = Callable[[Sequence[Segment]], Iterable[tuple[int, Use]]]
AT_MOST: Final = 50
_finders: dict[str, Finder] = {}


def register_use(*, name: str, find: Finder) -> None:
    """`find(segments)` answers what of this floor uses which of the segments, by key, in a fixed number of queries."""
    _finders[name] = find


def uses_of(segment: Segment) -> list[Use]:
    """Everything of upper floors that uses the segment, 50 of a kind at most."""
    return uses_by_segment([segment])[segment.pk]


def uses_by_segment(segments: Sequence[Segment]) -> dict[int, list[Use]]:
    """Everything of upper floors that uses each of the segments, by key; 50 of a kind at most."""
    found: dict[int, list[Use]] = {segment.pk: [] for segment in segments}
    for name in sorted(_finders):
        of_a_kind: dict[tuple[int, str], int] = defaultdict(int)
        for key, use in _finders[name](segments):
            of_a_kind[key, use.what] += 1
            if of_a_kind[key, use.what] <= AT_MOST:
                found[key].append(use)
    return found
