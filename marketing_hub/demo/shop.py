"""The demo's web shop: an outside program that knows nothing but the API's address, its own id and its secret."""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlencode

BATCH: Final = 100
_TRIES: Final = 30
_TIMEOUT_S: Final = 60.0
_BUSY: Final = (429, 503)


class ShopError(Exception):
    """The API did not answer as it is documented to; the text says what it did instead."""


class Shop:
    """Sends events with a token it takes by client credentials; it waits as long as the API asks it to."""

    def __init__(self, base_url: str, client_id: str, secret: str) -> None:
        self._base_url = base_url.rstrip("/")
        pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        form = urlencode({"grant_type": "client_credentials"}).encode()
        answer = self._post("/oauth/token", form, "application/x-www-form-urlencoded", f"Basic {pair}")
        self._bearer = f"Bearer {answer['access_token']}"

    def send(self, events: Sequence[dict[str, Any]], progress: Callable[[int], None]) -> list[dict[str, Any]]:
        """The API's verdict on each event, in their order; `progress` is told how many have theirs."""
        verdicts: list[dict[str, Any]] = []
        for start in range(0, len(events), BATCH):
            batch = events[start : start + BATCH]
            body = json.dumps({"events": batch}).encode()
            found = self._post("/api/v1/engagement/events", body, "application/json", self._bearer)["results"]
            if len(found) != len(batch):
                raise ShopError(f"{len(batch)} events were sent and {len(found)} verdicts came back.")
            verdicts += found
            progress(len(verdicts))
        return verdicts

    def _post(self, path: str, body: bytes, kind: str, authorization: str) -> dict[str, Any]:
        """The JSON answer; again after Retry-After while the API is busy. A 400 that judges each event is one."""
        headers = {"Content-Type": kind, "Authorization": authorization}
        request = urllib.request.Request(self._base_url + path, body, headers)  # noqa: S310  our own address
        for _ in range(_TRIES):
            try:
                with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310
                    answer: dict[str, Any] = json.load(response)
                    return answer
            except urllib.error.HTTPError as refusal:
                if refusal.code in _BUSY:
                    time.sleep(int(refusal.headers.get("Retry-After") or 1))
                    continue
                return self._judged(path, refusal)
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                raise ShopError(f"{self._base_url}{path} does not answer: {error}") from error
        raise ShopError(f"{self._base_url}{path} was busy {_TRIES} times.")

    @staticmethod
    def _judged(path: str, refusal: urllib.error.HTTPError) -> dict[str, Any]:
        text = refusal.read().decode(errors="replace")
        answer: Any = json.loads(text) if text.startswith("{") else {}
        if "results" in answer:
            return dict(answer)
        raise ShopError(f"{path} answered {refusal.code}: {answer.get('message', text[:200])}")
