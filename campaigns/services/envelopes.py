"""Letters as bytes for a plain mail server: what Django's e-mail classes would write, at a tenth of their work.

Two parts, `multipart/alternative` (RFC 2046 section 5.1.4), CRLF at the end of lines, nothing but ASCII: other words
are quoted-printable (RFC 2045 section 6.7), in headers encoded words (RFC 2047).
"""

import re
import secrets
from binascii import b2a_qp
from collections.abc import Iterable
from dataclasses import dataclass
from email.header import Header
from email.utils import formatdate
from smtplib import quoteaddr
from typing import Final

from django.core.mail.message import sanitize_address

_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-][A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]*@[A-Za-z0-9.-]+")
_SHORT: Final = 60
_LONGEST_LINE: Final = 998
"""RFC 5322 section 2.1.1, without the end of the line."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as it goes over the wire, from and to addresses as SMTP names them."""

    sender: str
    recipient: str
    data: bytes


def envelope(
    *, sender: str, recipient: str, subject: str, headers: Iterable[tuple[str, str]], text: str, html: str
) -> Envelope:
    """The message to one address. ValueError for an address that is none, and for headers of several lines."""
    to, boundary = address(recipient), secrets.token_hex(12)
    lines = [
        ("Subject", _subject(_one_line(subject))),
        ("From", _one_line(sender)),
        ("To", to),
        ("Date", formatdate()),
        *((name, _one_line(value)) for name, value in headers),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative; boundary="{boundary}"'),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in lines).encode("ascii")
    edge = f"--{boundary}".encode()
    parts = (head, edge, _part("plain", text), edge, _part("html", html), edge + b"--\r\n")
    return Envelope(sender=sender, recipient=to, data=b"\r\n".join(parts))


def address(text: str, /) -> str:
    """The address in ASCII, as servers take it; ValueError when it is none."""
    if _PLAIN_ADDRESS.fullmatch(text):
        return text
    if "@" not in text:
        raise ValueError("an address has a domain")
    return sanitize_address(text, "utf-8")


def path_of(address: str, /) -> str:
    """The address as commands of SMTP name it, in angle brackets; ValueError for one of several lines."""
    if _PLAIN_ADDRESS.fullmatch(address):
        return f"<{address}>"
    return _one_line(quoteaddr(address))


def _subject(text: str) -> str:
    plain = text.isascii() and "=?" not in text
    if plain and len(text) <= _SHORT:
        return text
    return Header(text, "us-ascii" if plain else "utf-8", header_name="Subject").encode(linesep="\r\n")


def _one_line(value: str) -> str:
    """A line end would begin another header."""
    if "\n" in value or "\r" in value:
        raise ValueError("a header has one line")
    return value


def _part(kind: str, text: str) -> bytes:
    body = text.replace("\r\n", "\n").replace("\r", "\n")
    if body.isascii() and max(map(len, body.split("\n"))) <= _LONGEST_LINE:
        way, data = "7bit", body.encode()
    else:
        way, data = "quoted-printable", b2a_qp(body.encode(), istext=True)
    head = f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: {way}\r\n\r\n'
    return head.encode() + data.replace(b"\n", b"\r\n")
