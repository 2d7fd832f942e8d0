"""How many people a pilot reaches, and which."""

import pytest

from campaigns.rules.pilots import border, pilot_size


@pytest.mark.parametrize(
    ("people", "percent", "most", "expected"),
    [(200, 10, None, 20), (25, 10, None, 3), (3, 1, None, 1), (0, 10, None, 0), (50, None, 7, 7), (5, None, 7, 5)],
)
def test_pilot_size__share_or_number__never_more_than_there_are(people, percent, most, expected):
    assert pilot_size(people, percent=percent, most=most) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"), [(0, (0.1, 0)), (1, (0.1, 1)), (2, (0.1, 2)), (3, (0.4, 1)), (6, (0.7, 1))]
)
def test_border__people_at_the_same_place__as_many_as_are_left(wanted, expected):
    assert border({0.7: 1, 0.1: 2, 0.4: 3}, wanted) == expected


def test_border__nobody__holds_nobody():
    assert border({}, 3) == (2.0, 0)
