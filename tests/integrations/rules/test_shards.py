"""Each part of the endpoints is dealt to exactly one courier."""

import pytest

from integrations.rules.shards import SHARDS, dealt, shard_of


@pytest.mark.parametrize("processes", [1, 2, 3, 5, SHARDS, SHARDS + 3])
def test_dealt__so_many_processes__every_part_to_one_and_nobody_has_two_more_than_another(processes):
    hands = [dealt(rank, processes) for rank in range(processes)]

    assert sorted(part for hand in hands for part in hand) == list(range(SHARDS))
    assert max(map(len, hands)) - min(map(len, hands)) <= 1


def test_dealt__rank_that_nobody_has__is_refused():
    with pytest.raises(ValueError, match="rank 2 of 2"):
        dealt(2, 2)


def test_shard_of__endpoints_made_one_after_another__lie_in_different_parts():
    assert len({shard_of(pk) for pk in range(100, 100 + SHARDS)}) == SHARDS
