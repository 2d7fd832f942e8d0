"""Consent as a criterion of segment rules, and as the gate before every channel."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from consent.rules import segments as rules
from consent.rules.vocabulary import Purpose, State
from consent.selectors.catalogue import SERVICE_BIT, Use, catalogue
from customers.rules.segments.operands import Subject
from customers.rules.segments.operators import Type
from customers.rules.segments.tree import Condition
from customers.rules.segments.windows import refuse
from customers.selectors.segments.builder import Builder, Test
from customers.selectors.segments.comparing import OPPOSITES, Value, compare
from customers.selectors.segments.gates import Gate, Reason
from customers.selectors.segments.registry import Offer, SegmentCriterion

_RANKS: Final = {why: Reason(why.code, why.label, rank) for rank, why in enumerate(rules.ORDER)}


def _subject(members: Mapping[str, Any], pointer: str) -> Subject:
    uses = catalogue().uses
    if members["field"] not in uses:
        message = f"There is no purpose '{members['field'][:60]}'; choose one of: {', '.join(uses)}."
        raise refuse(f"{pointer}/field", message, "unknown_purpose")
    return Subject(Type.CONSENT, uses[members["field"]].name, options=rules.STATES, personal=True)


def _test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    use = catalogue().uses[condition.members["field"]]
    mine = f"FROM consent_consentstate s WHERE s.customer_id = c.id AND s.purpose_id = {builder.bind(use.id, 'bigint')}"
    seen = f"coalesce((SELECT s.state {mine}), 'none')"
    if condition.op == "state_is_one_of":
        states = builder.bind([state for state in condition.value if state != State.NONE], "text[]")
        stands = f"EXISTS (SELECT {mine} AND s.state = ANY({states}))"
        none = f" OR NOT EXISTS (SELECT {mine} AND s.state <> 'none')" if State.NONE in condition.value else ""
        return Test(f"({stands}{none})", certain=True, seen=seen)
    mask, now = builder.bind(use.mask, "bigint"), builder.bind(builder.now, "timestamptz")
    allowed = f"c.consent_mask & {mask} <> 0 AND (c.consent_until IS NULL OR c.consent_until > {now})"
    test = Test(allowed, certain=True, own=True, seen=seen)
    return test.negated() if condition.op in OPPOSITES else test


def _offers() -> Sequence[Offer]:
    return [Offer(use.name, "Consent", {"field": use.key}) for use in catalogue().uses.values()]


def _privacy_subject(members: Mapping[str, Any], pointer: str) -> Subject:
    labels = {"gpc": "Global Privacy Control", "suppressed": "suppression"}
    return Subject(Type.BOOLEAN, labels[members["field"]], personal=True)


def _privacy_test(condition: Condition, subject: Subject, builder: Builder) -> Test:
    columns = {
        "gpc": "(c.gpc_first_seen_at IS NOT NULL)",
        "suppressed": f"(c.consent_mask & {builder.bind(1 << SERVICE_BIT, 'bigint')} = 0)",
    }
    return compare(condition, Value(columns[condition.members["field"]], Type.BOOLEAN, own=True), builder)


def _privacy_offers() -> Sequence[Offer]:
    return [
        Offer("Global Privacy Control seen", "Consent", {"field": "gpc"}),
        Offer("On the suppression list", "Consent", {"field": "suppressed"}),
    ]


CRITERIA: Final = (
    SegmentCriterion(rules.CONSENT, lambda: _subject, _test, _offers),
    SegmentCriterion(rules.PRIVACY, lambda: _privacy_subject, _privacy_test, _privacy_offers),
)


def _columns(now_placeholder: str) -> Sequence[str]:
    """As `consent.rules.segments.Signature`."""
    return (
        "c.status = 'active'",
        "c.consent_mask",
        f"coalesce(c.consent_until <= {now_placeholder}, false)",
        "c.gpc_first_seen_at IS NOT NULL",
        "c.email IS NOT NULL",
        "c.phone IS NOT NULL",
    )


def _marketing() -> list[Use]:
    return [use for use in catalogue().uses.values() if use.kind is Purpose.MARKETING]


def _channels() -> Sequence[tuple[str, str]]:
    return [(use.channel.value, use.name) for use in _marketing()]


def _verdicts(signature: Sequence[Any]) -> Mapping[str, Reason | None]:
    person = rules.Signature(*signature)
    found = {use.channel.value: rules.against(person, channel=use.channel, bit=use.bit) for use in _marketing()}
    return {channel: _RANKS[why] if why else None for channel, why in found.items()}


def _purposes() -> Sequence[tuple[str, str]]:
    return [(use.key, use.name) for use in catalogue().uses.values()]


def _against(signature: Sequence[Any], purpose: str) -> Reason | None:
    use = catalogue().uses[purpose]
    why = rules.against(rules.Signature(*signature), channel=use.channel, bit=use.bit)
    return _RANKS[why] if why else None


GATE: Final = Gate(columns=_columns, channels=_channels, verdicts=_verdicts, purposes=_purposes, against=_against)
