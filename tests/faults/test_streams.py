"""The process that serves streams killed in the middle: who comes back misses nothing, hears nothing twice."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import partner
from tests.support.stack import Stack
from tests.support.streams import events_in
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault
PAGE = Path(__file__).parents[2] / "docs/streaming.md"
EVENTS, BATCH = 1_200, 20
SAY = """
import time
from core import outbox
for start in range({first}, {last}, {batch}):
    facts = [outbox.Fact("campaign.paused", "cmp_%d" % n, {{"number": n}}) for n in range(start, start + {batch})]
    outbox.publish_many(facts)
    time.sleep(0.02)
"""


class Ear(threading.Thread):
    """A listener that connects again whenever the connection ends, as the HTML Standard asks of clients."""

    def __init__(self, url: str, token: str, query: str = "topics=campaign.*") -> None:
        super().__init__(daemon=True)
        self.url, self.headers = f"{url}/api/v1/stream?{query}", {"Authorization": f"Bearer {token}"}
        self.heard: list[int] = []
        self.last_id, self.connections, self.over = "", 0, threading.Event()

    def run(self) -> None:
        while not self.over.is_set():
            headers = self.headers | ({"Last-Event-ID": self.last_id} if self.last_id else {})
            try:
                with httpx.stream("GET", self.url, headers=headers, timeout=60) as answer:
                    answer.raise_for_status()
                    self.connections += 1
                    self._hear(answer)
            except httpx.HTTPError:
                self.over.wait(0.1)

    def _hear(self, answer: httpx.Response) -> None:
        for event in events_in(answer.iter_lines()):
            self.last_id = event.id or self.last_id
            if event.name == "message":
                self.heard.append(event.data["data"]["number"])
            if self.over.is_set():
                return


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        stack.start("stream")
        yield stack


def test_page__its_program__hears_what_is_there_from_the_beginning(stack):
    token = partner.register(stack, scopes=("events:read",))
    program: dict[str, Any] = {}
    exec(re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[1], program)
    stack.manage("shell", "-c", SAY.format(first=0, last=BATCH, batch=BATCH))

    events = program["listen"](stack.base_url, token, "campaign.*", "0")

    assert [next(events)["data"]["number"] for _ in range(BATCH)] == [*range(BATCH)]
    events.close()


def speak_through_kills(stack, ears, straight):
    """All listen while the log is written and the stream is killed three times; `straight` are connected to itself."""
    for ear in ears:
        ear.start()
    assert eventually(lambda: all(ear.connections for ear in ears)), stack.log("stream")[-2000:]
    stack.manage("shell", "-c", SAY.format(first=0, last=BATCH, batch=BATCH))
    assert eventually(lambda: all(ear.last_id for ear in ears)), stack.log("stream")[-2000:]

    words = ("shell", "-c", SAY.format(first=BATCH, last=EVENTS, batch=BATCH))
    speaking = threading.Thread(target=stack.manage, args=words)
    speaking.start()
    for kills, share in enumerate((0.2, 0.5, 0.8), start=1):
        assert eventually(lambda share=share: len(ears[0].heard) >= EVENTS * share), stack.log("stream")[-2000:]
        assert eventually(lambda kills=kills: all(ear.connections >= kills for ear in straight))
        stack.kill_stream()
        stack.start("stream")
    speaking.join()


def test_stream__killed_again_and_again__everything_is_heard_once_in_order(stack):
    token = partner.register(stack, scopes=("events:read",))
    ears = [Ear(stack.stream_url, token), Ear(stack.stream_url, token), Ear(stack.base_url, token)]
    speak_through_kills(stack, ears, ears[:2])

    for ear in ears:
        assert eventually(lambda ear=ear: len(ear.heard) >= EVENTS), stack.log("stream")[-2000:]
        assert ear.heard == [*range(EVENTS)]
    assert eventually(lambda: all(ear.connections > 3 for ear in ears[:2]))
    for ear in ears:
        ear.over.set()
