"""The segments that are followed, what their rules mention, and in which order they are looked at."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from customers.models import Segment, SegmentKind, SegmentState
from customers.rules.segments import mentions
from customers.rules.segments.mentions import Clock, Mention, Mentions
from customers.rules.segments.tree import Node, from_json
from customers.selectors.segments.listing import referred_slugs
from customers.selectors.segments.registry import segment_criteria

SEGMENT_TOPIC: Final = "segment:"


@dataclass(frozen=True, slots=True)
class Followed:
    """A segment with the version that its readers see. The rule is that of the version, not a newer one's."""

    segment_id: int
    public_id: str
    slug: str
    version_id: int
    node: Node
    mention: Mention

    def conditions(self, topics: Collection[str], clocks: Collection[Clock]) -> list[str]:
        """Where the conditions stand that mention one of these topics or clocks."""
        return mentions.pointers(node=self.node, known=known_mentions(), topics=topics, clocks=clocks)


def known_mentions() -> Mapping[str, Mentions | None]:
    """What the conditions of each criterion depend on."""
    return {on: criterion.form.mentions for on, criterion in segment_criteria().items()}


def mention_of(rule: Any) -> tuple[Node, Mention]:
    """A stored rule as a tree, and what it mentions."""
    node = from_json(rule)
    return node, mentions.of_rule(node, known_mentions())


def followed_segments() -> list[Followed]:
    """Every dynamic segment in use whose last calculation succeeded; one that another asks about stands before it."""
    rows = Segment.objects.filter(state=SegmentState.ACTIVE, kind=SegmentKind.DYNAMIC, failure="")
    found = [_followed(row) for row in rows.exclude(current=None).select_related("current").order_by("id")]
    return _in_order({one.slug: one for one in found})


def _followed(segment: Segment) -> Followed:
    current = segment.current
    node, mention = mention_of(current.rule if current else None)
    return Followed(segment.pk, segment.public_id, segment.slug, segment.current_id or 0, node, mention)


def _in_order(segments: Mapping[str, Followed]) -> list[Followed]:
    """Depth first; rules that ask about each other are refused when they are defined."""
    ordered: dict[str, Followed] = {}
    begun: set[str] = set()

    def visit(slug: str) -> None:
        if slug in begun or slug not in segments:
            return
        begun.add(slug)
        for topic in sorted(segments[slug].mention.topics):
            visit(topic.removeprefix(SEGMENT_TOPIC))
        ordered[slug] = segments[slug]

    for slug in segments:
        visit(slug)
    return list(ordered.values())


def levels(segments: Iterable[Followed]) -> list[list[Followed]]:
    """Segments in groups; each asks only about segments of groups before its own."""
    heights: dict[str, int] = {}
    groups: list[list[Followed]] = []
    for one in segments:
        below = [heights.get(topic.removeprefix(SEGMENT_TOPIC), -1) for topic in one.mention.topics]
        heights[one.slug] = height = max(below, default=-1) + 1
        groups += [[] for _ in range(height + 1 - len(groups))]
        groups[height].append(one)
    return groups


def referred() -> set[str]:
    """Slugs of segments that the rule of another asks about, or that of its members so far."""
    rows = Segment.objects.filter(state=SegmentState.ACTIVE, kind=SegmentKind.DYNAMIC)
    return {
        slug for pair in rows.values_list("rule", "current__rule") for rule in pair for slug in referred_slugs(rule)
    }
