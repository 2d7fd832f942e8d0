"""RabbitMQ: persistent letters by AMQP 0-9-1, each confirmed by the broker and refused when no queue wants it."""

import ssl
import time
from collections.abc import Sequence
from typing import Any, Final

import amqp

from integrations.connectors.brokers import (
    CONFIRM_S,
    CONNECT_S,
    CONTENT_TYPE,
    BrokerError,
    Receipt,
    Target,
    addresses_of,
)
from integrations.rules.sinks import Letter

_PERSISTENT: Final = 2


class RabbitMQ:
    """A channel with publisher confirms to one exchange.

    A name is resolved once and connected to at an address that was checked.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection: Any = None
        self._channel: Any = None
        self._given = 0
        self._waiting: dict[int, int] = {}
        self._refused: set[str] = set()
        self._confirmed: list[bool] = []

    def send(self, letters: Sequence[Letter]) -> Receipt:
        """See Broker."""
        self._confirmed, self._waiting, self._refused = [False] * len(letters), {}, set()
        error = ""
        try:
            if self._connection is None:
                self._connect()
            for place, letter in enumerate(letters):
                self._hand_in(place, letter)
            self._wait()
        except (amqp.AMQPError, OSError, BrokerError) as trouble:
            error = _words(trouble)
        confirmed = [
            sure and letter.message_id not in self._refused
            for sure, letter in zip(self._confirmed, letters, strict=True)
        ]
        if all(confirmed):
            return Receipt(confirmed)
        self.close()
        unwanted = "No queue takes what is sent there." if self._refused else "The broker refused letters."
        return Receipt(confirmed, error or unwanted)

    def close(self) -> None:
        """See Broker."""
        if self._connection is not None:
            self._connection.collect()
        self._connection = self._channel = None

    def _hand_in(self, place: int, letter: Letter) -> None:
        self._given += 1
        self._waiting[self._given] = place
        message = amqp.Message(
            letter.body,
            message_id=letter.message_id,
            type=letter.event_type,
            content_type=CONTENT_TYPE,
            delivery_mode=_PERSISTENT,
            application_headers={"partitionkey": letter.key},
        )
        target = self._target
        key = target.routing_key or letter.event_type
        self._channel.basic_publish(message, exchange=target.destination, routing_key=key, mandatory=True)

    def _wait(self) -> None:
        """Return once every letter was answered; OSError after CONFIRM_S."""
        limit = time.monotonic() + CONFIRM_S
        while self._waiting:
            left = limit - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connection.drain_events(timeout=left)

    def _connect(self) -> None:
        target, troubles = self._target, list[str]()
        for host, port in target.servers:
            for address in addresses_of(host, port, loopback=target.loopback):
                try:
                    self._open(host, address, port)
                except (amqp.AMQPError, OSError) as trouble:
                    self.close()
                    troubles.append(_words(trouble))
                else:
                    return
        raise BrokerError(troubles[0])

    def _open(self, host: str, address: str, port: int) -> None:
        target = self._target
        self._connection = amqp.Connection(
            host=f"[{address}]:{port}" if ":" in address else f"{address}:{port}",
            userid=target.username,
            password=target.password,
            login_method="PLAIN",
            virtual_host=target.virtual_host,
            ssl=_tls(host, target.ca_file) if target.tls else False,
            connect_timeout=CONNECT_S,
            read_timeout=CONFIRM_S,
            write_timeout=CONFIRM_S,
        )
        self._connection.connect()
        self._channel = self._connection.channel()
        self._channel.events["basic_ack"].add(self._acked)
        self._channel.events["basic_nack"].add(self._nacked)
        self._channel.events["basic_return"].add(self._returned)
        self._channel.confirm_select()
        self._given = 0

    def _acked(self, tag: int, multiple: bool) -> None:
        self._answered(tag, multiple, sure=True)

    def _nacked(self, tag: int, multiple: bool) -> None:
        self._answered(tag, multiple, sure=False)

    def _answered(self, tag: int, multiple: bool, *, sure: bool) -> None:
        tags = [waiting for waiting in self._waiting if waiting == tag or (multiple and waiting < tag)]
        for one in tags:
            self._confirmed[self._waiting.pop(one)] = sure

    def _returned(self, _error: object, _exchange: str, _key: str, message: Any) -> None:
        self._refused.add(message.properties["message_id"])


def _tls(host: str, ca_file: str) -> dict[str, Any]:
    versions = {"ssl_version": ssl.PROTOCOL_TLS_CLIENT, "tls_minimum_version": ssl.TLSVersion.TLSv1_2}
    return versions | {"server_hostname": host, "cert_reqs": ssl.CERT_REQUIRED, "ca_certs": ca_file or None}


def _words(trouble: Exception) -> str:
    """What went wrong in a sentence; the broker's own words where it has some."""
    if isinstance(trouble, BrokerError):
        return str(trouble)
    if isinstance(trouble, TimeoutError):
        return "The broker did not answer in time."
    if isinstance(trouble, ssl.SSLError):
        return "The certificate of the broker is not valid."
    if isinstance(trouble, amqp.AMQPError):
        return str(getattr(trouble, "reply_text", "") or trouble)[:200] or "The broker ended the connection."
    return "The broker cannot be reached."
