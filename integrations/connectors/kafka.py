"""Apache Kafka: letters with their order key, confirmed by all replicas, none twice by a retry of the library."""

import logging
from collections.abc import Sequence
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

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

_GRACE_S: Final = 5.0
_log: Final = logging.getLogger("kafka")


class Kafka:
    """A producer for one topic.

    The library resolves names itself. So every name is looked at before it is handed over, those that the brokers give
    each other too; and a name that changes in between gains nothing, because the certificate must be that of the name.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._producer: Producer | None = None

    def send(self, letters: Sequence[Letter]) -> Receipt:
        """See Broker."""
        confirmed, errors = [False] * len(letters), list[str]()
        try:
            producer = self._producer = self._producer or self._connected()
            for place, letter in enumerate(letters):
                self._hand_in(producer, letter, _Noting(place, confirmed, errors))
            producer.flush(CONFIRM_S + _GRACE_S)
        except KafkaException as trouble:
            errors.append(_words(trouble.args[0]))
        except BrokerError as trouble:
            errors.append(str(trouble))
        if all(confirmed):
            return Receipt(confirmed)
        self.close()
        return Receipt(confirmed, errors[0] if errors else "The brokers confirmed nothing in time.")

    def close(self) -> None:
        """See Broker."""
        if self._producer is not None:
            self._producer.purge()
            self._producer.flush(0)
        self._producer = None

    def _hand_in(self, producer: Producer, letter: Letter, note: "_Noting") -> None:
        headers: list[tuple[str, str | bytes | None]] = [("content-type", CONTENT_TYPE)]
        producer.produce(self._target.destination, letter.body, letter.key, headers=headers, on_delivery=note)
        producer.poll(0)

    def _connected(self) -> Producer:
        """A producer, once the topic is known to be there and every broker to be a public one."""
        target = self._target
        for host, port in target.servers:
            addresses_of(host, port, loopback=target.loopback)
        producer = Producer(_settings(target), logger=_log)
        known = producer.list_topics(target.destination, timeout=CONNECT_S)
        for broker in known.brokers.values():
            addresses_of(broker.host, broker.port, loopback=target.loopback)
        trouble = known.topics[target.destination].error
        if trouble is not None and not trouble.retriable():
            raise BrokerError(_words(trouble))
        return producer


class _Noting:
    """Called by the library with what came of one letter."""

    def __init__(self, place: int, confirmed: list[bool], errors: list[str]) -> None:
        self._place, self._confirmed, self._errors = place, confirmed, errors

    def __call__(self, trouble: KafkaError | None, message: Message) -> None:
        self._confirmed[self._place] = trouble is None
        if trouble is not None:
            self._errors.append(_words(trouble))


def _settings(target: Target) -> dict[str, Any]:
    """By the names of librdkafka's CONFIGURATION.md."""
    names = {"bootstrap.servers": ",".join(f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p in target.servers)}
    signing_in = {"sasl.mechanism": target.mechanism, "sasl.username": target.username}
    if target.mechanism:
        names |= signing_in | {"sasl.password": target.password}
    return names | {
        "security.protocol": ("SASL_" if target.mechanism else "") + ("SSL" if target.tls else "PLAINTEXT"),
        "ssl.ca.location": target.ca_file or "probe",
        "ssl.endpoint.identification.algorithm": "https",
        "client.id": "marketing_hub",
        "acks": "all",
        "enable.idempotence": True,
        "message.timeout.ms": int(CONFIRM_S * 1_000),
        "linger.ms": 5,
        "partitioner": "murmur2_random",
    }


def _words(trouble: KafkaError) -> str:
    return f"{trouble.str().rstrip('.')} ({trouble.name()})."[:200]
