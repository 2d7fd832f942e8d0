"""From the entries of the ledger to where a person stands on one purpose, and from there to a decision."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol

from consent.rules.case import Case
from consent.rules.decisions import Answer, Decision, may_process
from consent.rules.gpp import tc_sections
from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.periods import add_months
from consent.rules.reasons import Reason, explain
from consent.rules.states import IllegalTransitionError, next_state
from consent.rules.tcf import counts
from consent.rules.vocabulary import REFUSALS, Basis, Channel, Event, Purpose, State

ADULT = 18
SAME_WITHIN = timedelta(days=1)
YES_EVENTS = frozenset({Event.GRANTED, Event.RENEWED, Event.IMPORTED, Event.SOFT_OPT_IN, Event.IMPLIED})
NO_EVENTS = frozenset(Event(state.value) for state in REFUSALS)
RUNNING = frozenset({State.GRANTED, State.IMPORTED, State.SOFT_OPT_IN, State.IMPLIED})


class Use(Protocol):
    """What a decision needs to know about one of our purposes."""

    @property
    def kind(self) -> Purpose: ...
    @property
    def channel(self) -> Channel: ...
    @property
    def record_required(self) -> bool: ...
    @property
    def material_notices(self) -> Sequence[tuple[int, datetime]]:
        """(version, published at) of the notices that asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the ledger about one purpose; `facts` is its evidence, `notice` the version of the words shown."""

    seq: int
    event: Event
    occurred_at: datetime
    basis: Basis = Basis.NONE
    notice: int | None = None
    valid_until: datetime | None = None
    source: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def repeats(self, earlier: "Entry") -> bool:
        """Whether this says nothing new: the same again, with the same proof, within a day of the earlier one."""
        same = replace(self, seq=earlier.seq, occurred_at=earlier.occurred_at, valid_until=earlier.valid_until)
        return same == earlier and abs(self.occurred_at - earlier.occurred_at) < SAME_WITHIN


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands on one purpose: the state, and the entry that put it there."""

    state: State
    entry: Entry

    @property
    def granted_at(self) -> datetime | None:
        """When the running yes was given; None when there is none."""
        return self.entry.occurred_at if self.state in RUNNING else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What decisions need to know about somebody beside the ledger. `place` is ISO 3166-1 or -2, or empty."""

    place: str
    birth_date: date | None = None
    gpc_first_seen_at: datetime | None = None
    suppressed: bool = False
    restricted: bool = False

    def age(self, at: datetime) -> int | None:
        """Completed years on the UTC day of `at`; None when the birth date is not known."""
        born, today = self.birth_date, at.astimezone(UTC).date()
        if born is None:
            return None
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def after(standing: Standing | None, entry: Entry) -> Standing | None:
    """Where the person stands once `entry` is on record; IllegalTransitionError when it cannot follow.

    A no ends a yes whenever it comes in. Anything else that happened before the present state began is history and
    changes nothing: so of a yes and a no that race, the later act wins whichever is written first, and an old no does
    not make a later one forgotten.
    """
    if standing and entry.occurred_at < standing.entry.occurred_at and not _ends_a_yes(standing, entry):
        return standing
    current = standing.state if standing else State.NONE
    state = next_state(current, entry.event)
    unchanged_by_question = state == current and state.value != entry.event.value and entry.event != Event.RENEWED
    return standing if unchanged_by_question else Standing(state=state, entry=entry)


def _ends_a_yes(standing: Standing, entry: Entry) -> bool:
    return entry.event in NO_EVENTS and standing.state not in REFUSALS


def replay(entries: Iterable[Entry]) -> Standing | None:
    """Where the entries of one purpose, in order of `seq`, leave the person; None for no entries.

    Of a part of the ledger an entry may not fit what is left before it; it then changes nothing. `restored`, written
    when a merge is undone, puts the person back where the entry `restores_seq` had put her.
    """
    standing: Standing | None = None
    past: dict[int, Standing | None] = {}
    for entry in entries:
        if entry.event is Event.RESTORED:
            standing = past.get(int(entry.facts.get("restores_seq", 0)))
            continue
        try:
            standing = after(standing, entry)
        except IllegalTransitionError:
            continue
        past[entry.seq] = standing
    return standing


def decide(use: Use, person: Person, standing: Standing | None, rule: JurisdictionRule, at: datetime) -> Decision:
    """Whether this person's data may be used for `use` at `at`, under the rule of her place.

    Adds one thing to the rules of the law: a purpose that demands a record (`record_required`) is never allowed by
    silence, even where the law is opt-out.
    """
    decision = may_process(_case(use, person, standing, at), rule)
    silent = standing is None or standing.state not in RUNNING
    if use.record_required and silent and decision.reason is Reason.OPT_OUT_REGIME:
        why = explain(Reason.CONSENT_MISSING, rule, use.kind, use.channel)
        return replace(decision, answer=Answer.DENY, reason=Reason.CONSENT_MISSING, why=why)
    return decision


def decide_by_notice(
    use: Use, person: Person, standing: Standing | None, rule: JurisdictionRule, at: datetime
) -> Decision:
    """As `decide`, for somebody who was shown a notice that names the right to say no, and has not said it.

    Allows only what the place treats as opt-out; a no on record, or a signal where it covers the use, denies.
    """
    decision = may_process(replace(_case(use, person, standing, at), informed=True), rule)
    if decision.allowed and decision.reason is not Reason.OPT_OUT_REGIME:
        return decide(use, person, standing, rule, at)
    return decision


def _case(use: Use, person: Person, standing: Standing | None, at: datetime) -> Case:
    """The signal cannot be seen to be off in a record, so once seen it counts as on (11 CCR 7025(c)(5))."""
    case = Case(
        place=person.place,
        purpose=use.kind,
        channel=use.channel,
        at=at,
        suppressed=person.suppressed,
        restricted=person.restricted,
        age=person.age(at),
        gpc=person.gpc_first_seen_at is not None,
        gpc_first_seen_at=person.gpc_first_seen_at,
    )
    return case if standing is None else _with_ledger(case, use, standing)


def _with_ledger(case: Case, use: Use, standing: Standing) -> Case:
    entry, facts = standing.entry, standing.entry.facts
    flags: dict[str, Any] = {name: bool(facts.get(name, False)) for name in _FLAGS}
    return replace(
        case,
        state=standing.state,
        basis=entry.basis,
        ledger_seq=entry.seq,
        granted_at=standing.granted_at,
        changed_at=entry.occurred_at,
        valid_until=entry.valid_until,
        notice_recorded=entry.notice is not None,
        wording_recorded=entry.notice is not None and all(counts(said) for said in tc_sections(facts)),
        notice_current=entry.notice is not None and is_current(use, entry.notice, case.at),
        informed=facts.get("informed"),
        collected_at=_instant(facts.get("collected_at")),
        implied_since=_instant(facts.get("implied_since")),
        **flags,
    )


_FLAGS = (
    "conflict_prompt",
    "parent_consent",
    "doi_done",
    "two_step",
    "soft_sale",
    "soft_similar",
    "opt_out_offered",
    "charity",
    "implied_by_inquiry",
    "objection_offered",
    "own_use_only",
)


def is_current(use: Use, version: int, at: datetime) -> bool:
    """Nothing material changed since: no later version that asks again was out at `at`."""
    return not any(later > version and published <= at for later, published in use.material_notices)


def _instant(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def runs_out_at(standing: Standing, channel: Channel, rule: JurisdictionRule) -> datetime | None:
    """The first instant at which a running yes no longer holds in this place; None for any other state.

    The earliest of the end recorded with it, the longest a consent lasts there, and for an implied one the start of
    the day after its last day (CASL s. 10(10)).
    """
    granted_at = standing.granted_at
    if granted_at is None:
        return None
    ends = [standing.entry.valid_until] if standing.entry.valid_until else []
    if standing.state is State.IMPLIED:
        return min([*ends, *_implied_end(standing.entry, rule)], default=None)
    months = rule.cookie_max_age_months if channel is Channel.COOKIE else rule.consent_max_age_months
    return min([*ends, add_months(granted_at, months)])


def _implied_end(entry: Entry, rule: JurisdictionRule) -> list[datetime]:
    months = rule.implied_inquiry_months if entry.facts.get("implied_by_inquiry") else rule.implied_purchase_months
    if months == 0:
        return []
    since = _instant(entry.facts.get("implied_since"))
    if since is None:
        return [entry.occurred_at]
    last = add_months(since.astimezone(UTC), months).date()
    return [datetime.combine(last + timedelta(days=1), time.min, UTC)]


def next_birthday(person: Person, at: datetime) -> datetime | None:
    """When a young person's age next changes what she may agree to: her coming birthday until 18; None for adults."""
    age = person.age(at)
    if person.birth_date is None or age is None or not 0 <= age < ADULT:
        return None
    months = 12 * (age + 1)
    day = add_months(datetime.combine(person.birth_date, time.min, UTC), months)
    fits = (day.month, day.day) == (person.birth_date.month, person.birth_date.day)
    return day if fits else day + timedelta(days=1)
