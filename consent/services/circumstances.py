"""How a stranger's request came in, and who she is to the audit trail."""

from dataclasses import dataclass
from typing import Any

from core.actors import Actor, ActorKind
from core.crypto import keyed_hash
from customers.models import Customer


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """How a stranger's request came in: kept as keyed hashes, as proof beside what she decided."""

    ip: str = ""
    user_agent: str = ""
    locale: str = "en"
    gpc: bool = False

    def evidence(self, form: str) -> dict[str, Any]:
        """As the ledger keeps it."""
        hashes = {
            "ip_hash": keyed_hash("consent-ip", self.ip) if self.ip else None,
            "user_agent_hash": keyed_hash("consent-user-agent", self.user_agent) if self.user_agent else None,
        }
        return {"form_id": form, "page": f"{form}/{self.locale}", **hashes}


def person_actor(*, customer: Customer, how: Circumstances) -> Actor:
    """The person the data is about, acting herself."""
    return Actor(kind=ActorKind.PERSON, id=customer.public_id, ip=how.ip)
