"""The hub: from the log to the ears, from the place where somebody left, and no further than somebody can hear."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from django.db import connection

from core import outbox
from core.errors import RateLimited, Unauthenticated
from integrations.rules.streams import Mark
from integrations.selectors.stream_log import wish_for
from integrations.services import streams
from integrations.services.streams import Hub
from tests.support.streams import Sent, events_in

pytestmark = pytest.mark.django_db(transaction=True)
LIMIT_S = 60


def say(*subjects, topic="campaign.paused", **payload):
    outbox.publish_many([outbox.Fact(topic, subject, payload) for subject in subjects])


async def later(work, *args, **kwargs):
    """What `work` answers in a thread that leaves no connection to the database behind."""

    def done():
        try:
            return work(*args, **kwargs)
        finally:
            connection.close()

    return await asyncio.get_running_loop().run_in_executor(None, done)


@asynccontextmanager
async def running() -> AsyncIterator[Hub]:
    hub = Hub(clock=lambda: datetime.now(UTC))
    await hub.start()
    try:
        async with asyncio.timeout(LIMIT_S):
            yield hub
    finally:
        await hub.stop()


async def listening(hub, topics="campaign.*", after=None, welcome=lambda: None):
    """A listener that was admitted, behind the first bytes that say so."""
    wish = await later(wish_for, topics=topics, filters=[], purpose="service", client="cli_1", now=datetime.now(UTC))
    lines = hub.listen(client="cli_1", wish=wish, after=after, still_welcome=welcome)
    assert await anext(lines) == b"retry: 3000\n:ping\n"
    return lines


async def heard(lines, number) -> list[Sent]:
    """The next events, as many as that."""
    found: list[Sent] = []
    while len(found) < number:
        found += events_in((await anext(lines)).decode().splitlines())
    return found


def subjects(found):
    return [one.data["subject"] for one in found]


def test_listeners__each_with_a_wish__hear_what_they_asked_for_in_order():
    async def story():
        async with running() as hub:
            campaigns, segments = await listening(hub), await listening(hub, "segment.*")
            hearing = asyncio.gather(heard(campaigns, 4), heard(segments, 2))
            for number in range(2):
                await later(say, f"cmp_{number}", f"cmp_{number}b")
                await later(say, f"seg_{number}", topic="segment.rebuilt")
            return [subjects(found) for found in await hearing]

    assert asyncio.run(story()) == [["cmp_0", "cmp_0b", "cmp_1", "cmp_1b"], ["seg_0", "seg_1"]]


def test_listener__comes_back__gets_what_it_missed_and_then_what_is_new():
    async def story():
        async with running() as hub:
            first = await listening(hub)
            hearing = asyncio.create_task(heard(first, 1))
            await later(say, "cmp_0")
            left_at = (await hearing)[0].id
            await first.aclose()
            await later(say, *[f"cmp_{number}" for number in range(1, 700)])
        async with running() as hub:
            again = await listening(hub, after=Mark.read(left_at))
            hearing = asyncio.create_task(heard(again, 700))
            await later(say, "cmp_700")
            return subjects(await hearing), hub.listeners

    found, listeners = asyncio.run(story())
    assert found == [f"cmp_{number}" for number in range(1, 701)]
    assert listeners == 1


def test_listener__too_slow__is_cut_with_a_word_and_the_others_go_on(monkeypatch):
    monkeypatch.setattr(streams, "MOST_WAITING", 20)

    async def story():
        async with running() as hub:
            slow, quick = await listening(hub), await listening(hub)
            first = asyncio.gather(heard(quick, 1), heard(slow, 1))
            await later(say, "cmp_0")
            left_at = (await first)[1][0].id
            await later(say, *[f"cmp_{number}" for number in range(1, 60)])
            found = await heard(quick, 59)
            await later(say, "cmp_60")
            found += await heard(quick, 1)
            last = await heard(slow, 1)
            with pytest.raises(StopAsyncIteration):
                await anext(slow)
            again = await listening(hub, after=Mark.read(left_at))
            return subjects(found), last[0], subjects(await heard(again, 60))

    found, last, again = asyncio.run(story())
    assert found == [f"cmp_{number}" for number in range(1, 61)]
    assert (last.name, last.data["code"], last.id) == ("closed", "too_slow", "")
    assert again == found


def test_listener__credential_taken_away__ends_with_the_reason(monkeypatch):
    monkeypatch.setattr(streams, "ASKED_AGAIN_EVERY_S", 0.05)
    welcome = [True]

    def asked():
        if not welcome[0]:
            raise Unauthenticated("Invalid API key")

    async def story():
        async with running() as hub:
            lines = await listening(hub, welcome=asked)
            hearing = asyncio.create_task(heard(lines, 1))
            await asyncio.sleep(0)
            welcome[0] = False
            return (await hearing)[0]

    last = asyncio.run(story())
    assert (last.name, last.data["code"]) == ("closed", "invalid_token")


def test_listener__nothing_happens__gets_signs_of_life(monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.05)

    async def story():
        async with running() as hub:
            lines = await listening(hub)
            return [await anext(lines) for _ in range(2)]

    assert asyncio.run(story()) == [b":ping\n", b":ping\n"]


def test_client__too_many_listeners__is_refused_until_one_is_gone(monkeypatch):
    monkeypatch.setattr(streams, "MOST_OF_ONE_CLIENT", 1)

    async def story():
        async with running() as hub:
            hub.admit("cli_1")
            lines = await listening(hub)
            with pytest.raises(RateLimited):
                hub.admit("cli_1")
            hub.admit("cli_2")
            await lines.aclose()
            hub.admit("cli_1")

    asyncio.run(story())
