"""Authorised agents and what they may learn of their own requests."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from consent.models import DataRequest, RightsAgent
from consent.rules.callbacks import AT_ONCE, CALLED_FOR, is_due, mark_of_body
from consent.rules.data_rights import ACTIONS, VERIFICATIONS, status_of
from consent.rules.requests import needs_identity
from core.crypto import digest
from core.errors import Forbidden, Unauthenticated

_EXTENDED: Final = "The period was extended as the law allows: "


def is_open() -> bool:
    """Whether this business takes part in the network."""
    return bool(settings.DRP_BUSINESS_ID)


def agent_of_token(token: str, /) -> RightsAgent:
    """The agent that made this token last; Unauthenticated for any other and for an agent that has ended."""
    row = RightsAgent.objects.filter(token_digest=digest(token), ended_on=None).first() if token else None
    if row is None:
        raise Unauthenticated("This token is not valid: make a new one at /v1/agent/{id}.")
    return row


def request_of_agent(agent: RightsAgent, public_id: str, /) -> DataRequest:
    """A request this agent sent; Forbidden for every other, whether it exists or not (2.02.1)."""
    row = DataRequest.objects.filter(via_agent=agent, public_id=public_id).first()
    if row is None:
        raise Forbidden("This request is not managed by this agent.")
    return row


def status_answer(row: DataRequest, /) -> dict[str, Any]:
    """The Exercise Status object (3.03). The package goes to the person and never by way of the agent."""
    unknown = needs_identity(row.kind) and row.verified_at is None
    status, reason = status_of(state=row.state, identity_open=unknown, refusal=row.refusal_code)
    answer = {
        "request_id": row.public_id,
        "received_at": _stamp(row.received_at),
        "expected_by": row.law_due.isoformat(),
        "status": status,
        "reason": reason,
        "agent_request_id": row.agent_facts.get("agent_request_id", ""),
        "processing_details": _details(row, status),
        "user_verification_url": _page() if reason == "need_user_verification" else "",
    }
    return {name: value for name, value in answer.items() if value}


def business_answer() -> dict[str, Any]:
    """How the network's directory describes this business (3.05.2)."""
    return {
        "id": settings.DRP_BUSINESS_ID,
        "name": settings.CONTROLLER["name"],
        "logo": None,
        "api_base": settings.PUBLIC_URL,
        "supported_actions": list(ACTIONS),
        "supported_verifications": list(VERIFICATIONS),
        "web_url": settings.PUBLIC_URL,
        "technical_contact": settings.CONTROLLER["contact"],
        "business_contact": settings.CONTROLLER["contact"],
    }


def _details(row: DataRequest, status: str) -> str:
    if status == "denied":
        return row.refusal_reason
    if status == "fulfilled":
        return "The person was answered directly."
    extended = row.clock.filter(kind="extended").order_by("-id").first() if row.extended_at else None
    return f"{_EXTENDED}{extended.reason}" if extended else ""


def _page() -> str:
    """Where the person reads what is left to do; the link that confirms her goes to her address alone."""
    return f"{settings.PUBLIC_URL}{reverse('privacy-received')}"


def _stamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Callback:
    """A call that an agent waits for: where to, the status to tell, and the mark by which this status is known."""

    request_id: int
    url: str
    body: bytes
    mark: str


def due_callbacks(*, now: datetime) -> list[Callback]:
    """What agents that asked to be called back have not been told, the oldest request first; at most AT_ONCE.

    A request that ended longer ago than a week, or whose status could not be told in ATTEMPTS calls, is left.
    """
    rows = DataRequest.objects.filter(via_agent__isnull=False, via_agent__ended_on=None, agent_facts__callback__gt="")
    recent = rows.filter(Q(closed_at=None) | Q(closed_at__gt=now - CALLED_FOR)).order_by("pk")
    found = []
    for row in recent.iterator(chunk_size=500):
        body = _told(row)
        mark = mark_of_body(body)
        if is_due(row.agent_facts, mark):
            found.append(Callback(row.pk, row.agent_facts["callback"], body, mark))
        if len(found) == AT_ONCE:
            break
    return found


def mark_of(row: DataRequest, /) -> str:
    """By what the status of this request as it is now is known again."""
    return mark_of_body(_told(row))


def _told(row: DataRequest) -> bytes:
    return json.dumps(status_answer(row)).encode()
