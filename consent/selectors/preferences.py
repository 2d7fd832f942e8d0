"""What the preference centre shows: every purpose that is ours to ask for, with the words and where she stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, IntegerField, Value, When

from consent.models import NoticeVersion
from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.policy import gate_mode
from consent.rules.preferences import use_name
from consent.rules.standing import RUNNING
from consent.rules.vocabulary import SERVICE_PURPOSES, GateMode, Mode, State
from consent.selectors.catalogue import Use, catalogue
from consent.selectors.decisions import Answer, explain
from customers.models import Customer


@dataclass(frozen=True, slots=True)
class Choice:
    """One purpose as its person sees it. `on`: we may, now. `blocked`: she said yes, and another rule forbids it.

    `notice` and `text` are the newest words, in her language where there are any; `conflict`: a yes would go against
    her Global Privacy Control signal.
    """

    use: Use
    name: str
    state: State
    on: bool
    blocked: bool
    conflict: bool
    mode: Mode
    changed_at: datetime | None
    event_id: int | None
    notice: str
    text: str


@dataclass(frozen=True, slots=True)
class Preferences:
    """All choices of one person, and what her place asks for."""

    choices: Sequence[Choice]
    rule: JurisdictionRule
    asks_first: bool
    gpc_seen: bool


def preferences_of(*, customer: Customer, locale: str, now: datetime) -> Preferences:
    """Where she stands on everything that is hers to decide; three queries."""
    answers = [one for one in explain(customer=customer, at=now, known_at=now) if one.use.kind not in SERVICE_PURPOSES]
    words = newest_notices(purpose_ids=[one.use.id for one in answers], locale=locale)
    rule, seen = catalogue().rule_of(customer.place), customer.gpc_first_seen_at is not None
    choices = [_choice(one, words.get(one.use.id), rule, seen, locale) for one in answers]
    return Preferences(choices, rule, gate_mode(rule) is GateMode.OPT_IN, seen)


def newest_notices(*, purpose_ids: Sequence[int], locale: str) -> Mapping[int, NoticeVersion]:
    """The newest notice of each purpose: in `locale`, else in English, else in whatever it was published in."""
    rank = Case(
        When(locale=locale, then=Value(0)),
        When(locale="en", then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    rows = NoticeVersion.objects.filter(purpose_id__in=purpose_ids).annotate(rank=rank)
    rows = rows.order_by("purpose_id", "-version", "rank", "locale").distinct("purpose_id")
    return {row.purpose_id: row for row in rows}


def _choice(answer: Answer, notice: NoticeVersion | None, rule: JurisdictionRule, seen: bool, locale: str) -> Choice:
    use, state = answer.use, answer.standing.state if answer.standing else State.NONE
    allowed = answer.decision.allowed
    return Choice(
        use=use,
        name=use_name(use.key, use.name, locale),
        state=state,
        on=allowed,
        blocked=not allowed and state in RUNNING,
        conflict=seen and use.kind in rule.gpc_purposes and not allowed,
        mode=rule.mode_for(use.kind, use.channel),
        changed_at=answer.standing.entry.occurred_at if answer.standing else None,
        event_id=answer.event_id,
        notice=notice.public_id if notice else "",
        text=notice.text if notice else "",
    )
