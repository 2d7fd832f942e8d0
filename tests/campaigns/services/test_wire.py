"""Messages on the wire: exchanges with a mail server, and what its answers become."""

import smtplib
import socketserver
import threading

import pytest

from campaigns.services.envelopes import envelope
from campaigns.services.wire import transmit


class Server(socketserver.BaseRequestHandler):
    """Answers each line from `says`, else 250; remembers what came in one piece."""

    says: dict[str, str]
    offers: str
    heard: list[list[str]]
    texts: list[str]

    def handle(self):
        self.request.sendall(b"220 here\r\n")
        while data := self.request.recv(65_536):
            lines = data.decode().splitlines()
            self.heard.append([line.partition(" ")[0].lower() for line in lines])
            for line in lines:
                self.answer(line)
                if self.says.get(line.partition(" ")[0].lower(), "").startswith("421"):
                    return

    def answer(self, line):
        verb = line.partition(" ")[0].lower()
        reply = self.says.get(verb, "354 go on" if verb == "data" else "250 ok")
        if verb == "ehlo":
            reply = f"250-here\r\n250 {self.offers}"
        self.request.sendall(f"{reply}\r\n".encode())
        if reply.startswith("354"):
            self.take()

    def take(self):
        data = b""
        while not (data == b".\r\n" or data.endswith(b"\r\n.\r\n")):
            data += self.request.recv(65_536)
        self.heard.append(["text"])
        self.texts.append(data.decode())
        self.request.sendall(f"{self.says.get('text', '250 taken')}\r\n".encode())


@pytest.fixture
def server():
    """A function that starts one."""
    started = []

    def start(offers="PIPELINING", **says):
        handler = type("Handler", (Server,), {"says": says, "offers": offers, "heard": [], "texts": []})
        found = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        found.daemon_threads = True
        threading.Thread(target=found.serve_forever, daemon=True).start()
        started.append(found)
        return smtplib.SMTP(*found.server_address, timeout=10), handler

    yield start
    for one in started:
        one.shutdown()
        one.server_close()


def letter(text="Hello"):
    return envelope(sender="a@example.com", recipient="b@example.com", subject="Hi", headers=[], text=text, html="Hi")


def test_transmit__server_offers_pipelining__two_exchanges_a_message(server):
    client, seen = server()

    transmit(server=client, message=letter())
    transmit(server=client, message=letter())

    assert seen.heard[1:] == [["mail", "rcpt", "data"], ["text"]] * 2


def test_transmit__server_offers_nothing__one_command_at_a_time(server):
    client, seen = server(offers="HELP")

    transmit(server=client, message=letter())

    assert seen.heard[1:] == [["mail"], ["rcpt"], ["data"], ["text"]]


def test_transmit__lines_that_begin_with_a_period__arrive_as_they_were(server):
    client, seen = server()

    transmit(server=client, message=letter("one\n.two\n..three"))

    assert "\r\none\r\n..two\r\n...three\r\n" in seen.texts[0]


@pytest.mark.parametrize(
    ("says", "refusal", "code"),
    [
        ({"mail": "550 5.7.1 no"}, smtplib.SMTPSenderRefused, 550),
        ({"mail": "451 later", "data": "503 no sender"}, smtplib.SMTPSenderRefused, 451),
        ({"rcpt": "550 5.1.1 nobody"}, smtplib.SMTPRecipientsRefused, 550),
        ({"rcpt": "452 full", "data": "554 nobody to send to"}, smtplib.SMTPRecipientsRefused, 452),
        ({"data": "451 busy"}, smtplib.SMTPDataError, 451),
        ({"text": "554 5.7.1 spam"}, smtplib.SMTPDataError, 554),
    ],
)
def test_transmit__refused__no_word_of_it_leaves_and_the_next_one_goes(server, says, refusal, code):
    client, seen = server(**says)

    with pytest.raises(refusal) as refused:
        transmit(server=client, message=letter())
    texts = list(seen.texts)
    seen.says.clear()
    transmit(server=client, message=letter())

    found = refused.value
    said = next(iter(found.recipients.values()))[0] if hasattr(found, "recipients") else found.smtp_code
    assert said == code
    assert texts in ([], [".\r\n"]) or "text" in says
    assert "Hello" in seen.texts[-1]


def test_transmit__server_closes__says_its_code_and_lets_go_of_the_connection(server):
    client, _ = server(mail="421 closing", rcpt="421 closing", data="421 closing")

    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        transmit(server=client, message=letter())

    assert (refused.value.smtp_code, client.sock) == (421, None)


def test_transmit__address_of_several_lines__is_never_sent(server):
    client, seen = server()
    message = letter()
    object.__setattr__(message, "recipient", "<\r\n")

    with pytest.raises(ValueError, match="one line"):
        transmit(server=client, message=message)

    assert seen.heard == [["ehlo"]]
