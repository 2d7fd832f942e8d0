"""TC strings made to measure, for what the published ones do not hold."""

import string
from collections.abc import Iterable
from datetime import UTC, datetime

_SIGNS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def text_of(bits: str) -> str:
    """Bits as base64url, filled up with zeros."""
    bits += "0" * (-len(bits) % 6)
    return "".join(_SIGNS[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


def tc_string(
    at: datetime,
    *,
    consents: Iterable[int] = (),
    interests: Iterable[int] = (),
    disclosed: bool = True,
    vendors: Iterable[int] = (),
    forbidden: str = "",
) -> str:
    """A string of TCF 2.3 last updated at `at` that grants these purposes of the TCF; vendors 2 and 3 were disclosed.

    `vendors` (2 and 3) have consent and a legitimate interest; `forbidden` are the bits of the restrictions.
    """
    moment = f"{int((at - _EPOCH).total_seconds() * 10):036b}"
    head = f"{2:06b}" + moment * 2 + f"{27:012b}{1:012b}{1:06b}{4:06b}{13:06b}{120:012b}{5:06b}" + "10" + "0" * 12
    given = "".join("1" if place in set(vendors) else "0" for place in range(1, 4))
    tail = "0" + f"{3:06b}{4:06b}" + f"{3:016b}0{given}" * 2 + (forbidden or "0" * 12)
    core = text_of(head + _set(consents) + _set(interests) + tail)
    return core + ("." + text_of(f"001{3:016b}0011") if disclosed else "")


def _set(numbers: Iterable[int]) -> str:
    return "".join("1" if place in set(numbers) else "0" for place in range(1, 25))
