"""When a campaign is complete, and reasons in words."""

import pytest

from campaigns.rules.deliveries import ending, reason_words


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"sent": 5, "skipped": 2, "held_out": 1}, "completed"),
        ({"sent": 5, "failed": 1}, "completed_with_gaps"),
        ({"sent": 5, "unknown": 1}, "completed_with_gaps"),
        ({"sent": 5, "queued": 1, "failed": 1}, None),
        ({"sent": 5, "sending": 1}, None),
        ({}, "completed"),
    ],
)
def test_ending__counts__complete_only_when_nobody_is_open(counts, expected):
    assert ending(counts) == expected


def test_reason_words__own_and_consent_codes__are_words():
    assert reason_words("no_address") == "No e-mail address on record"
    assert reason_words("withdrawn") == "Consent: withdrawn"
    assert reason_words("") == ""
