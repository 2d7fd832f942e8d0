"""Amazon Kinesis Data Streams: signed calls of PutRecords, each with one record of a key, so that its order holds."""

import time
from collections.abc import Sequence
from typing import Any, Final

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError, SSLError

from integrations.connectors.brokers import CONFIRM_S, CONNECT_S, BrokerError, Receipt, Target, addresses_of
from integrations.rules.kinesis import is_taken_later, next_records, partition_key, pause_before
from integrations.rules.sinks import Letter

_WRITABLE: Final = ("ACTIVE", "UPDATING")
_REFUSED: Final = {
    "ResourceNotFoundException": "There is no such stream in this region.",
    "AccessDeniedException": "The access key may not write into this stream.",
    "UnrecognizedClientException": "The access key is not known.",
    "InvalidSignatureException": "The secret access key does not fit the access key.",
    "ExpiredTokenException": "The access key has expired.",
}


class Kinesis:
    """A client of one stream.

    The library resolves the name of the endpoint itself. So it is looked at before each stretch; and a name that
    changes in between gains nothing, because the certificate must be that of the name. What was confirmed behind a gap
    is remembered until the gap is closed, so that only what failed is sent again.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._client: Any = None
        self._behind_gap: frozenset[str] = frozenset()

    def send(self, letters: Sequence[Letter]) -> Receipt:
        """See Broker."""
        confirmed = [letter.message_id in self._behind_gap for letter in letters]
        before, error = tuple(confirmed), ""
        try:
            self._look()
            self._client = self._client or self._connected()
            error = self._put_all(letters, confirmed)
        except (BotoCoreError, ClientError, BrokerError) as trouble:
            error = _words(trouble)
        self._behind_gap = frozenset()
        if error:
            self._behind_gap = frozenset(
                letter.message_id for letter, sure in zip(letters, confirmed, strict=True) if sure
            )
            self.close()
        return Receipt(confirmed, error, before)

    def close(self) -> None:
        """See Broker."""
        if self._client is not None:
            self._client.close()
        self._client = None

    def _put_all(self, letters: Sequence[Letter], confirmed: list[bool]) -> str:
        """Call after call until all are confirmed or CONFIRM_S are over; why some are not, or nothing."""
        limit, failures = time.monotonic() + CONFIRM_S, 0
        while places := next_records(letters, confirmed):
            trouble = self._put(letters, places, confirmed)
            moved = any(confirmed[place] for place in places)
            failures = (1 if moved else failures + 1) if trouble else 0
            pause = pause_before(failures)
            if time.monotonic() + pause > limit:
                return trouble or "The stream did not take everything in time."
            time.sleep(pause)
        return ""

    def _put(self, letters: Sequence[Letter], places: Sequence[int], confirmed: list[bool]) -> str:
        """One call; which of its records were taken is noted, and why the others were not is answered."""
        records = [{"Data": letters[place].body, "PartitionKey": partition_key(letters[place])} for place in places]
        try:
            answer = self._client.put_records(StreamName=self._target.destination, Records=records)
        except ClientError as trouble:
            if is_taken_later(_code(trouble)):
                return _words(trouble)
            raise
        errors = [str(one.get("ErrorCode") or "") for one in answer["Records"]]
        for place, code in zip(places, errors, strict=True):
            confirmed[place] = not code
        first = next(filter(None, errors), "")
        return _said(first, "The stream did not take all records.") if first else ""

    def _look(self) -> None:
        for host, port in self._target.servers:
            addresses_of(host, port, loopback=self._target.loopback)

    def _connected(self) -> Any:
        """A client, once the stream is known to be there and to take records."""
        target = self._target
        client = Session().client("kinesis", **_settings(target))
        summary = client.describe_stream_summary(StreamName=target.destination)["StreamDescriptionSummary"]
        if summary["StreamStatus"] not in _WRITABLE:
            client.close()
            raise BrokerError(f"The stream is {str(summary['StreamStatus']).lower()}.")
        return client


def _settings(target: Target) -> dict[str, Any]:
    """The key of the sink and no other, straight to its endpoint: keys and proxies of this process do not count."""
    host, port = target.servers[0]
    name = f"[{host}]" if ":" in host else host
    return {
        "region_name": target.region,
        "endpoint_url": f"{'https' if target.tls else 'http'}://{name}:{port}",
        "aws_access_key_id": target.username,
        "aws_secret_access_key": target.password,
        "verify": target.ca_file or True,
        "config": Config(
            connect_timeout=CONNECT_S,
            read_timeout=CONFIRM_S,
            retries={"total_max_attempts": 1},
            proxies={},
            max_pool_connections=1,
        ),
    }


def _code(trouble: ClientError) -> str:
    return str(trouble.response.get("Error", {}).get("Code", ""))


def _said(code: str, else_: str) -> str:
    if is_taken_later(code):
        return f"The stream takes no more at the moment ({code})."[:200]
    return _REFUSED.get(code, f"{else_.rstrip('.')} ({code})."[:200])


def _words(trouble: Exception) -> str:
    """What went wrong in a sentence, without anything of the call."""
    if isinstance(trouble, BrokerError):
        return str(trouble)
    if isinstance(trouble, ClientError):
        return _said(_code(trouble), "Kinesis refused the call.")
    if isinstance(trouble, SSLError):
        return "The certificate of the endpoint is not valid."
    if isinstance(trouble, (ConnectTimeoutError, ReadTimeoutError)):
        return "The endpoint did not answer in time."
    return "The endpoint cannot be reached."
