"""From entries to a standing, from a standing to a decision, and when that ends."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.rules.periods import add_months
from consent.rules.policy import RULES, resolve
from consent.rules.reasons import Reason
from consent.rules.standing import (
    NO_EVENTS,
    RUNNING,
    YES_EVENTS,
    Entry,
    Person,
    Standing,
    after,
    decide,
    decide_by_notice,
    next_birthday,
    replay,
    runs_out_at,
)
from consent.rules.states import IllegalTransitionError
from consent.rules.vocabulary import REFUSALS, Basis, Channel, Event, Purpose, State
from tests.consent.rules.cases import NOON, patient

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Use:
    """A purpose."""

    kind: Purpose = Purpose.MARKETING
    channel: Channel = Channel.EMAIL
    record_required: bool = False
    material_notices: tuple = ()


TRACKING = Use(Purpose.ANALYTICS, Channel.COOKIE, record_required=True)


def entry(event=Event.GRANTED, at=NOON, seq=1, **facts):
    """A complete entry."""
    more = {"basis": Basis.CONSENT, "notice": 1, "facts": {"doi_done": True}} | facts
    return Entry(seq=seq, event=event, occurred_at=at, **more)


def test_after__no_and_yes_that_race__the_later_act_wins_in_either_order():
    yes, no = entry(at=NOON), entry(Event.WITHDRAWN, NOON + HOUR, 2)
    late_yes = entry(at=NOON + 2 * HOUR, seq=3)

    for order in permutations([yes, no]):
        assert replay(order).state is State.WITHDRAWN
    assert replay([no, late_yes]).state is State.GRANTED


def test_after__no_that_comes_in_late__counts_although_it_is_older_than_the_yes():
    assert replay([entry(at=NOON), entry(Event.OBJECTED, NOON - HOUR, 2)]).state is State.OBJECTED


def test_after__question_in_between__leaves_the_answer_standing():
    yes = entry()

    found = replay([yes, entry(Event.PENDING_DOI, NOON + HOUR, 2)])

    assert found == Standing(State.GRANTED, yes)


def test_after__event_that_cannot_follow__is_refused_and_ignored_in_a_replay():
    no = entry(Event.REFUSED)

    with pytest.raises(IllegalTransitionError):
        after(Standing(State.REFUSED, no), entry(Event.IMPORTED, NOON + HOUR, 2))
    assert replay([no, entry(Event.IMPORTED, NOON + HOUR, 2)]).state is State.REFUSED


def test_replay__restored__puts_her_back_where_the_named_entry_had_put_her():
    yes = entry(Event.GRANTED)
    merged = entry(Event.WITHDRAWN, NOON + HOUR, 2)
    undone = entry(Event.RESTORED, NOON + 2 * HOUR, 3, facts={"restores_seq": 1})
    nowhere = entry(Event.RESTORED, NOON + 2 * HOUR, 3, facts={"restores_seq": 0})

    assert replay([yes, merged, undone]) == Standing(State.GRANTED, yes)
    assert replay([merged, nowhere]) is None


def test_replay__no_after_a_restored_yes__is_a_no():
    history = [
        entry(Event.GRANTED),
        entry(Event.WITHDRAWN, NOON + HOUR, 2),
        entry(Event.RESTORED, NOON + 2 * HOUR, 3, facts={"restores_seq": 1}),
        entry(Event.WITHDRAWN, NOON + 3 * HOUR, 4),
    ]

    assert replay(history).state is State.WITHDRAWN


_SAID = [event for event in Event if event is not Event.RESTORED]  # undoing a merge is not something people say
entries = st.lists(st.tuples(st.sampled_from(_SAID), st.integers(0, 10)), max_size=8).map(
    lambda rows: [entry(event, NOON + n * HOUR, seq) for seq, (event, n) in enumerate(rows, start=1)]
)


@patient
@given(entries)
def test_replay__whatever_came_before__a_no_at_the_end_is_a_no(history):
    no = entry(Event.WITHDRAWN, NOON, 99)

    assert replay([*history, no]).state in REFUSALS


@patient
@given(entries)
def test_replay__last_no_later_than_every_yes__is_never_lost(history):
    told = [e for e in history if e.event in YES_EVENTS | NO_EVENTS]
    latest_no = max((e.occurred_at for e in told if e.event in NO_EVENTS), default=None)
    latest_yes = max((e.occurred_at for e in told if e.event in YES_EVENTS), default=NOON - HOUR)

    if latest_no and latest_no > latest_yes:
        assert replay(history).state in REFUSALS


@patient
@given(entries)
def test_replay__a_no_followed_by_older_entries_only__stays_a_no(history):
    latest = NOON + 11 * HOUR

    found = replay([entry(Event.WITHDRAWN, latest, 0), *history])

    assert found.state in REFUSALS


@patient
@given(entries)
def test_replay__state_is_running__only_after_a_yes(history):
    found = replay(history)

    assert found is None or found.state not in RUNNING or any(e.event in YES_EVENTS for e in history)
    assert NO_EVENTS.isdisjoint(YES_EVENTS)


@patient
@given(
    st.sampled_from(sorted(RULES)),
    st.sampled_from([Event.GRANTED, Event.IMPORTED, Event.SOFT_OPT_IN, Event.IMPLIED]),
    st.sampled_from([Use(), Use(channel=Channel.SMS), TRACKING]),
    st.one_of(st.none(), st.integers(1, 2_000)),
    st.integers(-900, 0),
)
def test_runs_out_at__any_place_and_yes__is_when_the_decision_says_expired(place, event, use, days, since):
    rule = resolve(place)
    facts = {"doi_done": True, "implied_since": (NOON + timedelta(days=since)).isoformat()}
    until = NOON + timedelta(days=days) if days else None
    standing = Standing(State(event.value), entry(event, valid_until=until, facts=facts))
    person = Person(place=place)

    end = runs_out_at(standing, use.channel, rule)

    if end is None:
        far = decide(use, person, standing, rule, NOON + timedelta(days=20_000))
        assert far.reason is not Reason.CONSENT_EXPIRED
        return
    assert decide(use, person, standing, rule, max(end, NOON)).reason is Reason.CONSENT_EXPIRED
    if end > NOON:
        before = decide(use, person, standing, rule, end - timedelta(microseconds=1))
        assert before.reason is not Reason.CONSENT_EXPIRED


def test_decide__record_required__silence_is_not_enough_where_the_law_is_opt_out():
    rule = resolve("US-CA")
    person = Person(place="US-CA")

    assert decide(TRACKING, person, None, rule, NOON).reason is Reason.CONSENT_MISSING
    assert decide_by_notice(TRACKING, person, None, rule, NOON).reason is Reason.OPT_OUT_REGIME
    assert decide(TRACKING, person, Standing(State.REQUESTED, entry(Event.REQUESTED)), rule, NOON).allowed is False
    assert decide(TRACKING, person, Standing(State.GRANTED, entry()), rule, NOON).allowed


def test_decide_by_notice__opt_in_place__is_no_way_around_consent():
    decision = decide_by_notice(TRACKING, Person(place="DE"), None, resolve("DE"), NOON)

    assert decision.reason is Reason.CONSENT_MISSING


@pytest.mark.parametrize(("version", "allowed"), [(1, False), (2, True), (3, True)])
def test_decide__notice_that_asked_again__outdates_earlier_words_only(version, allowed):
    use = Use(material_notices=((2, NOON - HOUR),))
    standing = Standing(State.GRANTED, entry(at=NOON - 2 * HOUR, notice=version))

    assert decide(use, Person(place="FR"), standing, resolve("FR"), NOON).allowed is allowed
    assert decide(use, Person(place="FR"), standing, resolve("FR"), NOON - 90 * HOUR / 60).allowed


def test_repeats__same_proof_within_a_day__and_nothing_else():
    first = entry()

    assert entry(at=NOON + HOUR, seq=2).repeats(first)
    assert not entry(at=NOON + timedelta(days=1), seq=2).repeats(first)
    assert not entry(at=NOON + HOUR, seq=2, notice=2).repeats(first)
    assert not entry(at=NOON + HOUR, seq=2, facts={}).repeats(first)
    assert not entry(at=NOON + HOUR, seq=2, source="phone").repeats(first)


@patient
@given(st.dates(date(1990, 1, 1), date(2026, 11, 20)))
def test_next_birthday__young_person__is_when_the_age_changes(born):
    person = Person(place="DE", birth_date=born)

    day = next_birthday(person, NOON)

    if person.age(NOON) >= 18:
        assert day is None
        return
    assert day > NOON
    assert person.age(day) == person.age(NOON) + 1
    assert person.age(day - timedelta(microseconds=1)) == person.age(NOON)


def test_next_birthday__born_on_29_february__is_1_march_in_other_years():
    person = Person(place="DE", birth_date=date(2016, 2, 29))

    assert next_birthday(person, datetime(2026, 12, 1, tzinfo=UTC)) == datetime(2027, 3, 1, tzinfo=UTC)
    assert add_months(datetime(2016, 2, 29, tzinfo=UTC), 12).day == 28
