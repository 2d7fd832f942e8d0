"""Who does something: passed to every service as `by`."""

from dataclasses import dataclass
from enum import StrEnum


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
