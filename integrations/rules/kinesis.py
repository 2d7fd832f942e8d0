"""Amazon Kinesis: its names, what one call of PutRecords may hold, how long to wait while a stream is full.

Of the records of one call some may fail while later ones are taken, also of the same key. So a call holds one record of
a key at most: the next one goes when that is confirmed.
"""

import re
from collections.abc import Sequence
from typing import Final

from integrations.rules.sinks import Letter

STREAM: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}")
REGION: Final = re.compile(r"[a-z]{2,5}(-[a-z]{2,10}){1,3}-\d{1,2}")
ACCESS_KEY: Final = re.compile(r"\w{16,120}", re.ASCII)
MOST_RECORDS: Final = 500
MOST_RECORD_BYTES: Final = 1_048_576
MOST_CALL_BYTES: Final = 5 * 1_048_576
LONGEST_PAUSE_S: Final = 3.2
_FULL: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "InternalFailure",
        "InternalFailureException",
        "KMSThrottlingException",
        "LimitExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
    }
)
_ENDINGS: Final = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}


def servers_in(region: str) -> str:
    """Amazon's own endpoint of the region."""
    return f"kinesis.{region}.{_ENDINGS.get(region.partition('-')[0], 'amazonaws.com')}:443"


def partition_key(letter: Letter) -> str:
    """The key within which order is kept; an event about nobody has its own, so that such events share the shards."""
    return letter.key or letter.message_id


def next_records(letters: Sequence[Letter], confirmed: Sequence[bool]) -> list[int]:
    """The places of what the next call holds: of each key the first that is not confirmed, as many as fit, in order."""
    places, keys, size = list[int](), set[str](), 0
    for place, letter in enumerate(letters):
        key = partition_key(letter)
        if confirmed[place] or key in keys:
            continue
        size += len(letter.body) + len(key.encode())
        if len(places) == MOST_RECORDS or (places and size > MOST_CALL_BYTES):
            break
        keys.add(key)
        places.append(place)
    return places


def is_taken_later(code: str) -> bool:
    """Whether what was refused with this code is taken when it is sent again more slowly."""
    return code in _FULL


def pause_before(failures: int) -> float:
    """Seconds until the next call after so many in a row that took nothing, or after one that took a part."""
    return min(LONGEST_PAUSE_S, 0.1 * 2.0 ** min(failures - 1, 10)) if failures else 0.0
