"""Signed addresses in messages: where a link leads by way of us, and the picture that says a message was shown.

An address holds the number of a delivery, never a person, and is signed with a key derived from HUB_MASTER_KEY: nobody
can make us redirect to a place of theirs, or count for somebody else.
"""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

from core.crypto import open_text, sign_text

_OPEN: Final = "message open"
_CLICK: Final = "message click"


@dataclass(frozen=True, slots=True)
class Click:
    """Which link of which delivery was followed, and where it leads."""

    delivery: int
    link: int
    url: str


def pixel_address(*, delivery: int) -> str:
    """The address of the picture in this message."""
    return f"{settings.PUBLIC_URL}/t/o/{sign_text(_OPEN, str(delivery))}.gif"


def click_address(*, delivery: int, link: int, url: str) -> str:
    """The address that counts and leads on to `url`; `link` is its number in the message, from 1."""
    return f"{settings.PUBLIC_URL}/t/c/{sign_text(_CLICK, f'{delivery}:{link}:{url}')}"


def opened_delivery(token: str, /) -> int | None:
    """The delivery of a picture's token; None when it is not ours."""
    text = open_text(_OPEN, token)
    return int(text) if text else None


def click_of(token: str, /) -> Click | None:
    """What a link's token says; None when it is not ours."""
    text = open_text(_CLICK, token)
    if not text:
        return None
    delivery, link, url = text.split(":", 2)
    return Click(int(delivery), int(link), url)
