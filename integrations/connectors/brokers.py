"""What all brokers have in common: letters go in, each is confirmed or not, and nothing private is connected to."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from integrations.rules.addresses import may_connect
from integrations.rules.sinks import Letter

CONNECT_S: Final = 10.0
CONFIRM_S: Final = 15.0
CONTENT_TYPE: Final = "application/cloudevents+json; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Target:
    """Where letters go and who we are there; `ca_file` adds authorities, `loopback` lets this machine in."""

    servers: tuple[tuple[str, int], ...]
    destination: str
    routing_key: str
    virtual_host: str
    tls: bool
    mechanism: str
    username: str
    password: str = field(repr=False)
    region: str = ""
    ca_file: str = ""
    loopback: bool = False


class BrokerError(Exception):
    """The broker cannot be reached, or does not want us; the text says why and holds no secret."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Which letters were confirmed, in the order in which they were handed in, and why not all were.

    `before`: those of them that an earlier receipt told of already and that were not sent again; empty for none.
    """

    confirmed: Sequence[bool]
    error: str = ""
    before: Sequence[bool] = ()

    @property
    def fresh(self) -> Sequence[bool]:
        """Which letters were sent and confirmed now."""
        before = self.before or [False] * len(self.confirmed)
        return [sure and not known for sure, known in zip(self.confirmed, before, strict=True)]

    @property
    def in_order(self) -> int:
        """How many from the first on without a gap."""
        return next((place for place, sure in enumerate(self.confirmed) if not sure), len(self.confirmed))


class Broker(Protocol):
    """A connection that is made when it is needed first, and again after a failure. Calls block."""

    def send(self, letters: Sequence[Letter]) -> Receipt:
        """Hand in all letters in their order and wait, within some CONNECT_S and CONFIRM_S, for the confirmations."""
        ...

    def close(self) -> None:
        """Let the connection go."""
        ...


def addresses_of(host: str, port: int, *, loopback: bool) -> list[str]:
    """The addresses of `host` that may be connected to; BrokerError when there is none, or another one beside."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise BrokerError(f"The name {host} was not found.") from None
    found = list(dict.fromkeys(str(row[4][0]) for row in rows))
    if not all(may_connect(address, loopback=loopback) for address in found):
        raise BrokerError(f"{host} leads to an address that is not public.")
    return found
