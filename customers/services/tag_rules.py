"""Tags that come and go by themselves: defining them, and letting them follow the members of their segment.

Effects and cursor move in one transaction. What is given and taken is read from the members as they stand, never from
the message that somebody moved, so that a message read twice or late does no harm.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from core import audit, outbox
from core.actors import SYSTEM, Actor
from core.errors import Conflict, InvalidInput, NotFound
from customers.models import Segment, SegmentState, Tag, TagRule
from customers.selectors.segments.listing import find_segment
from customers.selectors.tag_rules import (
    active_rules,
    due_among,
    due_between,
    goes_round,
    ids_of,
    next_to_walk,
    read_moves,
    stretch_after,
)
from customers.services.segments import define_segment
from customers.services.tags import clean_tags, settle_rule_tags

FOLLOWER: Final = "tags.rules"
STEP: Final = 500
WIDER: Final = 8
PEOPLE_AT_ONCE: Final = 5_000
_CIRCLE: Final = "Who is in this segment depends on who has this tag; choose another segment or tag."


@transaction.atomic
def define_tag_rule(*, name: str, segment: str = "", rule: Any = None, by: Actor, now: datetime) -> TagRule:
    """Whoever is in the segment has the tag from now on; the tag is made when there is none of this name.

    With a `rule` of the segment grammar a segment of that rule is defined first. Refuses a tag that has a rule already
    (409), an unknown or archived segment, both or neither of the two, and a segment that depends on the tag itself.
    """
    clean = clean_tags(names=[name])[0]
    if bool(segment) == (rule is not None):
        raise InvalidInput("Choose a segment, or send a rule: one of the two.", param="segment")
    tag, _ = Tag.objects.get_or_create(name=clean, defaults={"created_at": now})
    tag = Tag.objects.select_for_update().get(pk=tag.pk)
    if active_rules().filter(tag=tag).exists():
        raise Conflict("This tag has a rule already; end that first.", code="duplicate_tag_rule")
    chosen = _segment(clean, segment, rule, by, now)
    if goes_round(tag=clean, slug=chosen.slug):
        raise InvalidInput(_CIRCLE, param="segment", code="segment_cycle")
    made = TagRule.objects.create(tag=tag, segment=chosen, created_by=by.id, created_at=now)
    changes = {"segment": ["", chosen.slug]}
    audit.record(by=by, action="tag.rule_defined", target=f"tag:{tag.pk}", changes=changes)
    return made


@transaction.atomic
def end_tag_rule(*, name: str, by: Actor, now: datetime) -> TagRule:
    """The tag is left to people again; what the rule gave comes off, what others put on stays.

    NotFound for a tag without a rule.
    """
    rule = active_rules().select_for_update(of=("self",)).filter(tag__name=name).first()
    if rule is None:
        raise NotFound("There is no tag of this name that is given by a rule.")
    rule.ended_at, rule.whole, rule.walked_to = now, True, 0
    rule.save(update_fields=["ended_at", "whole", "walked_to"])
    changes = {"segment": [rule.segment.slug, ""]}
    audit.record(by=by, action="tag.rule_ended", target=f"tag:{rule.tag_id}", changes=changes)
    return rule


def follow_tag_rules(*, now: datetime, steps: int = 200) -> int:
    """Tags of rules are on exactly those who were in their segments before now, but for what others put on.

    Returns how many customers changed. At most `steps` transactions of work; answers at once when another worker is
    at it.
    """
    changed, width, horizon = 0, STEP, outbox.horizon()
    for _ in range(steps):
        done = _one_step(horizon, width, now)
        if done is None:
            break
        changed += done
        width = STEP if done else width * WIDER
    return changed


@transaction.atomic
def check_tag_rules() -> int:
    """Every rule in force looks at everybody again: what a person or partner took off by mistake comes back.

    Returns how many rules.
    """
    return active_rules().select_related(None).order_by().update(whole=True, walked_to=0)


@transaction.atomic
def _one_step(horizon: int, width: int, now: datetime) -> int | None:
    """Customers changed by one step: the next stretch of the log, else of a walk over everybody; None at the end."""
    cursor = outbox.locked_cursor(FOLLOWER)
    if cursor is None:
        return None
    if cursor.xid >= horizon - 1:
        return _walk(now)
    rules = list(active_rules())
    upto = min(cursor.xid + width, horizon - 1) if cursor.xid and rules else horizon - 1
    changed = _follow(rules, cursor.xid, upto, now) if cursor.xid and rules else 0
    outbox.move_cursor(cursor=cursor, xid=upto, row=0, at=now, now=now)
    return changed


def _follow(rules: Sequence[TagRule], after: int, upto: int, now: datetime) -> int:
    by_segment: dict[int, list[TagRule]] = {}
    for rule in rules:
        by_segment.setdefault(rule.segment_id, []).append(rule)
    segments = {rule.segment.public_id: rule.segment_id for rule in rules}
    heard, changed = read_moves(after=after, upto=upto, segments=segments), 0
    for segment_id, people in heard.moved.items():
        ids = ids_of(people)
        for rule in by_segment[segment_id]:
            for start in range(0, len(ids), PEOPLE_AT_ONCE):
                changed += _settle(rule, ids[start : start + PEOPLE_AT_ONCE], now)
    TagRule.objects.filter(segment__in=heard.rebuilt, ended_at=None).update(whole=True, walked_to=0)
    return changed


def _settle(rule: TagRule, ids: list[int], now: datetime) -> int:
    if not _holds(rule):
        return 0
    due = due_among(rule, ids)
    return settle_rule_tags(rule=rule, give=due.give, take=due.take, by=SYSTEM, now=now)


def _walk(now: datetime) -> int | None:
    """The next stretch of everybody for a rule that has to look at all; None when no rule has."""
    rule = next_to_walk()
    if rule is None:
        return None
    (upto, more), changed = stretch_after(rule.walked_to, PEOPLE_AT_ONCE), 0
    if _holds(rule):
        due = due_between(rule, rule.walked_to, upto)
        changed = settle_rule_tags(rule=rule, give=due.give, take=due.take, by=SYSTEM, now=now)
    rule.whole, rule.walked_to = more, upto if more else 0
    rule.save(update_fields=["whole", "walked_to"])
    return changed


def _holds(rule: TagRule) -> bool:
    """Whether the rule may act: a segment that was changed since to ask about the tag would never come to rest."""
    why = _CIRCLE if rule.ended_at is None and goes_round(tag=rule.tag.name, slug=rule.segment.slug) else ""
    if rule.failure != why:
        TagRule.objects.filter(pk=rule.pk).update(failure=why, whole=True, walked_to=0)
        rule.failure = why
    return not why


def _segment(tag: str, slug: str, rule: Any, by: Actor, now: datetime) -> Segment:
    if rule is not None:
        return define_segment(name=f"Tagged {tag}"[:120], rule=rule, by=by, now=now)
    segment = find_segment(slug)
    if segment.state == SegmentState.ARCHIVED:
        raise InvalidInput("This segment is archived; nobody is in it.", param="segment")
    return segment
