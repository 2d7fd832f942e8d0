"""The criteria of customers in SQL: profile, attributes, identifiers, tags, random share, segments."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from customers.models import Segment, SegmentState, Status, Tag
from customers.rules.attributes import AttributeRule
from customers.rules.countries import COUNTRY_NAMES
from customers.rules.fields import DICTIONARY
from customers.rules.sealed import SEALED_CLASSES
from customers.rules.segments import own
from customers.rules.segments.operands import Subject
from customers.rules.segments.operators import Type
from customers.rules.segments.tree import Condition
from customers.rules.segments.windows import refuse
from customers.selectors.attributes import attribute_rules
from customers.selectors.segments.builder import Builder, Test
from customers.selectors.segments.comparing import OPPOSITES, Value, compare, expression
from customers.selectors.segments.registry import Offer, SegmentCriterion, SubjectFinder

_COLUMNS: Final[dict[str, Value]] = {
    **{
        name: Value(f"c.{name}", Type.TEXT, own=True, present=f"c.{name} <> ''", history=name)
        for name in ("country", "region", "language", "first_name", "last_name", "time_zone", "created_via")
    },
    "status": Value("c.status", Type.ENUM, own=True, history="status"),
    "birth_date": Value("c.birth_date", Type.DATE, own=True),
    **{
        name: Value(f"c.{name}", Type.DATETIME, own=True)
        for name in ("created_at", "updated_at", "last_seen_at", "last_order_at")
    },
    "lifetime_orders": Value("c.orders_count", Type.NUMBER, own=True, present="c.orders_count > 0"),
    "lifetime_value": Value("c.orders_total", Type.NUMBER, own=True, present="c.orders_count > 0"),
    "lifetime_currency": Value("c.orders_currency", Type.TEXT, own=True, present="c.orders_currency <> ''"),
}
_DESCRIBED: Final = {
    "lifetime_orders": "orders_count",
    "lifetime_value": "orders_total",
    "lifetime_currency": "orders_currency",
    "last_order_at": "last_purchase",
}
_TRACKED: Final = frozenset({"country", "region", "language", "status"})
_REGION: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{0,3})?")


def _country(text: str) -> str:
    return "" if text in COUNTRY_NAMES else "Give a two-letter country code of ISO 3166-1, such as DE."


def _region(text: str) -> str:
    return "" if _REGION.fullmatch(text) else "Give a code of ISO 3166-2, such as US-CA."


def _profile_subject(members: Mapping[str, Any], pointer: str) -> Subject:
    name = members["field"]
    described = DICTIONARY[_DESCRIBED.get(name, name)]
    return Subject(
        _COLUMNS[name].type,
        own.PROFILE_WORDS[name],
        options=(Status.ACTIVE.value, Status.INACTIVE.value) if name == "status" else (),
        personal=described.pii_class != "none",
        tracked=name in _TRACKED,
        check={"country": _country, "region": _region}.get(name),
    )


def _profile_test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    return compare(condition, _COLUMNS[condition.members["field"]], builder)


def _profile_offers() -> Sequence[Offer]:
    return [Offer(words.capitalize(), "Profile", {"field": name}) for name, words in own.PROFILE_WORDS.items()]


def _attribute_finder() -> SubjectFinder:
    rules = cache(lambda: {rule.key: rule for rule in attribute_rules()})

    def subject(members: Mapping[str, Any], pointer: str) -> Subject:
        rule = rules().get(members["field"])
        if rule is None:
            message = f"There is no attribute '{members['field'][:60]}', or it is archived."
            raise refuse(f"{pointer}/field", message, "unknown_attribute")
        if rule.pii_class in SEALED_CLASSES:
            message = (
                f"Values of '{rule.key}' are stored sealed, because it is {rule.pii_class}; no rule can read them."
            )
            raise refuse(f"{pointer}/field", message, "sealed_attribute")
        return attribute_subject(rule)

    return subject


def attribute_subject(rule: AttributeRule) -> Subject:
    """A custom attribute as conditions see it; sensitive ones keep no history."""
    return Subject(
        Type(rule.type),
        f"attribute {rule.key}",
        options=rule.options,
        personal=rule.pii_class != "none",
        tracked=rule.pii_class in ("none", "personal"),
    )


def _attribute_test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    key = builder.bind(condition.members["field"], "text")
    text, raw = f"c.attributes ->> {key}", f"c.attributes -> {key}"
    casts = {
        Type.NUMBER: f"(CASE jsonb_typeof({raw}) WHEN 'number' THEN ({text})::numeric END)",
        Type.BOOLEAN: f"(CASE jsonb_typeof({raw}) WHEN 'boolean' THEN ({text})::boolean END)",
        Type.DATE: f"({text})::date",
        Type.DATETIME: f"({text})::timestamptz",
        Type.LIST: f"({raw})",
    }
    present = f"jsonb_array_length({raw}) > 0" if subject.type is Type.LIST else ""
    history = f"attributes.{condition.members['field']}"
    value = Value(casts.get(subject.type, f"({text})"), subject.type, own=True, present=present, history=history)
    return compare(condition, value, builder)


def _attribute_offers() -> Sequence[Offer]:
    return [
        Offer(rule.key, "Attributes", {"field": rule.key})
        for rule in attribute_rules()
        if rule.pii_class not in SEALED_CLASSES
    ]


def _identity_subject(members: Mapping[str, Any], pointer: str) -> Subject:
    return Subject(Type.TEXT, own.IDENTITY_WORDS[members["field"]], personal=True)


def _identity_test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    """True when one of several identifiers of the kind fits; a negation when none does."""
    kind = builder.bind(condition.members["field"], "text")
    op, operand = OPPOSITES.get(condition.op, condition.op), condition.value
    if condition.members["field"] == "email" and operand is not None:
        operand = [item.lower() for item in operand] if isinstance(operand, list) else operand.lower()
    fits = expression(op, operand, Value("i.value", Type.TEXT), builder)
    of_customer = f"FROM customers_identity i WHERE i.customer_id = c.id AND i.kind = {kind}"
    seen = f"(SELECT string_agg(i.value, ', ' ORDER BY i.id) {of_customer})"
    test = Test(f"EXISTS (SELECT {of_customer} AND {fits})", certain=True, seen=seen)
    return test.negated() if condition.op in OPPOSITES else test


def _identity_offers() -> Sequence[Offer]:
    return [Offer(words.capitalize(), "Identifiers", {"field": name}) for name, words in own.IDENTITY_WORDS.items()]


def _tags_finder() -> SubjectFinder:
    exists = cache(lambda name: Tag.objects.filter(name=name).exists())

    def check(name: str) -> str:
        return "" if exists(name) else "Nobody has ever had this tag; is it spelled so?"

    subject = Subject(Type.LIST, "tags", personal=True, check=check)
    return lambda members, pointer: subject


def _tags_test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    holds = f"(t.expires_at IS NULL OR t.expires_at > {builder.bind(builder.now, 'timestamptz')})"
    mine = f"FROM customers_customertag t WHERE t.customer_id = c.id AND {holds}"
    named = (
        f"FROM customers_customertag t JOIN customers_tag n ON n.id = t.tag_id WHERE t.customer_id = c.id AND {holds}"
    )
    seen = f"(SELECT string_agg(n.name, ', ' ORDER BY n.name) {named})"
    if condition.op in ("is_set", "is_not_set"):
        test = Test(f"EXISTS (SELECT {mine})", certain=True, seen=seen)
    elif condition.op == "has_all":
        count = builder.bind(len(condition.value), "integer")
        test = Test(f"(SELECT count(*) {mine} AND {_named(condition, builder)}) = {count}", certain=True, seen=seen)
    else:
        test = Test(f"EXISTS (SELECT {mine} AND {_named(condition, builder)})", certain=True, seen=seen)
    return test.negated() if condition.op in OPPOSITES else test


def _named(condition: Condition, builder: Builder) -> str:
    names = builder.bind(condition.value, "text[]")
    return f"t.tag_id IN (SELECT n.id FROM customers_tag n WHERE n.name = ANY({names}))"  # noqa: S608


def _bucket_subject(members: Mapping[str, Any], pointer: str) -> Subject:
    return Subject(Type.NUMBER, "random share")


def _bucket_test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    """The first 32 bits of MD5 over seed and public id: no secret, only evenly spread (RFC 1321 as a hash)."""
    seed = builder.bind(condition.members["field"] + ":", "text")
    bits = f"('x' || substr(md5({seed} || c.public_id), 1, 8))::bit(32)::bigint"
    return compare(condition, Value(f"({bits} * 100 / 4294967296.0)", Type.NUMBER, own=True), builder)


def _segment_finder() -> SubjectFinder:
    exists = cache(lambda slug: Segment.objects.filter(slug=slug, state=SegmentState.ACTIVE).exists())

    def check(slug: str) -> str:
        return "" if exists(slug) else "There is no segment with this name in its address, or it is archived."

    subject = Subject(Type.MEMBERSHIP, "segment", check=check)
    return lambda members, pointer: subject


def _segment_test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    """Reads the members as of the statement; a segment never calculated refuses the rule: it would widen a negation.

    The statement itself looks up which version is current, so that one that is being emptied is never read.
    """
    segment = Segment.objects.filter(slug=condition.value, state=SegmentState.ACTIVE).first()
    if segment is None or segment.current_id is None:
        message = f"The segment '{condition.value}' has not been calculated yet."
        raise refuse(f"{condition.pointer}/value", message, "segment_not_ready")
    pk = builder.bind(segment.pk, "bigint")
    current = f"(SELECT g.current_id FROM customers_segment g WHERE g.id = {pk})"  # noqa: S608
    mine = f"FROM customers_segmentmember m WHERE m.version_id = {current} AND m.customer_id = c.id"
    seen = f"(SELECT 'since ' || to_char(m.entered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') {mine})"
    test = Test(f"EXISTS (SELECT {mine})", certain=True, seen=seen)
    return test.negated() if condition.op in OPPOSITES else test


def _only(label: str, group: str, members: Mapping[str, Any]) -> Any:
    return lambda: [Offer(label, group, members)]


CRITERIA: Final = (
    SegmentCriterion(own.PROFILE, lambda: _profile_subject, _profile_test, _profile_offers),
    SegmentCriterion(own.ATTRIBUTE, _attribute_finder, _attribute_test, _attribute_offers),
    SegmentCriterion(own.IDENTITY, lambda: _identity_subject, _identity_test, _identity_offers),
    SegmentCriterion(own.TAGS, _tags_finder, _tags_test, _only("Tags", "Groups", {})),
    SegmentCriterion(own.SEGMENT, _segment_finder, _segment_test, _only("Segment", "Groups", {})),
    SegmentCriterion(
        own.BUCKET, lambda: _bucket_subject, _bucket_test, _only("Random share", "Groups", {"field": "a"})
    ),
)
