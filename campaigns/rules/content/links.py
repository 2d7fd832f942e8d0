"""Which links of a message are looked at before it is sent, and what an answer says about one."""

from typing import Final
from urllib.parse import urlsplit

from campaigns.rules.content.blocks import links_in

MOST_LINKS: Final = 100
_EXAMPLES: Final = ("example.com", "example.net", "example.org", "example", "test", "invalid")
"""Names that RFC 2606 keeps for examples: they lead nowhere, and never will."""
_THERE: Final = frozenset({401, 403, 405, 406, 407, 429, 451})
"""Refusals that say that there is something, though not for a machine that looks."""
_TROUBLES: Final = {
    "name_unknown": "there is no such name on the internet",
    "address_refused": "it leads into a private network",
    "connection_refused": "nobody answers there",
    "connection_broken": "the connection broke off",
    "timeout": "it does not answer in time",
    "tls": "its certificate cannot be trusted",
    "redirects": "it leads from one address to the next without end",
}


def links_to_check(body: str, *, examples: bool) -> list[str]:
    """The different addresses of a message in their order, at most MOST_LINKS; without `examples` none that RFC 2606
    keeps for those.

    The way out of a letter is no link of its words and is not among them; neither is a placeholder.
    """
    found = [url for url in dict.fromkeys(links_in(body)) if _is_address(url)]
    return [url for url in found if examples or not _is_example(url)][:MOST_LINKS]


def is_alive(status: int | None) -> bool:
    """Whether the last answer of an address shows that something is there; None: there was no answer."""
    return status is not None and (200 <= status < 400 or status in _THERE)


def answer_words(status: int | None, trouble: str) -> str:
    """What was found, in words."""
    if status is None:
        return _TROUBLES.get(trouble, "it cannot be reached")
    return "it leads somewhere" if is_alive(status) else f"it answers {status}"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and "{" not in url
    except ValueError:
        return False


def _is_example(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return any(host == name or host.endswith(f".{name}") for name in _EXAMPLES)
