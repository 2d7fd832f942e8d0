"""Questions about the links of messages: what was found there, and which of them keep a message from leaving."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings

from campaigns.models import Campaign, LinkCheck
from campaigns.rules.content.links import answer_words, links_to_check
from campaigns.rules.lifecycle import State
from campaigns.selectors.templates import with_blocks

_TO_COME = (State.IN_REVIEW, State.APPROVED, State.SCHEDULED)


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a message; `alive` is None until somebody looked."""

    url: str
    alive: bool | None
    status: int | None
    words: str
    checked_at: datetime | None


def digest_of(url: str) -> str:
    """By what an address is found."""
    return sha256(url.encode()).hexdigest()


def body_of(campaign: Campaign) -> str:
    """The text of a campaign as it would leave now."""
    return campaign.sealed_body or with_blocks(campaign.body)


def links_of(body: str) -> list[Link]:
    """The links of a text that are looked at, with what was found there last; one query when there are any."""
    urls = checked_urls(body)
    found = {row.url: row for row in LinkCheck.objects.filter(digest__in=map(digest_of, urls))} if urls else {}
    return [_link(url, found) for url in urls]


def link_problems(body: str) -> list[str]:
    """What keeps a message with these links from leaving, each in a sentence; [] when all of them lead somewhere."""
    found = links_of(body)
    dead = [f"The link {one.url[:120]} is dead: {one.words}." for one in found if one.alive is False]
    waiting = [one for one in found if one.alive is None]
    message = f"Links that nobody has looked at yet: {len(waiting)}. Have them looked at, or try again in a moment."
    return dead + ([message] if waiting else [])


def checked_urls(*bodies: str) -> list[str]:
    """The addresses that are looked at for these texts; in production also those that are only examples."""
    return list(dict.fromkeys(url for body in bodies for url in links_to_check(body, examples=settings.PRODUCTION)))


def waiting_bodies() -> Iterable[str]:
    """The texts of campaigns that are about to leave."""
    rows = Campaign.objects.filter(state__in=_TO_COME).order_by("pk")
    return (sealed or body for body, sealed in rows.values_list("body", "sealed_body")[:1_000])


def link_answer(link: Link) -> dict[str, Any]:
    """A link as partners see it."""
    return {
        "url": link.url,
        "alive": link.alive,
        "status": link.status,
        "words": link.words,
        "checked_at": link.checked_at,
    }


def _link(url: str, found: Mapping[str, LinkCheck]) -> Link:
    row = found.get(url)
    if row is None or row.alive is None:
        return Link(url, None, None, "nobody has looked yet", None)
    return Link(url, row.alive, row.status, answer_words(row.status, row.trouble), row.checked_at)
