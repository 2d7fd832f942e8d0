import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.rules.calendars import add_months, holidays_of, is_working_day
from consent.rules.deadline_cases import parse_deadline_case
from consent.rules.deadlines import Case, Clock, Happening, due
from consent.rules.regimes import regime_for_place, regime_of
from tests.consent.rules.cases import patient

VECTORS = json.loads((Path(__file__).parent / "vectors_deadlines.json").read_text())
ROLLING = ["EU/DE", "EU/DE-BY", "EU/FR", "EU/GR", "UK/UK", "UK/SCT", "US-CA"]
EVERYWHERE = [*ROLLING, "US-VA", "CA-QC", "BR", "EU", "*"]
QUESTIONS = ("identity", "clarification", "fee")

regimes = st.sampled_from(EVERYWHERE)
days = st.dates(date(2024, 1, 1), date(2034, 12, 31))


@st.composite
def pauses(draw, received):
    """Up to three questions, each asked after receipt and answered later."""
    found = []
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(QUESTIONS))
        asked = received + timedelta(days=draw(st.integers(0, 60)))
        answered = asked + timedelta(days=draw(st.integers(0, 40)))
        found += [Happening(f"{kind}_requested", asked), Happening(f"{kind}_received", answered)]
    return tuple(found)


@st.composite
def cases(draw, extended=None):
    """A request anywhere with questions and perhaps an extension."""
    received = draw(days)
    happenings = draw(pauses(received))
    if draw(st.booleans()) if extended is None else extended:
        happenings += (Happening("extended", received + timedelta(days=draw(st.integers(0, 60)))),)
    regime = regime_of(draw(regimes))
    return Case(regime=regime, clock=Clock.RESPOND, received=received, happenings=happenings)


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: f"{row['n']} {row['regime']} {row['clock']}")
def test_due__worked_example__gives_both_dates_and_says_why(row):
    found = due(parse_deadline_case(row))

    assert (found.law_due.isoformat(), found.safe_due.isoformat()) == (row["law_due"], row["safe_due"])
    assert found.why[-1] == f"Rule set {found.rule_set}, {found.holiday_set}."


@given(cases())
@patient
def test_due__anywhere__law_is_never_before_the_day_we_work_towards(case):
    found = due(case)

    assert found.law_due >= found.safe_due


@given(st.sampled_from(ROLLING), days, st.data())
@patient
def test_due__where_the_law_rolls__ends_on_a_working_day(code, received, data):
    regime = regime_of(code)
    case = Case(regime=regime, clock=Clock.RESPOND, received=received, happenings=data.draw(pauses(received)))

    assert is_working_day(due(case).law_due, regime.calendar)


@given(cases(), st.sampled_from(QUESTIONS), st.integers(0, 60), st.integers(0, 40))
@patient
def test_due__one_pause_more__never_comes_earlier(case, kind, after, lasting):
    asked = case.received + timedelta(days=after)
    more = (Happening(f"{kind}_requested", asked), Happening(f"{kind}_received", asked + timedelta(days=lasting)))
    if any(one.kind.startswith(kind) for one in case.happenings):
        return
    without_extension = tuple(one for one in case.happenings if one.kind != "extended")
    before = due(Case(regime=case.regime, clock=case.clock, received=case.received, happenings=without_extension))

    after_it = due(
        Case(regime=case.regime, clock=case.clock, received=case.received, happenings=without_extension + more)
    )

    assert after_it.law_due >= before.law_due
    assert after_it.safe_due == before.safe_due


@given(days)
@patient
def test_add_months__next_day__is_never_earlier(received):
    assert add_months(received + timedelta(days=1), 1) >= add_months(received, 1)


@given(cases(extended=True))
@patient
def test_due__extension__never_shortens_and_is_refused_after_the_period(case):
    without = Case(
        regime=case.regime,
        clock=case.clock,
        received=case.received,
        happenings=tuple(one for one in case.happenings if one.kind != "extended"),
    )
    notice = next(one.on for one in case.happenings if one.kind == "extended")
    plain, extended = due(without), due(case)

    assert extended.law_due >= plain.law_due and extended.safe_due >= plain.safe_due
    if extended.notice_by is None or notice > extended.notice_by:
        assert (extended.extension, extended.law_due, extended.safe_due) == ("refused", plain.law_due, plain.safe_due)
    else:
        assert extended.extension == "accepted"


@given(cases())
@patient
def test_due__computed_again__is_identical(case):
    assert due(case) == due(case)


@given(days, st.integers(1, 40))
@patient
def test_due__question_in_california__stops_nothing(received, lasting):
    regime = regime_of("US-CA")
    asked = Happening("identity_requested", received)
    answered = Happening("identity_received", received + timedelta(days=lasting))

    plain = due(Case(regime=regime, clock=Clock.RESPOND, received=received))
    paused = due(Case(regime=regime, clock=Clock.RESPOND, received=received, happenings=(asked, answered)))

    assert (paused.law_due, paused.safe_due) == (plain.law_due, plain.safe_due)


def test_due__overlapping_questions__count_no_day_twice():
    regime, received = regime_of("EU/DE"), date(2026, 6, 1)
    one = (Happening("identity_requested", date(2026, 6, 2)), Happening("identity_received", date(2026, 6, 12)))
    two = (
        Happening("clarification_requested", date(2026, 6, 5)),
        Happening("clarification_received", date(2026, 6, 10)),
    )

    found = due(Case(regime=regime, clock=Clock.RESPOND, received=received, happenings=one + two))

    assert found.days_stopped == 10


def test_due__question_after_the_period__does_not_revive_it():
    regime, received = regime_of("EU/DE"), date(2026, 6, 1)
    late = (Happening("identity_requested", date(2026, 7, 5)), Happening("identity_received", date(2026, 8, 5)))

    found = due(Case(regime=regime, clock=Clock.RESPOND, received=received, happenings=late))

    assert (found.law_due, found.days_stopped) == (date(2026, 7, 1), 0)


def test_due__open_question__moves_with_today():
    regime, received = regime_of("EU/DE"), date(2026, 6, 1)
    asked = (Happening("identity_requested", date(2026, 6, 2)),)

    stands = due(Case(regime=regime, clock=Clock.RESPOND, received=received, happenings=asked))
    moves = due(Case(regime=regime, clock=Clock.RESPOND, received=received, happenings=asked, today=date(2026, 6, 20)))

    assert (stands.law_due, moves.law_due) == (date(2026, 7, 1), date(2026, 7, 20))


@pytest.mark.parametrize(
    ("place", "law", "calendar"),
    [
        ("DE", "gdpr", "DE"),
        ("DE-BY", "gdpr", "DE-BY"),
        ("FR", "gdpr", "FR"),
        ("GB", "uk_gdpr", "UK"),
        ("GB-SCT", "uk_gdpr", "UK-SCT"),
        ("US-CA", "ccpa", "US-CA"),
        ("US-VA", "us_state", "US"),
        ("US-WA", "elsewhere", None),
        ("CA-QC", "quebec", "CA"),
        ("CA", "pipeda", "CA"),
        ("BR", "lgpd", None),
        ("", "elsewhere", None),
        ("JP", "elsewhere", None),
    ],
)
def test_regime_for_place__place__has_its_law_and_holidays(place, law, calendar):
    regime = regime_for_place(place)

    assert (regime.law.key, regime.calendar) == (law, calendar)
    assert law == "elsewhere" or regime_of(regime.code) == regime
    assert not regime.code.endswith("/")


@pytest.mark.parametrize(
    ("calendar", "day", "off"),
    [
        ("US-CA", date(2026, 7, 3), True),  # 4 July on a Saturday
        ("US-CA", date(2026, 11, 27), True),  # the day after Thanksgiving
        ("US-CA", date(2027, 2, 12), False),  # Lincoln Day: offices are open
        ("US", date(2026, 11, 27), False),
        ("UK", date(2026, 12, 28), True),  # Boxing Day on a Saturday
        ("UK", date(2022, 12, 27), True),  # Christmas Day on a Sunday, Boxing Day on Monday
        ("UK-SCT", date(2026, 4, 6), False),  # no Easter Monday
        ("UK-NIR", date(2026, 3, 17), True),
        ("DE", date(2026, 11, 11), False),
        ("FR", date(2026, 11, 11), True),
        ("GR", date(2026, 4, 13), True),  # Orthodox Easter Monday
        ("CA", date(2026, 7, 1), True),
    ],
)
def test_holidays_of__known_days__are_right(calendar, day, off):
    assert (day in holidays_of(calendar, day.year)) is off
