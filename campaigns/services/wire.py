"""One message over an open connection to a mail server, in as few exchanges as the server allows."""

from contextlib import suppress
from functools import lru_cache
from smtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from typing import Final

from campaigns.services.envelopes import Envelope, path_of

_CLOSING: Final = 421
_GO_ON: Final = 354
_FINE: Final = ((250,), (250, 251), (_GO_ON,))
"""Of sender, recipient and DATA."""


def transmit(*, server: SMTP, message: Envelope) -> None:
    """The server has taken the message, or one of the exceptions of `smtplib` says why not.

    Two exchanges instead of four where it offers PIPELINING (RFC 2920): sender, recipient and DATA go in one flight.
    The text itself waits for all three answers.
    """
    server.ehlo_or_helo_if_needed()
    if not server.has_extn("pipelining"):
        server.sendmail(message.sender, [message.recipient], message.data)
        return
    server.send(_commands(server, message))
    refusal, go_on = _answers(server, message)
    if refusal is None:
        server.send(_dotted(message.data))
        code, words = server.getreply()
        if code == 250:
            return
        refusal = SMTPDataError(code, words)
        if code == _CLOSING:
            server.close()
    elif go_on:
        # It wants the text although it takes nobody: it gets none (RFC 2920 section 3.1).
        server.send(b".\r\n")
        server.getreply()
    if server.sock is not None:
        _reset(server)
    raise refusal


def _answers(server: SMTP, message: Envelope) -> tuple[SMTPException | None, bool]:
    """The first refusal of sender, recipient and DATA, and whether the server waits for the text."""
    refusal: SMTPException | None = None
    code = 0
    for place in range(3):
        code, words = server.getreply()
        if code not in _FINE[place]:
            refusal = refusal or _refusal(place, message, code, words)
        if code == _CLOSING:
            server.close()
            break
    return refusal, code == _GO_ON


def _refusal(place: int, message: Envelope, code: int, words: bytes) -> SMTPException:
    if place == 1:
        return SMTPRecipientsRefused({message.recipient: (code, words)})
    return SMTPDataError(code, words) if place else SMTPSenderRefused(code, words, message.sender)


def _commands(server: SMTP, message: Envelope) -> bytes:
    size = f" size={len(message.data)}" if server.has_extn("size") else ""
    sender, recipient = _sender(message.sender), path_of(message.recipient)
    return f"mail FROM:{sender}{size}\r\nrcpt TO:{recipient}\r\ndata\r\n".encode("ascii")


@lru_cache(maxsize=64)
def _sender(address: str) -> str:
    return path_of(address)


def _dotted(data: bytes) -> bytes:
    """Lines that begin with a period have another one, and a period ends it all (RFC 5321 section 4.5.2)."""
    return (b"." if data.startswith(b".") else b"") + data.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _reset(server: SMTP) -> None:
    """The connection is as before, or gone."""
    with suppress(SMTPServerDisconnected):
        server.rset()
