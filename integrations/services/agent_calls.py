"""Calling authorised agents back when the status of a request changed (Data Rights Protocol 1.0, 2.03)."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from django.conf import settings

from consent.selectors.agents import Callback, due_callbacks
from consent.services.agents import note_call
from integrations.connectors.http import Door

Clock = Callable[[], datetime]


def call_agents(*, clock: Clock) -> int:
    """Agents that asked to be called back know where their requests stand; how many calls arrived.

    Calls leave through the guarded door of webhooks, all at once and outside of any transaction; one that did not
    arrive is made again at the next round, for a bounded number of rounds. The protocol makes this a best effort.
    """
    calls = due_callbacks(now=clock())
    arrived = asyncio.run(_called(calls)) if calls else []
    for call, came in zip(calls, arrived, strict=True):
        note_call(request_id=call.request_id, mark=call.mark, arrived=came)
    return sum(arrived)


async def _called(calls: Sequence[Callback]) -> list[bool]:
    timeout, ca_file = settings.WEBHOOK_TIMEOUT_SECONDS, settings.WEBHOOK_CA_FILE
    headers = {"Content-Type": "application/json"}
    async with Door(timeout_s=timeout, loopback=settings.WEBHOOK_LOOPBACK, ca_file=ca_file) as door:
        answers = await asyncio.gather(*(door.post(url=c.url, body=c.body, headers=headers) for c in calls))
    return [answer.arrived for answer in answers]
