"""What was not sent on purpose."""

import pytest

from campaigns.rules.deliveries import REASONS
from campaigns.rules.sparing import KINDS, kind_of, spared


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("suppressed", "suppression"),
        ("consent_missing", "permission"),
        ("objected", "permission"),
        ("restricted", "permission"),
        ("frequency_cap", "limits"),
        ("merged", "duplicate"),
        ("goal_reached", "goal"),
        ("cancelled", None),
        ("no_address", None),
        ("", None),
    ],
)
def test_kind_of__reason__is_what_kept_the_message_back(reason, kind):
    assert kind_of(reason) == kind


def test_kind_of__every_known_reason__is_a_kind_or_nothing():
    assert {kind_of(reason) for reason in REASONS} <= {*KINDS, None}


def test_spared__reasons_of_one_kind__are_added():
    assert spared([("consent_missing", 3), ("restricted", 1), ("replaced", 2), ("no_address", 9)]) == {
        "permission": 4,
        "limits": 2,
    }
