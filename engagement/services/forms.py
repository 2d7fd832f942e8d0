"""Forms that say who sent them become customers: profile, consent and event in one transaction, or none of them."""

from datetime import datetime
from typing import Any, Final

from django.db import transaction

from consent.services.consent import record_consent
from consent.services.entries import ConsentEntry
from core.actors import Actor
from core.ids import is_public_id
from customers.models import Customer, IdentityKind
from customers.rules.identity import BadIdentity, normalise
from customers.selectors.customers import find_customer
from customers.services.claims import owners_of
from customers.services.customers import create_customer, update_customer
from engagement.rules.events import Ready
from engagement.rules.forms import Choice, Submission
from engagement.rules.verdicts import Verdict
from engagement.services.ingest import ingest

SOURCE: Final = "web_form"
_NAMES_A_PERSON: Final = (IdentityKind.EXTERNAL_ID, IdentityKind.EMAIL, IdentityKind.PHONE)


class _NotStored(Exception):
    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.value)
        self.verdict = verdict


def submit_form(*, ready: Ready, sent: Submission, by: Actor, now: datetime, gpc: bool = False) -> Verdict:
    """Whoever sent the form is a customer with these fields, her choices are in the ledger, the event is hers.

    Known by external id, e-mail address or phone number in this order she is changed, else created. The event passes
    the same gate as any other, with the choices of this form recorded before; what identifies her is not kept in it.
    When the gate refuses it, and when it was sent before, nothing of all this is stored. Refuses what
    `create_customer` and `record_consent` refuse.
    """
    try:
        with transaction.atomic():
            customer = _customer(ready, sent.profile, by, now)
            if sent.choices:
                entries = [_entry(choice) for choice in sent.choices]
                record_consent(customer=customer, entries=entries, by=by, now=now, reason="form submitted")
            ready.event.user_id, ready.event.properties = customer.public_id, sent.kept or None
            verdict = ingest(events=[ready], by=by, now=now, gpc=gpc)[0]
            if verdict is not Verdict.ACCEPTED:
                raise _NotStored(verdict)
    except _NotStored as refused:
        return refused.verdict
    return verdict


def _customer(ready: Ready, profile: dict[str, Any], by: Actor, now: datetime) -> Customer:
    """She who is named by the event itself or by the form, with these fields."""
    named = ready.event.user_id or ""
    if is_public_id(named, "cus"):
        return update_customer(customer=find_customer(reference=named), properties=profile, by=by, now=now)
    properties = {"external_id": named, **profile} if named else profile
    wanted = [(kind.value, _spelled(kind, properties.get(kind.value))) for kind in _NAMES_A_PERSON]
    owners = owners_of(identifiers=[(kind, value) for kind, value in wanted if value])
    found = next((owners[pair] for pair in wanted if pair in owners), None)
    if found is None:
        return create_customer(properties=properties, by=by, now=now)
    owner = Customer.objects.get(pk=found)
    return update_customer(customer=owner, properties=properties, by=by, now=now)


def _spelled(kind: IdentityKind, value: Any) -> str:
    """As it is kept; empty for none and for one that will be refused when the profile is written."""
    try:
        return normalise(kind, value) if isinstance(value, str) else ""
    except BadIdentity:
        return ""


def _entry(choice: Choice) -> ConsentEntry:
    return ConsentEntry(
        purpose=choice.purpose,
        event=choice.event,
        source=SOURCE,
        notice=choice.notice,
        notice_version=choice.notice_version,
        locale=choice.locale,
        evidence=choice.evidence,
    )
