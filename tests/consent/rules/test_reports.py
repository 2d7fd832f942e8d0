"""Which reports are due."""

from datetime import date

import pytest

from consent.rules.reports import digest_of, stretches_due


@pytest.mark.parametrize(
    ("today", "stretches"),
    [
        (date(2026, 11, 21), [(date(2026, 10, 1), date(2026, 10, 31))]),
        (date(2028, 3, 1), [(date(2028, 2, 1), date(2028, 2, 29))]),
        (date(2027, 1, 1), [(date(2026, 12, 1), date(2026, 12, 31)), (date(2026, 1, 1), date(2026, 12, 31))]),
    ],
)
def test_stretches__by_day__are_the_month_and_in_january_the_year(today, stretches):
    assert stretches_due(today) == stretches


def test_digest__order_of_members__does_not_matter():
    assert digest_of({"a": 1, "b": "é"}) == digest_of({"b": "é", "a": 1})
