"""The demo's web shop against small HTTP servers that answer as the API is documented to."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from marketing_hub.demo.shop import Shop, ShopError

TOKEN = (200, {}, {"access_token": "t"})


class Api(BaseHTTPRequestHandler):
    """Gives the prepared answers in their order and keeps what was asked."""

    answers: ClassVar[list[tuple[int, dict[str, str], dict[str, Any]]]] = []
    asked: ClassVar[list[tuple[str, str, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, self.headers["Authorization"], body))
        status, headers, answer = self.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def api() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Api.answers, Api.asked = [TOKEN], []
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def verdicts(count: int) -> dict[str, Any]:
    return {"results": [{"index": index, "status": "accepted"} for index in range(count)]}


def test_send__more_than_a_batch__sends_hundreds_with_the_token(api):
    Api.answers += [(202, {}, verdicts(100)), (202, {}, verdicts(20))]
    told: list[int] = []

    found = Shop(api, "id", "secret").send([{"type": "view"}] * 120, told.append)

    assert (len(found), told) == (120, [100, 120])
    assert [authorization for _, authorization, _ in Api.asked] == ["Basic aWQ6c2VjcmV0", "Bearer t", "Bearer t"]
    assert [len(json.loads(body)["events"]) for _, _, body in Api.asked[1:]] == [100, 20]


def test_send__quota_exceeded__waits_as_asked_and_sends_the_same_again(api):
    Api.answers += [(429, {"Retry-After": "0"}, {"code": "rate_limited"}), (202, {}, verdicts(1))]

    found = Shop(api, "id", "secret").send([{"type": "view"}], lambda done: None)

    assert found == [{"index": 0, "status": "accepted"}]
    assert Api.asked[1] == Api.asked[2]


def test_send__none_of_a_batch_stored__reads_the_verdicts(api):
    refused = {"results": [{"index": 0, "status": "rejected", "code": "consent_required"}], "error": "BadRequest"}
    Api.answers.append((400, {}, refused))

    found = Shop(api, "id", "secret").send([{"type": "view"}], lambda done: None)

    assert found == refused["results"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((403, {}, {"message": "Not this scope."}), "answered 403: Not this scope."),
        ((202, {}, verdicts(2)), "2 verdicts"),
    ],
)
def test_send__anything_else__is_an_error_that_says_what(api, answer, words):
    Api.answers.append(answer)

    with pytest.raises(ShopError, match=words):
        Shop(api, "id", "secret").send([{"type": "view"}], lambda done: None)


def test_shop__nobody_answers__says_where():
    with pytest.raises(ShopError, match=r"http://127\.0\.0\.1:9/oauth/token does not answer"):
        Shop("http://127.0.0.1:9", "id", "secret")
