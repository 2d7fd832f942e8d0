"""Clients that send events without pause and repeat what was not answered, as a careful partner does."""

import itertools
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import httpx

from tests.support import partner
from tests.support.stack import Stack
from tests.support.waiting import eventually

BATCH = 25
REPEATED = frozenset({429, 500, 502, 503, 504})


class Load:
    """Events from several threads while the block runs; `accepted` holds the ids that were answered for.

    The first thread sends single events, the others batches. A request without an answer, or answered by a failure of
    the server, is sent again with the same ids until it has its answer.
    """

    def __init__(self, stack: Stack, token: str, people: Sequence[str], threads: int = 4) -> None:
        self.accepted: set[UUID] = set()
        self.duplicates = 0
        self.repeats = 0
        self.refused: list[Any] = []
        self._stack, self._token, self._people = stack, token, people
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(1 if n == 0 else BATCH,)) for n in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in self._threads)

    def flows(self, events: int = 300) -> bool:
        """Wait until that many more events were accepted."""
        goal = len(self.accepted) + events
        return eventually(lambda: len(self.accepted) >= goal or self.refused, 40) and not self.refused

    def _send(self, size: int) -> None:
        with partner.connect(self._stack, self._token, timeout=5) as http:
            for turn in itertools.count():
                if self._stop.is_set():
                    return
                events = [self._event(turn + number) for number in range(size)]
                self._count(events, self._answered(http, events))

    def _event(self, number: int) -> dict[str, Any]:
        return {
            "type": "click",
            "eventId": str(uuid4()),
            "userId": self._people[number % len(self._people)],
            "campaignId": f"campaign-{number % 3}",
            "elementId": "button",
            "deviceType": "mobile",
            "timestamp": datetime.now(UTC).isoformat(),
        }

    def _answered(self, http: httpx.Client, events: list[dict[str, Any]]) -> httpx.Response:
        single = {name: value for name, value in events[0].items() if name != "type"}
        path, body = ("click", single) if len(events) == 1 else ("events", {"events": events})
        while True:
            try:
                answer = http.post(f"/api/v1/engagement/{path}", json=body)
                if answer.status_code not in REPEATED:
                    return answer
            except httpx.TransportError:
                time.sleep(0.02)
            self.repeats += 1

    def _count(self, events: list[dict[str, Any]], answer: httpx.Response) -> None:
        body = answer.json()
        for event, result in zip(events, body.get("results", [body]), strict=True):
            if result.get("status") in ("accepted", "duplicate"):
                self.accepted.add(UUID(event["eventId"]))
                self.duplicates += result["status"] == "duplicate"
            else:
                self.refused.append(result)
