"""Signed addresses that let people decide without signing in: the preference centre, one-click unsubscribing.

A link names a person by public id only and is signed with a key derived from HUB_MASTER_KEY; nothing is stored.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.conf import settings

from consent.selectors.catalogue import Use, catalogue
from core.crypto import open_text, sign_text
from core.errors import Gone, NotFound
from customers.models import Customer
from customers.selectors.customers import find_customer

_PREFERENCES: Final = "preferences"
_UNSUBSCRIBE: Final = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Links:
    """What a message to one person carries: the preference centre until `expires_at`, the way out for good, and the
    two headers of RFC 8058. Both headers belong under the DKIM signature of the message."""

    preferences: str
    expires_at: datetime
    unsubscribe: str
    headers: dict[str, str]


def links_for(*, customer: Customer, purpose: Use, locale: str, now: datetime) -> Links:
    """The links of one person; unsubscribing ends `purpose`."""
    expires_at = choices_until(now)
    unsubscribe = unsubscribe_link(customer=customer, purpose=purpose)
    return Links(
        preferences=f"{preference_link(customer=customer, expires_at=expires_at)}?lang={locale}",
        expires_at=expires_at,
        unsubscribe=unsubscribe,
        headers={"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )


def choices_until(now: datetime, /) -> datetime:
    """How long a preference centre opens by a link made now."""
    return (now + timedelta(days=settings.PREFERENCE_LINK_DAYS)).replace(microsecond=0)


def preference_link(*, customer: Customer, expires_at: datetime) -> str:
    """The address of the person's preference centre, which opens until `expires_at`."""
    return f"{settings.PUBLIC_URL}/p/{preference_token(customer=customer, expires_at=expires_at)}"


def preference_token(*, customer: Customer, expires_at: datetime) -> str:
    """The signed part of `preference_link`."""
    return sign_text(_PREFERENCES, f"{customer.public_id}:{int(expires_at.timestamp())}")


def unsubscribe_link(*, customer: Customer, purpose: Use) -> str:
    """The address that ends one purpose. It never expires: all it can say is no, and a no is never too late."""
    return f"{settings.PUBLIC_URL}/u/{sign_text(_UNSUBSCRIBE, f'{customer.public_id}:{purpose.key}')}"


def person_of_preferences(token: str, now: datetime, /) -> tuple[Customer, datetime]:
    """Whose preference centre a link opens and until when; Gone when it is not ours, has ended, or she was erased."""
    reference, _, stamp = (open_text(_PREFERENCES, token) or "").partition(":")
    if not stamp or int(stamp) <= now.timestamp():
        raise Gone("This link has ended.", code="link_ended")
    return _living(reference), datetime.fromtimestamp(int(stamp), UTC)


def person_of_unsubscribe(token: str, /) -> tuple[Customer, Use]:
    """Who ends what by a link of ours; Gone when it is not ours, or she was erased."""
    reference, _, key = (open_text(_UNSUBSCRIBE, token) or "").partition(":")
    use = catalogue().uses.get(key)
    if use is None:
        raise Gone("This link has ended.", code="link_ended")
    return _living(reference), use


def _living(reference: str) -> Customer:
    try:
        return find_customer(reference=reference)
    except NotFound as gone:
        raise Gone("This link has ended.", code="link_ended") from gone
