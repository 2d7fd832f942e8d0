"""A mail server on loopback that keeps what it is given."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller

from marketing_hub.processes import free_port

_LINK = re.compile(r"https?://\S+")


class Sink:
    """What a mail server was given: recipients and raw bytes of each message."""

    def __init__(self) -> None:
        self.port = free_port()
        self.messages: list[tuple[list[str], bytes]] = []

    async def handle_DATA(self, server, session, envelope):
        self.messages.append((envelope.rcpt_tos, envelope.content))
        return "250 OK"

    def last(self) -> EmailMessage:
        """The newest message, read."""
        return message_from_bytes(self.messages[-1][1], policy=policy.default)

    def last_text(self) -> str:
        """The words of the newest message."""
        return str(self.last().get_content())

    def last_link(self, part: str) -> str:
        """The address in the newest message that has `part` in it."""
        return next(link for link in _LINK.findall(self.last_text()) if part in link)


@pytest.fixture
def smtp_sink() -> Iterator[Sink]:
    """A mail server on loopback that keeps what it is given."""
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port)
    controller.start()
    yield sink
    controller.stop()
