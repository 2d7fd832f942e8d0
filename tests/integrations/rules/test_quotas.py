"""How fast a window is used up."""

import pytest

from integrations.rules.quotas import burn_of

DAY = 86_400


@pytest.mark.parametrize(
    ("used", "step"), [(0, 0), (69, 0), (70, 70), (84, 70), (85, 85), (94, 85), (95, 95), (100, 95), (140, 95)]
)
def test_step__of_a_used_share__is_the_highest_reached(used, step):
    assert burn_of(used=used, limit=100, seconds=DAY, resets_in=DAY / 2).step == step


def test_burn__half_used_after_a_quarter__is_full_after_half_of_the_window():
    burn = burn_of(used=500, limit=1_000, seconds=DAY, resets_in=DAY * 3 / 4)

    assert burn.share == 0.5
    assert burn.expected == pytest.approx(2.0)
    assert burn.full_in == pytest.approx(DAY / 4)


def test_burn__slow_enough__lasts_until_the_window_ends():
    burn = burn_of(used=100, limit=1_000, seconds=DAY, resets_in=DAY / 2)

    assert burn.expected == pytest.approx(0.2)
    assert burn.full_in is None


def test_burn__used_up__is_full_now():
    assert burn_of(used=10, limit=10, seconds=DAY, resets_in=50).full_in == 0


def test_burn__first_minute_of_a_window__foretells_nothing():
    burn = burn_of(used=50, limit=100, seconds=DAY, resets_in=DAY - 10)

    assert (burn.expected, burn.full_in) == (0.5, None)
