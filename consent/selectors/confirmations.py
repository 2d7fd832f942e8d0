"""Questions by e-mail: whose a link is, what it asks, which are on record, whose consent is about to end."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from consent.models import Confirmation, ConfirmationKind, ConfirmationState, ConsentState, NoticeVersion
from consent.rules.preferences import use_name
from consent.rules.vocabulary import Channel, Purpose, State
from consent.selectors.catalogue import catalogue
from consent.selectors.preferences import newest_notices
from core.crypto import open_text, seal, sign_text, unseal
from core.errors import Gone, NotFound

_LINK: Final = "confirmation"
ADDRESS_CONTEXT: Final = "confirmation-address"
_ONE_QUESTION: Final = timedelta(days=90)
AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link asks, in the reader's language: the names together, and name and words of each purpose."""

    names: str
    notices: Sequence[tuple[str, str]]


def seal_address(address: str) -> str:
    """Encrypted."""
    return seal(address, ADDRESS_CONTEXT)


def asked_address(row: Confirmation) -> str:
    """Where the question goes; empty once it is closed."""
    return unseal(row.email_sealed, ADDRESS_CONTEXT) if row.email_sealed else ""


def confirmation_url(row: Confirmation) -> str:
    """The signed address that the letter leads to."""
    return f"{settings.PUBLIC_URL}/c/{confirmation_token(row)}?lang={row.locale}"


def confirmation_token(row: Confirmation) -> str:
    """The signed part of `confirmation_url`."""
    return sign_text(_LINK, row.public_id)


def confirmation_of_link(token: str, now: datetime, /) -> Confirmation:
    """The question of a link; Gone when it is not ours or was not answered in time."""
    reference = open_text(_LINK, token)
    row = Confirmation.objects.filter(public_id=reference).first() if reference else None
    if row is None or row.state == ConfirmationState.EXPIRED:
        raise Gone("This link has ended.", code="link_ended")
    if row.state == ConfirmationState.PENDING and row.expires_at <= now:
        raise Gone("This link has ended.", code="link_ended")
    return row


def question_of(token: str, now: datetime, locale: str, /) -> Asked:
    """What a link asks; Gone when it has ended. The words are those that the answer will be recorded with."""
    row = confirmation_of_link(token, now)
    return Asked(names_of_purposes(row.purposes, locale), asked_words(row.purposes, locale))


def names_of_purposes(keys: Collection[str], locale: str) -> str:
    """The purposes in one line of a language."""
    uses = catalogue().uses
    return ", ".join(use_name(key, uses[key].name if key in uses else key, locale) for key in keys)


def asked_words(purposes: Mapping[str, str], locale: str) -> list[tuple[str, str]]:
    """Name and exact words of each purpose, by the notices of a question."""
    uses = catalogue().uses
    texts = dict(NoticeVersion.objects.filter(public_id__in=purposes.values()).values_list("public_id", "text"))
    return [
        (use_name(key, uses[key].name if key in uses else key, locale), texts.get(notice, ""))
        for key, notice in purposes.items()
    ]


def words_of(keys: Collection[str], locale: str) -> list[tuple[str, str]]:
    """Name and newest words of each purpose."""
    uses = catalogue().uses
    words = newest_notices(purpose_ids=[uses[key].id for key in keys], locale=locale)
    return [(use_name(key, uses[key].name, locale), words[uses[key].id].text) for key in keys if uses[key].id in words]


def newsletter_purposes() -> list[str]:
    """The purposes of marketing by e-mail."""
    uses = catalogue().uses.values()
    return [use.key for use in uses if use.kind is Purpose.MARKETING and use.channel is Channel.EMAIL]


def list_confirmations() -> QuerySet[Confirmation]:
    """Every question with its person, newest first."""
    return Confirmation.objects.select_related("customer").order_by("-asked_at", "-id")


def find_confirmation(public_id: str) -> Confirmation:
    """The question with this id; NotFound otherwise."""
    row = list_confirmations().filter(public_id=public_id).first()
    if row is None:
        raise NotFound("There is no question with this id.")
    return row


def ending_soon(*, now: datetime) -> dict[int, tuple[list[str], datetime]]:
    """By customer whose own yes ends within CONSENT_RENEWAL_DAYS and who was not asked yet: purposes, earliest end.

    People with an e-mail address only; at most 2,000 consents at once, the next to end first.
    """
    asked = Confirmation.objects.filter(
        customer_id=OuterRef("customer_id"), kind=ConfirmationKind.RENEWAL, asked_at__gt=now - _ONE_QUESTION
    )
    until = now + timedelta(days=settings.CONSENT_RENEWAL_DAYS)
    rows = ConsentState.objects.filter(valid_until__gt=now, valid_until__lte=until, allowed=True)
    rows = rows.filter(state__in=[State.GRANTED, State.IMPORTED], customer__email__isnull=False)
    rows = rows.filter(~Exists(asked), customer__merged_into__isnull=True).order_by("valid_until")
    found: dict[int, list[tuple[str, datetime]]] = defaultdict(list)
    for pk, key, end in rows.values_list("customer_id", "purpose__key", "valid_until")[:AT_ONCE]:
        if end:
            found[pk].append((key, end))
    return {pk: ([key for key, _ in ends], min(end for _, end in ends)) for pk, ends in found.items()}
