"""What strangers may do: ask, confirm by the link in our e-mail, fetch their package with a code.

Every answer is the same for people we know and people we do not: nothing here tells who is a customer.
"""

import secrets
from datetime import datetime, timedelta
from pathlib import Path
from smtplib import SMTPException
from typing import Final

from django.core.mail import EmailMessage
from django.db import transaction

from consent.models import DataRequest, Letter, RequestPackage
from consent.rules.letters import letter, what
from consent.rules.request_clock import known_regime
from consent.rules.requests import Channel, needs_identity
from consent.selectors.requests import contact_hash_of, opened
from consent.services.exports import note_download
from consent.services.requests import NewRequest, ask_requester, open_request, start_collecting, verify_request
from core.actors import Actor, ActorKind
from core.crypto import keyed_hash, open_text, same
from core.errors import Forbidden, Gone, RateLimited, Unavailable
from core.meter import Window, take

LINK_DAYS: Final = 7
_CODE_MINUTES: Final = 10
_CODE_ATTEMPTS: Final = 5
_BY_ADDRESS: Final = (Window("hour", 20, 3_600),)
_BY_CONTACT: Final = (Window("day", 3, 86_400),)
_BY_PACKAGE: Final = (Window("hour", 5, 3_600),)
_VISITOR: Final = "visitor"


def submit_request(*, kind: str, contact: str, place: str, locale: str, details: str, ip: str, now: datetime) -> None:
    """The request is on the desk and, where the law wants to know who asks, a link is on its way to that address.

    Quietly does nothing when the address had three requests today. 429 when the network address had twenty in an
    hour. Refuses what `open_request` refuses, which depends on what was typed and never on who is known.
    """
    if not take(f"privacy-form:{ip}", _BY_ADDRESS).granted:
        raise RateLimited("Too many requests from here. Try again in an hour.")
    hashed = contact_hash_of(contact)
    if hashed and not take(f"privacy-form:{hashed}", _BY_CONTACT).granted:
        return
    by = Actor(kind=ActorKind.PERSON, id=_VISITOR, ip=ip)
    new = NewRequest(kind=kind, channel=Channel.FORM, contact=contact, place=place, locale=locale, details=details)
    with transaction.atomic():
        row = open_request(new=new, by=by, now=now)
        if needs_identity(row.kind):
            ask_requester(request=row, question="identity", by=by, now=now)
        else:
            start_collecting(request=row, by=by, now=now)


def request_of_link(token: str, now: datetime, /) -> DataRequest:
    """The request that a link of our letter names; Gone when the link is not ours or its seven days are over."""
    reference = open_text("privacy-verify", token)
    row = DataRequest.objects.filter(public_id=reference).first() if reference else None
    letters = Letter.objects.filter(request=row, kind="verify").order_by("-id") if row else Letter.objects.none()
    last = letters.first()
    if row is None or not row.is_open or last is None or last.created_at + timedelta(days=LINK_DAYS) < now:
        raise Gone("This link has ended.", code="link_ended")
    return row


@transaction.atomic
def confirm_request(*, token: str, ip: str, now: datetime) -> DataRequest:
    """The person reads mail at the address they gave: identity is established; doing it twice changes nothing."""
    row = request_of_link(token, now)
    if row.verified_at is not None:
        return row
    by = Actor(kind=ActorKind.PERSON, id=row.public_id, ip=ip)
    return verify_request(request=row, how="e-mail link", by=by, now=now)


def package_of_link(token: str, now: datetime, /) -> RequestPackage:
    """The package that a link of our letter opens; Gone when it is not ours, was removed or has ended."""
    reference = open_text("privacy-package", token)
    row = RequestPackage.objects.select_related("request").filter(public_id=reference).first() if reference else None
    if row is None or row.removed_at or (row.expires_at and row.expires_at <= now):
        raise Gone("This link has ended.", code="link_ended")
    return row


def send_code(*, token: str, now: datetime) -> None:
    """A code of eight figures is on its way to the requester's address, valid for ten minutes; kept as a digest only.

    At most five an hour. 503 when the mail server does not take it.
    """
    package = package_of_link(token, now)
    request = package.request
    if not take(f"privacy-code:{package.public_id}", _BY_PACKAGE).granted:
        raise RateLimited("Too many codes. Try again in an hour.")
    code = f"{secrets.randbelow(10**8):08d}"
    RequestPackage.objects.filter(pk=package.pk).update(
        code_digest=_digest(package, code), code_until=now + timedelta(minutes=_CODE_MINUTES), code_attempts=0
    )
    facts = {"reference": request.public_id[-8:], "what": what(request.kind, request.locale), "reason": code}
    law = known_regime(request.regime).law.key
    subject, body = letter(kind="code", locale=request.locale, law=law, facts=facts)
    try:
        EmailMessage(subject=subject, body=body, to=[opened(request.contact_sealed)]).send()
    except (SMTPException, OSError) as trouble:
        raise Unavailable("The e-mail could not be sent. Try again in a few minutes.") from trouble


def open_package(*, token: str, code: str, ip: str, now: datetime) -> Path:
    """The path of the file, for whoever has the link and the code; counted, and in the audit trail.

    403 for a wrong or old code; after five wrong ones a new code is needed.
    """
    package = package_of_link(token, now)
    if not _code_is_right(package.pk, code.strip(), now):
        raise Forbidden("This code is not right, or its ten minutes are over.", code="wrong_code")
    by = Actor(kind=ActorKind.PERSON, id=package.request.public_id, ip=ip)
    return note_download(package=package, by=by, now=now)


@transaction.atomic
def _code_is_right(pk: int, code: str, now: datetime) -> bool:
    row = RequestPackage.objects.select_for_update().get(pk=pk)
    valid = row.code_until is not None and row.code_until > now and row.code_attempts < _CODE_ATTEMPTS
    right = valid and same(row.code_digest, _digest(row, code))
    row.code_attempts += 1
    if right:
        row.code_digest, row.code_until = "", None
    row.save(update_fields=["code_attempts", "code_digest", "code_until"])
    return right


def _digest(package: RequestPackage, code: str) -> str:
    return keyed_hash("package-code", f"{package.public_id}:{code}")
