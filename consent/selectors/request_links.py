"""Signed addresses in the letters of privacy requests: where the request stands, and all choices of its person."""

from datetime import datetime
from typing import Final

from django.conf import settings

from consent.models import DataRequest
from consent.selectors.links import choices_until, preference_link
from consent.selectors.requests import contact_hash_of
from core.crypto import open_text, sign_text
from core.errors import Gone
from customers.models import Identity, IdentityKind, Status

_STATUS: Final = "privacy-status"


def status_link(request: DataRequest, /) -> str:
    """Where the requester sees how the request stands; opens as long as its record is kept."""
    return f"{settings.PUBLIC_URL}/privacy/status/{sign_text(_STATUS, request.public_id)}?lang={request.locale}"


def request_of_status(token: str, /) -> DataRequest:
    """The request of a link of ours; Gone for any other, and when its record is no longer kept."""
    reference = open_text(_STATUS, token)
    row = DataRequest.objects.filter(public_id=reference).first() if reference else None
    if row is None:
        raise Gone("This link has ended.", code="link_ended")
    return row


def choices_link(request: DataRequest, now: datetime, /) -> str:
    """The preference centre of the person the request is about; empty unless the letter goes to her own address.

    An agent, or somebody who gave another address, must not decide for her. Nobody who was erased has choices.
    """
    person = request.customer
    if person is None or person.status == Status.DELETED or not request.contact_hash:
        return ""
    own = Identity.objects.filter(customer=person, kind=IdentityKind.EMAIL).values_list("value", flat=True)
    if request.contact_hash not in {contact_hash_of(value) for value in own}:
        return ""
    return f"{preference_link(customer=person, expires_at=choices_until(now))}?lang={request.locale}"
