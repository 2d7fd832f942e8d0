"""Ceilings of fines: what the law says, for these figures."""

from decimal import Decimal

import pytest

from consent.rules.risk import REFERENCES, TURNOVER, ccpa_ceiling, gdpr_ceiling

FIRST = {key: reference.first for key, reference in REFERENCES.items()}


@pytest.mark.parametrize(
    ("turnover", "ceiling"), [(0, 20_000_000), (500_000_000, 20_000_000), (1_000_000_000, 40_000_000)]
)
def test_gdpr_ceiling__is_the_higher_of_sum_and_share(turnover, ceiling):
    assert gdpr_ceiling(FIRST | {TURNOVER: Decimal(turnover)}) == ceiling


def test_ccpa_ceiling__counts_each_violation():
    assert ccpa_ceiling(FIRST, violations=3) == 3 * 7988
