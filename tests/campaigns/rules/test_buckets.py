"""Token buckets."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.rules.buckets import Bucket, take

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("tokens", "seconds", "wanted", "granted", "left"),
    [(10, 0, 4, 4, 6), (0, 3, 100, 6, 0), (10, 1000, 100, 20, 0), (0, 0, 5, 0, 0), (5, -60, 9, 5, 0)],
)
def test_take__bucket_of_twenty_filling_two_a_second__grants_what_is_there(tokens, seconds, wanted, granted, left):
    now = NOON + timedelta(seconds=seconds)

    found, bucket = take(Bucket(tokens, NOON), now=now, per_second=2, burst=20, wanted=wanted)

    assert (found, bucket.tokens) == (granted, left)
    assert bucket.at == max(now, NOON)
