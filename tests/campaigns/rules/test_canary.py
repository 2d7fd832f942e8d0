"""Whether the first messages did well enough."""

from decimal import Decimal

import pytest

from campaigns.rules.canary import First, told, trouble

LIMITS = {"bounces": Decimal("5.00"), "complaints": Decimal("0.30")}


@pytest.mark.parametrize(
    ("first", "stops"),
    [
        (First(1000, 50, 3), False),
        (First(1000, 51, 0), True),
        (First(1000, 0, 4), True),
        (First(10, 2, 0), False),
        (First(10, 3, 0), True),
        (First(10, 0, 1), True),
        (First(0, 0, 0), True),
    ],
)
def test_trouble__first_messages__stop_above_the_limits(first, stops):
    assert bool(trouble(first, **LIMITS)) is stops


def test_first__refused_at_once_and_bounced_later__counts_the_greater():
    first = First.of(sent=98, failed=2, outcomes={"hard": 3, "soft": 1, "delivered": 90, "complaint": 1})

    assert first == First(100, 4, 1)
    assert told(first) == "Of the first 100 messages 4 bounced and 1 were reported as spam."
