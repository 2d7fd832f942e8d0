"""A server on this machine that speaks the JSON protocol of Amazon Kinesis, for as much of it as a writer needs.

It checks the signature of each call (Signature Version 4), keeps what it took by shard, and can refuse part of a call.
"""

import base64
import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCESS_KEY, SECRET, REGION, STREAM = "HUBHUBHUBHUBHUBHUBHU", "a-secret-access-key", "eu-central-1", "hub-events"
SHARDS = 4
FULL = "ProvisionedThroughputExceededException"
Refusal = Callable[[int, Mapping[str, Any]], str]


@dataclass
class KinesisServer:
    """`refuses` answers an error code, or nothing, for each record of a call; `troubles` refuse whole calls."""

    servers: str = ""
    status: str = "ACTIVE"
    refuses: Refusal = lambda _place, _record: ""
    troubles: deque[str] = field(default_factory=deque)
    calls: list[list[dict[str, Any]]] = field(default_factory=list)
    taken: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    described: int = 0

    def answer(self, target: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """What the service answers; ValueError with the code of a refusal."""
        if body["StreamName"] != STREAM:
            raise ValueError("ResourceNotFoundException")
        if target == "Kinesis_20131202.DescribeStreamSummary":
            self.described += 1
            summary = {"StreamName": STREAM, "StreamStatus": self.status, "OpenShardCount": SHARDS}
            return {"StreamDescriptionSummary": summary}
        if target != "Kinesis_20131202.PutRecords":
            raise ValueError("UnknownOperationException")
        return self._put(body["Records"])

    def _put(self, records: list[dict[str, Any]]) -> dict[str, Any]:
        sizes = [len(base64.b64decode(one["Data"])) + len(one["PartitionKey"].encode()) for one in records]
        if not 0 < len(records) <= 500 or sum(sizes) > 5 * 2**20 or max(sizes) > 2**20:
            raise ValueError("ValidationException")
        self.calls.append(records)
        if self.troubles:
            raise ValueError(self.troubles.popleft())
        answers = [self._one(place, record) for place, record in enumerate(records)]
        return {"FailedRecordCount": sum("ErrorCode" in one for one in answers), "Records": answers}

    def _one(self, place: int, record: Mapping[str, Any]) -> dict[str, Any]:
        if code := self.refuses(place, record):
            return {"ErrorCode": code, "ErrorMessage": f"Refused for shard of account 123: {code}"}
        key = record["PartitionKey"]
        shard = int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16) * SHARDS >> 128
        self.taken.append((shard, key, json.loads(base64.b64decode(record["Data"]))))
        return {"SequenceNumber": f"4957{len(self.taken):050}", "ShardId": f"shardId-{shard:012}"}


@contextmanager
def kinesis_server() -> Iterator[KinesisServer]:
    """A running server; it is gone with the block."""
    found = KinesisServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    server.daemon_threads = True
    found.servers = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


def is_signed(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the call was signed with SECRET for Kinesis in REGION, by the steps of Signature Version 4."""
    algorithm, _, rest = headers.get("Authorization", "").partition(" ")
    facts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
    key, _, scope = facts.get("Credential", "").partition("/")
    day = headers.get("X-Amz-Date", "")[:8]
    if (algorithm, key, scope) != ("AWS4-HMAC-SHA256", ACCESS_KEY, f"{day}/{REGION}/kinesis/aws4_request"):
        return False
    names = facts["SignedHeaders"].split(";")
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in names)
    canonical = "\n".join(["POST", "/", "", lines, ";".join(names), hashlib.sha256(body).hexdigest()])
    text = "\n".join([algorithm, headers["X-Amz-Date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    secret = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        secret = hmac.digest(secret, part.encode(), "sha256")
    signature = hmac.digest(secret, text.encode(), "sha256").hex()
    return {"host", "x-amz-date", "x-amz-target"} <= set(names) and signature == facts["Signature"]


def _handler(found: KinesisServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                if not is_signed(self.headers, body):
                    raise ValueError("InvalidSignatureException")
                self._said(200, found.answer(self.headers["X-Amz-Target"], json.loads(body)))
            except ValueError as refusal:
                self._said(400, {"__type": str(refusal), "message": "No."})

        def _said(self, status: int, answer: object) -> None:
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            return

    return Handler
