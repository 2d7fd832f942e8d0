from datetime import UTC, datetime

import pytest

from consent.rules.periods import add_months


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2027-01-31", 1, "2027-02-28"), ("2028-01-31", 1, "2028-02-29"), ("2028-02-29", 12, "2029-02-28"),
        ("2026-12-15", 1, "2027-01-15"), ("2026-03-31", -1, "2026-02-28"), ("2026-01-10", -13, "2024-12-10"),
        ("2026-05-05", 0, "2026-05-05"),
    ],
)  # fmt: skip
def test_add_months__calendar_months__keep_the_day_or_the_last_of_the_month(start, months, end):
    assert add_months(datetime.fromisoformat(start).replace(tzinfo=UTC), months) == datetime.fromisoformat(end).replace(
        tzinfo=UTC
    )
