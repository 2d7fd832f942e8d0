"""People with consent on record."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from consent.models import Confirmation, ConsentEvent, DisclosureFlow, Suppression, SuppressionReason
from consent.selectors.catalogue import catalogue
from consent.selectors.confirmations import confirmation_token, find_confirmation
from consent.selectors.links import preference_token, unsubscribe_link
from consent.services.confirmations import Question, ask_confirmation
from consent.services.consent import ConsentEntry, record_consent
from consent.services.disclosures import record_disclosure
from consent.services.gpc import apply_gpc
from consent.services.masks import recompute_masks
from consent.services.suppression import suppress
from core.actors import SYSTEM
from customers.models import Customer
from customers.services.telling import Telling


def make_person(**facts: Any) -> Customer:
    """A German who agreed to e-mail under the first notice and refused SMS."""
    now = timezone.now()
    person = Customer.objects.create(
        public_id=Customer.new_public_id(), created_at=now, updated_at=now, **({"country": "DE"} | facts)
    )
    recompute_masks(customer_ids=[person.pk], now=now)
    agreed = ConsentEntry(
        purpose="marketing_email",
        event="granted",
        source="web_form",
        notice_version=1,
        locale="de",
        evidence={"doi_done": True, "form_id": "newsletter"},
    )
    refused = ConsentEntry(purpose="marketing_sms", event="refused", source="web_form")
    record_consent(customer=person, entries=[agreed, refused], by=SYSTEM, now=now)
    person.refresh_from_db()
    return person


def agreed_to(person: Customer, *purposes: str, locale: str = "en") -> None:
    """The person says yes to these purposes on a banner, under the first notice in `locale`."""
    for purpose in purposes:
        entry = ConsentEntry(
            purpose=purpose,
            event="granted",
            source="web",
            notice_version=1,
            locale=locale,
            evidence={"form_id": "banner"},
        )
        record_consent(customer=person, entries=[entry], by=SYSTEM, now=timezone.now())
    person.refresh_from_db()


def entry(purpose: str = "analytics", event: str = "granted", **more: Any) -> dict[str, Any]:
    """One entry as the API takes it, under the first English notice."""
    return {"purpose": purpose, "event": event, "noticeVersion": 1, "locale": "en"} | more


def person_example() -> dict[str, str]:
    """The address of somebody with a record and the signal."""
    person = make_person()
    apply_gpc(customer_ids=[person.pk], by=SYSTEM, now=timezone.now())
    return {"public_id": person.public_id}


def entry_example() -> dict[str, str]:
    """The address of a ledger entry with words and evidence."""
    person = make_person()
    return {"public_id": ConsentEvent.objects.get(customer=person, event="granted").public_id}


def suppression_example() -> dict[str, int]:
    """The address of an entry of the suppression list."""
    number = Suppression.objects.count()
    suppress(
        identifiers=[("email", f"person{number}@example.com")],
        reason=SuppressionReason.COMPLAINT,
        source="test",
        by=SYSTEM,
        now=timezone.now(),
    )
    return {"pk": Suppression.objects.latest("pk").pk}


def purpose_example() -> dict[str, str]:
    """The address of a purpose."""
    make_person()
    return {"key": "marketing_email"}


def confirmation_example() -> dict[str, str]:
    """The address of a question that waits."""
    number = Confirmation.objects.count()
    person = make_person(email=f"doi{number}@example.org")
    question = Question(purposes=["marketing_sms"], locale="de", form_id="newsletter")
    return {"public_id": ask_confirmation(customer=person, question=question, by=SYSTEM, now=timezone.now()).public_id}


def choice_pages() -> list[tuple[str, str, int]]:
    """The public pages of one person's choices: name, address, status."""
    person = Customer.objects.get(public_id=person_example()["public_id"])
    until = timezone.now() + timedelta(days=90)
    unsubscribe = unsubscribe_link(customer=person, purpose=catalogue().uses["marketing_email"])
    return [
        ("preferences", f"/p/{preference_token(customer=person, expires_at=until)}", 200),
        ("preferences-de", f"/p/{preference_token(customer=person, expires_at=until)}?lang=de", 200),
        ("preferences-ended", "/p/AAAA", 410),
        ("unsubscribe", "/u/" + unsubscribe.rpartition("/")[2], 200),
        ("confirmation", f"/c/{confirmation_token(find_confirmation(confirmation_example()['public_id']))}", 200),
        ("subscribe", "/privacy/subscribe", 200),
        ("do-not-sell", "/privacy/do-not-sell", 200),
        ("privacy-request", "/privacy/request", 200),
    ]


def disclosure_example() -> dict[str, int]:
    """The number of a flow that told about somebody who had said no."""
    person, now = make_person(), timezone.now()
    telling = Telling("client:cli_crm", "customers.list", ("identifiers", "name"))
    record_disclosure(telling=telling, customer_ids=[person.pk], now=now)
    return {"pk": DisclosureFlow.objects.get(recipient=telling.to).pk}
