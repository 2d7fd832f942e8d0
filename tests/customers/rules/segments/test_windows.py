"""Windows of time: known instants on each side of each edge."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from customers.rules.segments.lexer import Reader
from customers.rules.segments.times import days, instants
from customers.rules.segments.windows import bounds, parse_span, period_start, span_words

NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "since", "last_inside"),
    [
        ({"last": {"days": 30}}, "2026-02-02T15:30", "2026-03-04T15:30"),
        ({"last": {"hours": 1}}, "2026-03-04T14:30", "2026-03-04T15:30"),
        ({"this": "day"}, "2026-03-04", "2026-03-04T15:30"),
        ({"this": "week"}, "2026-03-02", "2026-03-04T15:30"),
        ({"this": "quarter"}, "2026-01-01", "2026-03-04T15:30"),
        ({"previous": "day"}, "2026-03-03", "2026-03-03T23:59:59.999999"),
        ({"previous": "week"}, "2026-02-23", "2026-03-01T23:59:59.999999"),
        ({"previous": "month"}, "2026-02-01", "2026-02-28T23:59:59.999999"),
        ({"previous": "quarter"}, "2025-10-01", "2025-12-31T23:59:59.999999"),
        ({"previous": "year"}, "2025-01-01", "2025-12-31T23:59:59.999999"),
        ({"from": "2026-01-10", "until": "2026-01-20"}, "2026-01-10", "2026-01-19T23:59:59.999999"),
        ({"from": "2026-01-10"}, "2026-01-10", "2026-03-04T15:30"),
        ({"from": "2026-01-10", "until": "2027-01-20"}, "2026-01-10", "2026-03-04T15:30"),
    ],
)
def test_bounds__window__begins_and_ends_exactly_there(window, since, last_inside):
    found = bounds(window, NOW)

    assert found.since == at(since)
    assert found.until is not None and (found.until - at(last_inside)).total_seconds() == 1e-6


BERLIN, NEW_YORK, AUCKLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Auckland")


@pytest.mark.parametrize(
    ("zone", "now", "window", "since", "until"),
    [
        # 29 March 2026: clocks in Berlin go from 02:00 to 03:00, the day has 23 hours.
        (BERLIN, "2026-03-29T20:00", {"this": "day"}, "2026-03-28T23:00", None),
        (BERLIN, "2026-03-30T10:00", {"previous": "day"}, "2026-03-28T23:00", "2026-03-29T22:00"),
        (BERLIN, "2026-04-02T10:00", {"previous": "month"}, "2026-02-28T23:00", "2026-03-31T22:00"),
        (BERLIN, "2026-04-01T10:00", {"previous": "week"}, "2026-03-22T23:00", "2026-03-29T22:00"),
        # 25 October 2026: back from 03:00 to 02:00, the day has 25 hours.
        (BERLIN, "2026-10-26T10:00", {"previous": "day"}, "2026-10-24T22:00", "2026-10-25T23:00"),
        (BERLIN, "2026-10-25T12:00", {"from": "2026-10-25", "until": "2026-10-26"}, "2026-10-24T22:00", None),
        # 24 hours are 24 hours, whatever the clock shows.
        (BERLIN, "2026-03-29T12:00", {"last": {"hours": 24}}, "2026-03-28T12:00", None),
        (NEW_YORK, "2026-03-09T12:00", {"previous": "day"}, "2026-03-08T05:00", "2026-03-09T04:00"),
        # It is Monday in Auckland while UTC still has Sunday.
        (AUCKLAND, "2026-03-01T20:00", {"this": "week"}, "2026-03-01T11:00", None),
        (AUCKLAND, "2026-03-01T20:00", {"this": "month"}, "2026-02-28T11:00", None),
        (AUCKLAND, "2025-12-31T20:00", {"previous": "year"}, "2024-12-31T11:00", "2025-12-31T11:00"),
    ],
)
def test_bounds__zone__begins_at_its_midnight_also_when_clocks_change(zone, now, window, since, until):
    found = bounds(window, at(now), zone)

    assert found.since == at(since)
    expected = at(until) if until else at(now)
    assert found.until is not None and (found.until - expected).total_seconds() == (0 if until else 1e-6)


def test_period_start__instant_in_another_zone__is_of_the_zone():
    assert period_start("day", at("2026-03-01T20:00"), AUCKLAND) == at("2026-03-01T11:00")


def test_instants__a_day_of_23_hours__holds_all_of_it_and_no_more():
    on = instants("on", "2026-03-29", NOW, BERLIN)
    before = instants("before", "2026-03-29", NOW, BERLIN)
    after = instants("after", "2026-03-29", NOW, BERLIN)
    between = instants("between_dates", ["2026-03-29", "2026-03-29"], NOW, BERLIN)

    assert on == between == (at("2026-03-28T23:00"), at("2026-03-29T22:00"))
    assert before == (None, at("2026-03-28T23:00")) and after == (at("2026-03-29T22:00"), None)


def test_days__today_in_the_zone__counts():
    found = days("within_last", {"days": 1}, at("2026-03-01T20:00"), AUCKLAND)

    assert found == (date(2026, 3, 1), date(2026, 3, 3))


@pytest.mark.parametrize(
    ("span", "words", "plural"), [({"days": 1}, "1 day", "1 days"), ({"weeks": 2}, "2 weeks", "2 weeks")]
)
def test_span__in_words__is_said_in_its_number_and_read_in_either(span, words, plural):
    said = span_words(span)

    assert said == words
    assert parse_span(Reader(words)) == parse_span(Reader(plural)) == span
