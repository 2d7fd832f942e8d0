"""Windows of time: known instants on each side of each edge."""

from datetime import UTC, datetime

import pytest

from customers.rules.segments.windows import bounds

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
