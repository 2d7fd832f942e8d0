"""Who does something (passed to every service as `by`), and what a machine proves itself with."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network


class ActorKind(StrEnum):
    STAFF = "staff"
    CLIENT = "client"
    SYSTEM = "system"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Actor:
    """A staff member, an API client, the system itself, or the person the data is about.

    `id` is a public id, never an e-mail address. `scopes` are OAuth scopes of a client or permissions of staff.
    """

    kind: ActorKind
    id: str
    label: str = ""
    request_id: str = ""
    ip: str = ""
    scopes: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


SYSTEM = Actor(kind=ActorKind.SYSTEM, id="system", label="marketing_hub")


@dataclass(frozen=True, slots=True)
class Credential:
    """A token or key that was found: whose it is, what it may do, from where, at what rate, until when.

    `client_id` is the public id of the client (`cli_...`); `staff_id` is set when a member of staff delegated. Only a
    publishable key has `origins`: the web pages that it may be used on. `bound_to`: thumbprints of the
    key and the certificate that the caller must hold.
    """

    client_id: str
    label: str
    scopes: frozenset[str]
    kind: str
    tier: str = "standard"
    networks: tuple[str, ...] = ()
    staff_id: str = ""
    if_match_required: bool = False
    source_id: int = 0
    expires_at: datetime | None = None
    origins: tuple[str, ...] = ()
    bound_to: tuple[str, str] = ("", "")


def inside(address: str, networks: Iterable[str]) -> bool:
    """Whether an IP address lies in one of the networks (CIDR); False for anything that is no address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return any(ip in ip_network(network, strict=False) for network in networks)
