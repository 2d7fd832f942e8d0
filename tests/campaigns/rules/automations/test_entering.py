"""Who comes in again, by policy."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.rules.automations.entering import Before, is_exclusive, why_not

NOW = datetime(2026, 6, 30, tzinfo=UTC)
OVER = Before(open=0, entered_at=NOW - timedelta(days=5))
UNDER_WAY = Before(open=1, entered_at=NOW - timedelta(days=5))


def policy(name, **more):
    return {"reentry": {"policy": name, **more}}


@pytest.mark.parametrize(
    ("graph", "before", "reason"),
    [
        ({}, Before(), ""),
        ({}, OVER, "was_in_before"),
        (policy("never"), UNDER_WAY, "was_in_before"),
        (policy("after_exit"), OVER, ""),
        (policy("after_exit"), UNDER_WAY, "is_in_already"),
        (policy("after_days", days=5), OVER, ""),
        (policy("after_days", days=6), OVER, "was_in_lately"),
        (policy("after_days", days=1), UNDER_WAY, "is_in_already"),
        (policy("always"), UNDER_WAY, ""),
    ],
)
def test_why_not__each_policy__lets_in_or_says_why(graph, before, reason):
    assert why_not(graph, before, at=NOW, now=NOW) == reason


def test_why_not__heard_of_too_late__begins_nothing():
    assert why_not(policy("always"), Before(), at=NOW - timedelta(hours=25), now=NOW) == "too_old"
    assert why_not(policy("always"), Before(), at=NOW - timedelta(hours=23), now=NOW) == ""


def test_is_exclusive__always__is_the_only_one_that_is_not():
    assert is_exclusive({})
    assert not is_exclusive(policy("always"))
