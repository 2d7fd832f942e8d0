"""What changes when somebody moves: the rule of one place against another, and the clocks of both. Pure."""

from dataclasses import dataclass
from typing import Any, Final

from consent.rules.case import Case
from consent.rules.decisions import Decision, may_process
from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.policy import gate_mode
from consent.rules.regimes import Law, regime_for_place
from consent.rules.vocabulary import Channel, Purpose

_NOT_COMPARED: Final = frozenset({"code", "name", "rule_set", "sources", "in_force_from"})
_MODES: Final = {"opt_in": "ask first", "implied": "ask first, or implied", "opt_out": "until they say no"}
USES: Final = (
    (Purpose.MARKETING, Channel.EMAIL),
    (Purpose.MARKETING, Channel.SMS),
    (Purpose.MARKETING, Channel.PUSH),
    (Purpose.MARKETING, Channel.PHONE),
    (Purpose.MARKETING, Channel.POST),
    (Purpose.ANALYTICS, Channel.COOKIE),
    (Purpose.PERSONALISATION, Channel.COOKIE),
    (Purpose.SALE_SHARE, Channel.ANY),
    (Purpose.TARGETED_ADS, Channel.ADS_AUDIENCE),
    (Purpose.PARTNER_SHARE, Channel.PARTNER_SHARE),
    (Purpose.AUTOMATED_DECISION, Channel.ANY),
)
"""The uses that a simulation without a customer goes through."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is otherwise in the other place."""

    topic: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Move:
    """The rules, clocks and, for one case, answers that change; empty where nothing does."""

    before: str
    after: str
    rules: list[Difference]
    clocks: list[Difference]
    uses: list[Difference]


def compare_rules(before: JurisdictionRule, after: JurisdictionRule) -> list[Difference]:
    """Every field of the policy row that differs, in words, and the mode of the gate for tracking."""
    old, new = before.to_dict(), after.to_dict()
    gates = (gate_mode(before).value, gate_mode(after).value)
    found = [Difference("Gate for tracking", _MODES[gates[0]], _MODES[gates[1]])] if gates[0] != gates[1] else []
    return found + [
        Difference(_topic(name), _word(old[name]), _word(new[name]))
        for name in old
        if name not in _NOT_COMPARED and old[name] != new[name]
    ]


def compare_clocks(before: str, after: str) -> list[Difference]:
    """How long a request may take in both places (ISO 3166-1 or -2): answer, extension, acknowledgement, pauses."""
    old, new = _clocks(regime_for_place(before).law), _clocks(regime_for_place(after).law)
    return [Difference(topic, old[topic], new[topic]) for topic in old if old[topic] != new[topic]]


def compare_uses(case: Case, before: JurisdictionRule, after: JurisdictionRule) -> list[Difference]:
    """The uses among USES whose answer or reason differs for a person with these facts."""
    found = []
    for purpose, channel in USES:
        asked = _as_use(case, purpose, channel)
        old, new = may_process(asked, before), may_process(asked, after)
        if (old.answer, old.reason) != (new.answer, new.reason):
            found.append(Difference(f"{_topic(purpose.value)}, {channel.value}", _answer(old), _answer(new)))
    return found


def simulate(case: Case, before: JurisdictionRule, after: JurisdictionRule, places: tuple[str, str]) -> Move:
    """Everything that changes for a person with these facts between two places."""
    return Move(
        before=before.name,
        after=after.name,
        rules=compare_rules(before, after),
        clocks=compare_clocks(*places),
        uses=compare_uses(case, before, after),
    )


def _as_use(case: Case, purpose: Purpose, channel: Channel) -> Case:
    facts = {name: getattr(case, name) for name in Case.__dataclass_fields__}
    return Case(**facts | {"purpose": purpose, "channel": channel})


def _answer(decision: Decision) -> str:
    return f"{decision.answer.value}: {decision.why}"


def _clocks(law: Law) -> dict[str, str]:
    main = _period(law.months, law.days)
    return {
        "Law": f"{law.name} ({law.article})",
        "Answer within": main,
        "Extension": _period(law.more_months, law.more_days),
        "Acknowledge within": _period(0, law.ack_days) if law.ack_days else _working(law.ack_working_days),
        "Opt-out within": _working(law.opt_out_working_days),
        "While identity is asked for": law.identity.value.replace("_", " "),
        "While a question is open": law.clarification.value.replace("_", " "),
        "Last day on a weekend or holiday": "moves on" if law.rolls else "stays",
    }


def _period(months: int, days: int) -> str:
    if months:
        return f"{months} month{'s' if months > 1 else ''}"
    return f"{days} days" if days else "none"


def _working(days: int) -> str:
    return f"{days} working days" if days else "none"


def _topic(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(item).replace("_", " ") for item in value) or "none"
    return _MODES.get(str(value), str(value).replace("_", " ")) if value is not None else "none"
