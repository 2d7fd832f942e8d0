"""Sinks: what is handed to a broker, which servers may be named, how long to wait after a failure."""

import re
from dataclasses import dataclass
from typing import Final

from integrations.rules.addresses import is_here, may_be_public

MOST_SERVERS: Final = 10
LONGEST_WAIT_S: Final = 60.0
TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
_SERVER: Final = re.compile(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Letter:
    """One event for a broker: its id and type, the key within which order is kept, the body."""

    message_id: str
    event_type: str
    key: str
    body: bytes


def servers_of(text: str) -> list[tuple[str, int]] | None:
    """The hosts and ports of `host:port,host:port`; None for any other text, or for more than MOST_SERVERS."""
    found = [_SERVER.fullmatch(part.strip()) for part in text.split(",")]
    pairs = [(match[1].strip("[]"), int(match[2])) for match in found if match is not None]
    good = len(pairs) == len(found) <= MOST_SERVERS and all(0 < port < 65_536 for _, port in pairs)
    return pairs if good else None


def servers_problem(text: str, *, tls: bool, loopback: bool) -> str:
    """Why these cannot be the servers of a sink, as a sentence; empty when they can."""
    pairs = servers_of(text)
    if pairs is None:
        return f"Write host:port, at most {MOST_SERVERS} of them with commas between."
    if loopback and all(is_here(host) for host, _ in pairs):
        return ""
    if not all(may_be_public(host) for host, _ in pairs):
        return "The servers must be public ones, not inside a private network."
    return "" if tls else "Only a server on this machine may be reached without TLS."


def wait_after(failures: int) -> float:
    """Seconds until a sink that failed so many times in a row is tried again: 1, 2, 4 and so on, up to a minute."""
    return min(LONGEST_WAIT_S, 2.0 ** min(max(0, failures - 1), 10))
