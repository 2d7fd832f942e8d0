"""Global Privacy Control: what counts as the signal."""

from collections.abc import Sequence

HEADER = "Sec-GPC"


def gpc_signal(values: Sequence[str]) -> bool:
    """Whether the `Sec-GPC` headers of a request turn the signal on: only the exact value `1` does.

    `values` are the header's field values, one per header line. Any other value is ignored, an extension such as
    `1;x` too, as the specification allows none; one `1` among several is enough. Servers may join several lines
    with commas (RFC 9110 section 5.3), so each member is looked at.
    """
    return any(member.strip(" \t") == "1" for value in values for member in value.split(","))
