"""Writing the message to one person: words filled in, both parts, the way out, and an id that never changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from campaigns.models import Campaign
from campaigns.rules.content.blocks import Words, by_locale, to_html, to_text, words_for
from campaigns.rules.content.templates import FIELDS, Filled
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


class Writer:
    """Writes the message of one campaign to many people; its templates are read once.

    Each leads to the preference centre of its person, open until `choices_until`; without it, for tests that staff
    get to see, to no such page: nobody is to choose for somebody else.
    """

    def __init__(self, campaign: Campaign, use: Use, choices_until: datetime | None = None) -> None:
        self._campaign, self._use, self._until = campaign, use, choices_until
        texts = by_locale(campaign.subject, campaign.body)
        self._texts, self._read = texts, {words: _parts(words) for words in texts.values()}

    def letter(self, customer: Customer) -> Letter:
        """The words for this person in her language; TemplateFault when they cannot be made."""
        parts = self._read[words_for(customer.language, self._texts)]
        values = {"customer": _values(customer), "campaign": {"name": self._campaign.name}}
        way_out = unsubscribe_link(customer=customer, purpose=self._use)
        choices = preference_link(customer=customer, expires_at=self._until) if self._until else ""
        context = {"content": parts.html.for_person(values), "unsubscribe": way_out, "choices": choices}
        below = f"\nAll your choices: {choices}" if choices else ""
        return Letter(
            subject=" ".join(parts.subject.for_person(values).split()),
            html=render_to_string("campaigns/mail.html", context | {"brand": settings.CONSOLE_BRAND}),
            text=f"{parts.text.for_person(values)}\n\n-- \nUnsubscribe: {way_out}{below}\n",
            unsubscribe=way_out,
        )

    def message(self, *, customer: Customer, delivery_id: int, connection: Any) -> EmailMultiAlternatives:
        """The e-mail as it leaves. Its Message-ID names the delivery: a server that sees it twice can tell."""
        letter = self.letter(customer)
        domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
        message = EmailMultiAlternatives(
            subject=letter.subject,
            body=letter.text,
            to=[customer.email or ""],
            connection=connection,
            headers={
                "Message-ID": f"<{delivery_id}.{self._campaign.public_id}@{domain}>",
                "List-Unsubscribe": f"<{letter.unsubscribe}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Feedback-ID": f"{self._campaign.public_id}:{self._use.key}:hub",
            },
        )
        message.attach_alternative(letter.html, "text/html")
        return message


def _values(customer: Customer) -> Mapping[str, Any]:
    """What words may say about a person."""
    return {name: getattr(customer, name) for name in FIELDS} | {"attributes": customer.attributes}


def _parts(words: Words) -> _Parts:
    return _Parts(
        subject=Filled(words.subject, html=False),
        html=Filled(to_html(words.body), html=True),
        text=Filled(to_text(words.body), html=False),
    )
