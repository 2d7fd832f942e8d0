"""The 72 hours of GDPR Art. 33(1), counted by Reg. 1182/71."""

from datetime import UTC, datetime

import pytest

from consent.rules.breaches import clock_of, must_explain_delay


@pytest.mark.parametrize(
    ("aware", "safe", "law"),
    [
        ("2026-11-20T17:25", "2026-11-23T17:25", "2026-11-23T18:00"),  # over a weekend: hours do not move
        ("2026-12-24T00:00", "2026-12-27T00:00", "2026-12-27T00:00"),  # a whole hour begins at once
        ("2028-02-27T10:01", "2028-03-01T10:01", "2028-03-01T11:00"),  # through 29 February
    ],
)
def test_clock__seventy_two_hours__count_from_the_next_full_hour(aware, safe, law):
    found = clock_of(datetime.fromisoformat(aware).replace(tzinfo=UTC))

    assert found.safe_due == datetime.fromisoformat(safe).replace(tzinfo=UTC)
    assert found.law_due == datetime.fromisoformat(law).replace(tzinfo=UTC)
    assert found.safe_due <= found.law_due


def test_must_explain_delay__after_the_last_lawful_moment_only():
    aware = datetime(2026, 11, 20, 17, 25, tzinfo=UTC)

    assert not must_explain_delay(aware, datetime(2026, 11, 23, 18, tzinfo=UTC))
    assert must_explain_delay(aware, datetime(2026, 11, 23, 18, 1, tzinfo=UTC))
