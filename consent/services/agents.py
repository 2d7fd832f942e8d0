"""What authorised agents do by the Data Rights Protocol 1.0: make a token, ask for a person, take that back."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, TypeVar

from django.conf import settings
from django.db import transaction

from consent.models import DataRequest, RightsAgent
from consent.rules.callbacks import after_call
from consent.rules.data_rights import Exercise, Refused, check_claims, read_exercise, read_signed
from consent.rules.requests import Channel, State, needs_identity
from consent.selectors.agents import agent_of_token, mark_of, request_of_agent
from consent.selectors.requests import contact_hash_of
from consent.services.request_decisions import withdraw_request
from consent.services.requests import NewRequest, ask_requester, open_request, start_collecting, verify_request
from core import audit
from core.actors import Actor, ActorKind
from core.crypto import digest, new_secret
from core.errors import Forbidden, InvalidInput, RateLimited
from core.meter import Window, take

_PAIRING: Final = (Window("hour", 20, 3_600),)
_BY_AGENT: Final = (Window("hour", 1_000, 3_600),)
_BY_CONTACT: Final = (Window("day", 3, 86_400),)
_MALFORMED: Final = frozenset(
    {"not_base64", "not_json", "bad_claim", "email_missing", "unsupported_action", "unsupported_regime"}
)
Read = TypeVar("Read")


def pair_agent(*, agent_id: str, body: bytes, ip: str, now: datetime) -> str:
    """A new token for this agent; the one before opens nothing any more. Only its digest is kept.

    Forbidden unless the message is signed by the agent's key, names it and us, holds now, and is newer than the one
    before it. 429 after twenty tries an hour from one network address.
    """
    if not take(f"drp-pair:{ip}", _PAIRING).granted:
        raise RateLimited("Too many tries from here. Try again in an hour.")
    token = new_secret("drp_")
    with transaction.atomic():
        agent = RightsAgent.objects.select_for_update().filter(agent_id=agent_id, ended_on=None).first()
        if agent is None:
            raise Forbidden("No agent of this name is registered.")
        issued = _held(lambda: _claims(agent, body, now)[1])
        if agent.paired_at and issued <= agent.paired_at:
            raise Forbidden("This message was used before.", code="replayed")
        agent.token_digest, agent.paired_at, agent.updated_at = digest(token), issued, now
        agent.save(update_fields=["token_digest", "paired_at", "updated_at"])
        audit.record(by=_actor(agent, ip), action="agent.paired", target=agent.public_id)
    return token


def exercise_right(*, token: str, body: bytes, ip: str, now: datetime) -> DataRequest:
    """The request is on the desk, as if the person had asked herself; the same message again answers the same request.

    Where the law wants to know who asks, she gets a letter with a link, unless the agent has verified her address and
    we rely on that. 401 for an unknown token, 403 for a message that is not the agent's, not for us or not of this
    moment, 400 for one we cannot carry out, 429 after three requests a day for one address.
    """
    agent = _asking(token)
    message, _ = _held(lambda: _claims(agent, body, now))
    asked, fingerprint = _held(lambda: read_exercise(message)), hashlib.sha256(body.strip()).hexdigest()
    with transaction.atomic():
        RightsAgent.objects.select_for_update().get(pk=agent.pk)
        earlier = DataRequest.objects.filter(via_agent=agent, agent_message=fingerprint).first()
        return earlier or _open(agent, asked, fingerprint, _actor(agent, ip), now)


@transaction.atomic
def revoke_right(*, token: str, request_id: str, body: bytes, ip: str, now: datetime) -> DataRequest:
    """The person no longer wants it: withdrawn, with a letter; one withdrawn before stays so.

    Forbidden for a request of somebody else, 409 for one that is answered, or whose erasure has begun.
    """
    agent = _asking(token)
    row = request_of_agent(agent, request_id)
    reason = _held(lambda: read_signed(body, agent.verify_key)).get("reason", "")
    if row.state == State.WITHDRAWN:
        return row
    text = reason[:300] if isinstance(reason, str) else ""
    return withdraw_request(request=row, text=text, by=_actor(agent, ip), now=now)


@transaction.atomic
def note_call(*, request_id: int, mark: str, arrived: bool) -> None:
    """That an agent was called back with this status stands on its request, or one more call that did not arrive."""
    row = DataRequest.objects.select_for_update().get(pk=request_id)
    row.agent_facts = after_call(row.agent_facts, mark=mark, arrived=arrived)
    row.save(update_fields=["agent_facts"])


def _open(agent: RightsAgent, asked: Exercise, fingerprint: str, by: Actor, now: datetime) -> DataRequest:
    hashed = contact_hash_of(asked.email)
    if hashed and not take(f"privacy-form:{hashed}", _BY_CONTACT).granted:
        raise RateLimited("Too many requests for this person today.", code="too_many_requests")
    new = NewRequest(kind=asked.kind, channel=Channel.AGENT, contact=asked.email, place=asked.place)
    row = open_request(new=replace(new, agent=agent.name, details=asked.details), by=by, now=now)
    facts = {"agent_request_id": asked.agent_request_id, "callback": asked.callback, "action": asked.action}
    DataRequest.objects.filter(pk=row.pk).update(via_agent=agent, agent_message=fingerprint, agent_facts=facts)
    if not needs_identity(row.kind):
        start_collecting(request=row, by=by, now=now)
    elif asked.email_verified and agent.relies_on_email:
        verify_request(request=row, how="e-mail address verified by agent", by=by, now=now)
    else:
        ask_requester(request=row, question="identity", by=by, now=now)
    row = DataRequest.objects.get(pk=row.pk)
    row.agent_facts = facts | {"told": mark_of(row)}
    row.save(update_fields=["agent_facts"])
    return row


def _asking(token: str) -> RightsAgent:
    agent = agent_of_token(token)
    if not take(f"drp:{agent.public_id}", _BY_AGENT).granted:
        raise RateLimited("Too many requests of this agent. Try again in an hour.")
    return agent


def _claims(agent: RightsAgent, body: bytes, now: datetime) -> tuple[dict[str, Any], datetime]:
    message = read_signed(body, agent.verify_key)
    business = settings.DRP_BUSINESS_ID
    return message, check_claims(message, agent_id=agent.agent_id, business_id=business, now=now)


def _held(read: Callable[[], Read]) -> Read:
    """What was read; a message that fails a check is refused with the code of that check."""
    try:
        return read()
    except Refused as refused:
        kind = InvalidInput if refused.code in _MALFORMED else Forbidden
        raise kind(str(refused), code=refused.code) from refused


def _actor(agent: RightsAgent, ip: str) -> Actor:
    return Actor(kind=ActorKind.CLIENT, id=agent.public_id, label=agent.name, ip=ip)
