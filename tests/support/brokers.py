"""Brokers to write into: the mock cluster inside librdkafka, and a RabbitMQ server where one is installed."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import amqp
from confluent_kafka import Consumer, Message, Producer, TopicPartition

from marketing_hub.processes import free_port
from tests.support.waiting import eventually

_DEBIAN = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""Debian's own command takes no folder of ours, this one does."""
RABBITMQ = str(_DEBIAN) if _DEBIAN.exists() else shutil.which("rabbitmq-server")
NO_RABBITMQ = "no rabbitmq-server on the PATH; on Debian: apt-get install rabbitmq-server"


@dataclass
class KafkaCluster:
    """Brokers that speak Kafka's protocol, for as long as this object lives."""

    keeper: Producer
    servers: str

    def read(self, topic: str, number: int) -> list[Message]:
        """The messages of the topic, partition by partition, once there are at least `number`."""
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": "tests", "enable.auto.commit": False})
        try:
            known = consumer.list_topics(topic, timeout=30).topics[topic].partitions
            consumer.assign([TopicPartition(topic, partition, 0) for partition in known])
            found: list[Message] = []
            assert eventually(lambda: found.extend(consumer.consume(1_000, 0.2)) or len(found) >= number, 60)
            found += consumer.consume(1_000, 0.5)
        finally:
            consumer.close()
        return sorted(found, key=lambda message: (message.partition(), message.offset()))


def kafka_cluster() -> KafkaCluster:
    """A cluster of three on loopback."""
    keeper = Producer({"test.mock.num.brokers": 3, "bootstrap.servers": "ignored:1", "log_level": 0})
    brokers = keeper.list_topics(timeout=30).brokers.values()
    return KafkaCluster(keeper, ",".join(f"{broker.host}:{broker.port}" for broker in brokers))


@dataclass
class RabbitServer:
    """A RabbitMQ server with the user guest."""

    port: int
    environment: dict[str, str]
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def servers(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Return once it answers."""
        assert RABBITMQ is not None
        self.process = subprocess.Popen(
            [RABBITMQ],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert eventually(self._answers, 120)

    def stop(self) -> None:
        """End it in order, so that what it confirmed is there when it starts again."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(timeout=60)

    def connected(self) -> amqp.Connection:
        """A connection of a reader."""
        connection = amqp.Connection(self.servers, "guest", "guest", connect_timeout=10, read_timeout=30)
        connection.connect()
        return connection

    def read(self, queue: str) -> list[Any]:
        """Takes all that is in the queue now."""
        with self.connected() as connection:
            channel = connection.channel()
            return list(iter(lambda: channel.basic_get(queue, no_ack=True), None))

    def _answers(self) -> bool:
        try:
            self.connected().close()
        except (OSError, amqp.AMQPError):
            return False
        return True


@contextmanager
def rabbit_server() -> Iterator[RabbitServer]:
    """A server of the test's own; nothing of it is left."""
    with tempfile.TemporaryDirectory(prefix="hub-rabbit-") as folder:
        Path(folder, "plugins").write_text("[].\n")
        names = ("DIST_PORT", "NODE_PORT", "EPMD_PORT")
        ports = {name: str(free_port()) for name in names}
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "ERL_EPMD_PORT": ports["EPMD_PORT"],
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"hub{ports['NODE_PORT']}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": ports["NODE_PORT"],
            "RABBITMQ_DIST_PORT": ports["DIST_PORT"],
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/log",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/plugins",
            "RABBITMQ_CONF_ENV_FILE": f"{folder}/none",
            "RABBITMQ_CONFIG_FILE": f"{folder}/none",
        }
        server = RabbitServer(int(ports["NODE_PORT"]), environment)
        try:
            server.start()
            yield server
        finally:
            if server.process is not None and server.process.poll() is None:
                server.stop()
            subprocess.run(
                ["epmd", "-port", ports["EPMD_PORT"], "-kill"], env=environment, capture_output=True, check=False
            )
