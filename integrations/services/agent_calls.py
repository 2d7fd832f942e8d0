"""Calling back whoever sent a request for a person: authorised agents (Data Rights Protocol 1.0, 2.03) and others."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings

from consent.selectors.agents import due_callbacks
from consent.services.agents import note_call
from integrations.connectors.http import Door

Clock = Callable[[], datetime]
_JSON: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Call:
    """A JSON body for an address, and what its headers say beside the type."""

    url: str
    body: bytes
    headers: Mapping[str, str]


def call_agents(*, clock: Clock) -> int:
    """Agents that asked to be called back know where their requests stand; how many calls arrived.

    One that did not arrive is made again at the next round, for a bounded number of rounds. The protocol makes this a
    best effort.
    """
    due = due_callbacks(now=clock())
    arrived = make_calls(calls=[Call(one.url, one.body, {}) for one in due])
    for call, came in zip(due, arrived, strict=True):
        note_call(request_id=call.request_id, mark=call.mark, arrived=came)
    return sum(arrived)


def make_calls(*, calls: Sequence[Call]) -> list[bool]:
    """Which of them arrived. They leave through the guarded door of webhooks, all at once; not for transactions."""
    return asyncio.run(_called(calls)) if calls else []


async def _called(calls: Sequence[Call]) -> list[bool]:
    timeout, ca_file = settings.WEBHOOK_TIMEOUT_SECONDS, settings.WEBHOOK_CA_FILE
    async with Door(timeout_s=timeout, loopback=settings.WEBHOOK_LOOPBACK, ca_file=ca_file) as door:
        posts = (door.post(url=c.url, body=c.body, headers={**_JSON, **c.headers}) for c in calls)
        answers = await asyncio.gather(*posts)
    return [answer.arrived for answer in answers]
