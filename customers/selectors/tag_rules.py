"""Tags that come and go by themselves: which there are, whom they lack, whether one would go round in a circle."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Count, QuerySet
from django.urls import reverse

from core.models import OutboxMessage
from customers.models import Customer, CustomerTag, Segment, SegmentState, TagRule
from customers.selectors.segments.listing import referred_slugs
from customers.selectors.segments.uses import Use

MOVES: Final = ("segment.entered", "segment.exited")
REBUILT: Final = "segment.rebuilt"
_LACKING: Final = """
SELECT m.customer_id FROM customers_segmentmember m JOIN customers_customer c ON c.id = m.customer_id
WHERE m.version_id = %(version)s AND {which} AND c.status <> 'deleted' AND c.merged_into_id IS NULL AND NOT EXISTS (
    SELECT FROM customers_customertag t WHERE t.customer_id = m.customer_id AND t.tag_id = %(tag)s
) ORDER BY m.customer_id
"""
_BEYOND: Final = """
SELECT m.customer_id FROM customers_customertag m WHERE m.given_by_id = %(rule)s AND {which} AND NOT EXISTS (
    SELECT FROM customers_segmentmember s WHERE s.version_id = %(version)s AND s.customer_id = m.customer_id
) ORDER BY m.customer_id
"""


class Heard(NamedTuple):
    """What a stretch of the log says about the segments of rules: who moved where, which were put in place whole."""

    moved: dict[int, set[str]]
    rebuilt: set[int]


class Due(NamedTuple):
    """Who lacks the tag of a rule, and who has it from the rule and should no longer."""

    give: list[int]
    take: list[int]


def active_rules() -> QuerySet[TagRule]:
    """Every rule in force with its tag and segment, by name of the tag."""
    return TagRule.objects.filter(ended_at=None).select_related("tag", "segment").order_by("tag__name", "pk")


def rules_of_tags(tag_ids: Collection[int]) -> dict[int, TagRule]:
    """The rule in force of each of these tags that has one; one query."""
    return {rule.tag_id: rule for rule in active_rules().filter(tag__in=tag_ids)}


def read_moves(*, after: int, upto: int, segments: Mapping[str, int]) -> Heard:
    """What transactions in (after, upto] say about these segments (public id to id)."""
    rows = OutboxMessage.objects.filter(xid__gt=after, xid__lte=upto, topic__in=(*MOVES, REBUILT)).order_by("xid", "id")
    moved: dict[int, set[str]] = {}
    rebuilt = set()
    for topic, subject, payload in rows.values_list("topic", "subject", "payload").iterator(chunk_size=2_000):
        if topic == REBUILT and subject in segments and not payload.get("told_singly"):
            rebuilt.add(segments[subject])
        elif topic in MOVES and payload.get("segment_id") in segments:
            moved.setdefault(segments[payload["segment_id"]], set()).add(subject)
    return Heard(moved, rebuilt)


def ids_of(public_ids: Collection[str]) -> list[int]:
    """Row ids of these customers and of whoever absorbed them, in order."""
    pairs = Customer.objects.filter(public_id__in=public_ids).values_list("pk", "merged_into_id")
    return sorted({pk for pair in pairs for pk in pair if pk})


def due_among(rule: TagRule, customer_ids: Sequence[int]) -> Due:
    """What the rule has to give and take among these customers, as the members of its segment stand now."""
    return _due(rule, "m.customer_id = ANY(%(people)s)", {"people": list(customer_ids)})


def due_between(rule: TagRule, after: int, upto: int) -> Due:
    """The same among customers with ids in (after, upto]."""
    return _due(rule, "m.customer_id > %(after)s AND m.customer_id <= %(upto)s", {"after": after, "upto": upto})


def _due(rule: TagRule, which: str, names: dict[str, Any]) -> Due:
    """After its end a rule gives to nobody and takes from everybody."""
    version = 0 if rule.ended_at else rule.segment.current_id or 0
    names = names | {"version": version, "tag": rule.tag_id, "rule": rule.pk}
    found = []
    with connection.cursor() as cursor:
        for sql in (_LACKING, _BEYOND):
            cursor.execute(sql.format(which=which), names)
            found.append([row[0] for row in cursor.fetchall()])
    return Due(*found)


def next_to_walk() -> TagRule | None:
    """The rule that has to look at everybody next, locked; one whose segment was never calculated waits for that."""
    rules = TagRule.objects.filter(whole=True).exclude(ended_at=None, segment__current=None)
    return rules.select_related("tag", "segment").select_for_update(of=("self",)).order_by("pk").first()


def stretch_after(customer_id: int, size: int) -> tuple[int, bool]:
    """The id that ends the next `size` customers after this one, however wide the gaps, and whether more follow."""
    rows = Customer.objects.filter(pk__gt=customer_id).order_by("pk").values_list("pk", flat=True)
    ids = list(rows[: size + 1])
    return (ids[:size][-1] if ids else customer_id), len(ids) > size


def goes_round(*, tag: str, slug: str) -> bool:
    """Whether the members of a segment depend on who has this tag, directly, by other segments or by other rules.

    Then a rule would give the tag because it gave it, or take it off because it did, without end.
    """
    rows = Segment.objects.filter(state=SegmentState.ACTIVE).values_list("slug", "rule")
    rules = dict(rows)
    segment_of = dict(active_rules().exclude(tag__name=tag).values_list("tag__name", "segment__slug"))
    waiting, seen = [slug], {slug}
    while waiting:
        rule = rules.get(waiting.pop())
        names = named_tags(rule)
        if names is None or tag in names:
            return True
        for following in {*referred_slugs(rule), *(segment_of[name] for name in names if name in segment_of)} - seen:
            seen.add(following)
            waiting.append(following)
    return False


def named_tags(rule: Any) -> set[str] | None:
    """The tags that a stored rule asks about; None when it asks whether there is any."""
    if isinstance(rule, list):
        found = [named_tags(item) for item in rule]
        return None if None in found else {name for names in found for name in names or ()}
    if not isinstance(rule, dict):
        return set()
    if rule.get("on") == "tags":
        return None if rule.get("value") is None else set(rule["value"])
    return named_tags(list(rule.values()))


def tags_using(segments: Sequence[Segment]) -> Iterator[tuple[int, Use]]:
    """The tags that each of the segments gives, for whoever wants to put it away."""
    for rule in active_rules().filter(segment__in=segments)[:5_000]:
        yield rule.segment_id, Use("tag", rule.tag.name, reverse("console:tags"))


def given_by(rules: Collection[TagRule]) -> dict[int, int]:
    """How many customers have the tag from each of these rules, by id of the rule; one query."""
    rows = CustomerTag.objects.filter(given_by__in=rules).values_list("given_by").annotate(count=Count("id"))
    return dict(rows.order_by("given_by")) if rules else {}
