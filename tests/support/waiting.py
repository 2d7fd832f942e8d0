"""Waiting for what another process does, with a limit and without fixed pauses."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], seconds: float = 90.0) -> bool:
    """Answer True as soon as the condition holds, False when it does not within that time."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True
