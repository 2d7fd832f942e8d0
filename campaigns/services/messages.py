"""Writing the message to one person: words filled in, both parts, the way out, and an id that never changes."""

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import sanitize_address
from django.template.loader import render_to_string
from django.utils.html import escape

from campaigns.models import Campaign
from campaigns.rules.content.blocks import Words, by_locale, numbered_links, to_html, to_text, words_for
from campaigns.rules.content.templates import FIELDS, Filled
from campaigns.selectors.given import Words as Offered
from campaigns.selectors.templates import attribute_keys
from campaigns.selectors.tracking import click_address, pixel_address
from campaigns.services.envelopes import Envelope, envelope
from consent.selectors.catalogue import Use
from consent.selectors.links import preference_link, unsubscribe_link
from customers.models import Customer


@dataclass(frozen=True, slots=True)
class Letter:
    """The words for one person, with the address that ends the purpose."""

    subject: str
    html: str
    text: str
    unsubscribe: str


@dataclass(frozen=True, slots=True)
class _Parts:
    subject: Filled
    html: Filled
    text: Filled


class Wording:
    """Words for many people; they are read once. `name` is that of the campaign they belong to."""

    def __init__(self, *, name: str, subject: str, body: str) -> None:
        texts, self._links = by_locale(subject, body), numbered_links(body)
        self._name, self._texts = name, texts
        self._read = {words: _parts(words, self._links) for words in texts.values()}
        self._open = frozenset(attribute_keys()) if any(map(_names_attributes, self._read.values())) else frozenset()

    def shown(self, customer: Customer, tracked: int = 0, language: str = "", offer: Offered | None = None) -> Letter:
        """The words alone in the language of this person, or another; TemplateFault when they cannot be made.

        Without what surrounds them in a letter, as pages and apps show them; without `offer` with its fallbacks.
        """
        parts = self._read[words_for(language or customer.language, self._texts)]
        values = {"customer": _values(customer, self._open), "campaign": {"name": self._name}}
        values |= {"offer": offer} if offer else {}
        return Letter(
            subject=" ".join(parts.subject.for_person(values).split()),
            html=parts.html.for_person({**values, "links": self._addresses(tracked)}),
            text=parts.text.for_person(values),
            unsubscribe="",
        )

    def _addresses(self, tracked: int) -> dict[str, str]:
        return {
            f"n{number}": click_address(delivery=tracked, link=number, url=url) if tracked else url
            for url, number in self._links.items()
        }


class Writer(Wording):
    """Writes the message of one campaign to many people.

    Each leads to the preference centre of its person, open until `choices_until`; without it, for tests that staff
    get to see, to no such page: nobody is to choose for somebody else.
    """

    def __init__(self, campaign: Campaign, use: Use, choices_until: datetime | None = None) -> None:
        super().__init__(name=campaign.name, subject=campaign.subject, body=campaign.final_body)
        self._campaign, self._use, self._until, self._page = campaign, use, choices_until, _Page()
        self._sender = sanitize_address(settings.DEFAULT_FROM_EMAIL, "utf-8")

    def letter(self, customer: Customer, tracked: int = 0, language: str = "", offer: Offered | None = None) -> Letter:
        """The words for this person in her language or another; TemplateFault when they cannot be made.

        With `tracked`, the number of a delivery whose person allows that, links lead by way of us and a picture says
        that the message was shown; the plain text keeps the addresses as they were written.
        """
        words = self.shown(customer, tracked, language, offer)
        way_out = unsubscribe_link(customer=customer, purpose=self._use)
        choices = preference_link(customer=customer, expires_at=self._until) if self._until else ""
        below = f"\nAll your choices: {choices}" if choices else ""
        pixel = pixel_address(delivery=tracked) if tracked else ""
        return Letter(
            subject=words.subject,
            html=self._page.filled(content=words.html, unsubscribe=way_out, choices=choices, pixel=pixel),
            text=f"{words.text}\n\n-- \nUnsubscribe: {way_out}{below}\n",
            unsubscribe=way_out,
        )

    def message(
        self,
        *,
        customer: Customer,
        delivery_id: int,
        connection: Any,
        tracked: bool = False,
        offer: Offered | None = None,
    ) -> EmailMultiAlternatives:
        """The e-mail as it leaves. Its Message-ID names the delivery: a server that sees it twice can tell.

        A provider gives the number of the delivery back with every report on it.
        """
        letter = self.letter(customer, delivery_id if tracked else 0, offer=offer)
        message = EmailMultiAlternatives(
            subject=letter.subject,
            body=letter.text,
            to=[customer.email or ""],
            connection=connection,
            headers=dict(self._headers(letter, delivery_id)),
        )
        message.attach_alternative(letter.html, "text/html")
        if delivery_id:
            message.metadata = {"delivery": str(delivery_id)}  # type: ignore[attr-defined]
        return message

    def envelope(
        self, *, customer: Customer, delivery_id: int, tracked: bool = False, offer: Offered | None = None
    ) -> Envelope:
        """The same e-mail for a plain mail server, as bytes; ValueError for an address that is none."""
        letter = self.letter(customer, delivery_id if tracked else 0, offer=offer)
        return envelope(
            sender=self._sender,
            recipient=customer.email or "",
            subject=letter.subject,
            headers=self._headers(letter, delivery_id),
            text=letter.text,
            html=letter.html,
        )

    def _headers(self, letter: Letter, delivery_id: int) -> Iterator[tuple[str, str]]:
        domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
        yield "Message-ID", f"<{delivery_id}.{self._campaign.public_id}@{domain}>"
        yield "List-Unsubscribe", f"<{letter.unsubscribe}>"
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
        yield "Feedback-ID", f"{self._campaign.public_id}:{self._use.key}:hub"


_SLOTS: Final = ("content", "unsubscribe", "choices", "pixel")


class _Page:
    """What surrounds the words in a letter; its template is rendered once for each set of slots that are filled."""

    def __init__(self) -> None:
        self._marks = {name: secrets.token_hex(16) for name in _SLOTS}
        self._pieces: dict[frozenset[str], list[str]] = {}

    def filled(self, **values: str) -> str:
        """The whole page; `content` is HTML, everything else is escaped."""
        there = frozenset(name for name, value in values.items() if value)
        pieces = self._pieces.get(there) or self._pieces.setdefault(there, self._read(there))
        shown = {name: value if name == "content" else escape(value) for name, value in values.items()}
        return "".join(shown[piece] if place % 2 else piece for place, piece in enumerate(pieces))

    def _read(self, there: Collection[str]) -> list[str]:
        """Text, name of a slot, text, and so on."""
        marks = {name: self._marks[name] if name in there else "" for name in _SLOTS}
        page = render_to_string("campaigns/mail.html", {**marks, "brand": settings.CONSOLE_BRAND})
        names = {mark: name for name, mark in self._marks.items()}
        return [names.get(piece, piece) for piece in re.split(f"({'|'.join(names)})", page)]


def _values(customer: Customer, open_keys: Collection[str]) -> Mapping[str, Any]:
    """What words may say about a person; an attribute that became personal or sensitive meanwhile is not there."""
    attributes = {key: value for key, value in customer.attributes.items() if key in open_keys}
    return {name: getattr(customer, name) for name in FIELDS} | {"attributes": attributes}


def _names_attributes(parts: _Parts) -> bool:
    names = parts.subject.names | parts.html.names | parts.text.names
    return any(name.startswith("customer.attributes") for name in names)


def _parts(words: Words, links: Mapping[str, int]) -> _Parts:
    return _Parts(
        subject=Filled(words.subject, html=False),
        html=Filled(to_html(words.body, links), html=True),
        text=Filled(to_text(words.body), html=False),
    )
