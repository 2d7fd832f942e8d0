"""A test of a message: written as for one customer, sent to the member of staff who asks."""

from datetime import datetime
from smtplib import SMTPException

from django.core.mail import get_connection

from campaigns.models import Campaign, ContentTemplate
from campaigns.rules.content.templates import TemplateFault
from campaigns.selectors.given import SAMPLE_OFFER, sample_offer
from campaigns.selectors.templates import find_version, with_blocks
from campaigns.services.messages import Letter, Wording, Writer
from consent.selectors.decisions import use_of
from core import audit
from core.actors import Actor
from core.errors import InvalidInput, Unavailable
from core.models import StaffUser
from customers.models import Customer


def preview_letter(*, campaign: Campaign, customer: Customer, locale: str = "", by: Actor, now: datetime) -> Letter:
    """The message as this customer would get it, with the newest words of its blocks while it is a draft.

    Nothing is sent, and the audit log knows who looked at whom. With `locale` in that language instead of hers; with a
    sample code for somebody whom the offer is meant for.

    Refuses words that cannot be made (400).
    """
    try:
        offer = sample_offer(campaign, customer, now)
        letter = _writer(campaign).letter(customer, language=locale, offer=offer)
    except TemplateFault as fault:
        raise InvalidInput(str(fault), param="customer") from fault
    _previewed(campaign, customer, by)
    return letter


def preview_words(*, campaign: Campaign, customer: Customer, locale: str = "", by: Actor, now: datetime) -> Letter:
    """As `preview_letter`, without what surrounds the words: whoever reads it cannot choose for the customer."""
    try:
        offer = sample_offer(campaign, customer, now)
        words = _writer(campaign).shown(customer, language=locale, offer=offer)
    except TemplateFault as fault:
        raise InvalidInput(str(fault), param="customer") from fault
    _previewed(campaign, customer, by)
    return words


def send_test_to(*, campaign: Campaign, customer: Customer, to: str, by: Actor, now: datetime) -> None:
    """As `send_test`, for who has no address of their own; refuses addresses of anybody but staff."""
    staff = StaffUser.objects.filter(email__iexact=to, is_active=True).first()
    if staff is None:
        raise InvalidInput("Invalid 'to': tests go to members of staff only.", param="to")
    send_test(campaign=campaign, customer=customer, to=staff.email, by=by, now=now)


def send_test(*, campaign: Campaign, customer: Customer, to: str, by: Actor, now: datetime) -> None:
    """The message is with the mail server, its subject marked; its way out works as in the real one.

    The code of an offer is a sample. Refuses words that cannot be made (400) and says when the mail server does not
    take it (503).
    """
    try:
        offer = sample_offer(campaign, customer, now)
        message = _writer(campaign).message(customer=customer, delivery_id=0, connection=get_connection(), offer=offer)
    except TemplateFault as fault:
        raise InvalidInput(str(fault), param="body") from fault
    message.to, message.subject = [to], f"[Test] {message.subject}"
    try:
        message.send()
    except (SMTPException, OSError) as trouble:
        raise Unavailable("The mail server did not take the test; try again later.") from trouble
    audit.record(by=by, action="campaign.tested", target=campaign.public_id, changes={"as": ["", customer.public_id]})


def preview_template(
    *, template: ContentTemplate, customer: Customer, number: int | None = None, locale: str = "", by: Actor
) -> Letter:
    """The words of a template, or of an earlier version, as this customer would get them; the audit log knows.

    Refuses words that cannot be made (400): what they name may be gone since they were written.
    """
    version = find_version(template, number)
    try:
        wording = Wording(name=template.name, subject=version.subject, body=with_blocks(version.body))
        words = wording.shown(customer, language=locale, offer=SAMPLE_OFFER)
    except TemplateFault as fault:
        raise InvalidInput(str(fault), param="customer") from fault
    changes = {"as": ["", customer.public_id]}
    audit.record(by=by, action="template.previewed", target=template.public_id, changes=changes)
    return words


def _previewed(campaign: Campaign, customer: Customer, by: Actor) -> None:
    changes = {"as": ["", customer.public_id]}
    audit.record(by=by, action="campaign.previewed", target=campaign.public_id, changes=changes)


def _writer(campaign: Campaign) -> Writer:
    """As it leaves; a draft with the newest words of its blocks."""
    campaign.sealed_body = campaign.sealed_body or with_blocks(campaign.body)
    return Writer(campaign, use_of(campaign.purpose_id))
