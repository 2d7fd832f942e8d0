"""Which courier sends to which endpoint: endpoints fall into SHARDS parts, and the parts are dealt out by rank."""

from typing import Final

SHARDS: Final = 24
"""Parts; 2, 3, 4, 6, 8 and 12 processes get the same number of them, and more than 24 have nothing to do."""


def shard_of(endpoint_id: int) -> int:
    """The part in which an endpoint is for ever."""
    return endpoint_id % SHARDS


def dealt(rank: int, processes: int) -> frozenset[int]:
    """The parts of the process with this rank (0 is the first) among so many: each part is dealt to exactly one."""
    if not 0 <= rank < processes:
        raise ValueError(f"rank {rank} of {processes}")
    return frozenset(range(rank, SHARDS, processes))
