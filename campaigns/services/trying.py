"""A test of a message: written as for one customer, sent to the member of staff who asks."""

from smtplib import SMTPException

from django.core.mail import get_connection

from campaigns.models import Campaign
from campaigns.rules.content.templates import TemplateFault
from campaigns.services.messages import Letter, Writer
from consent.selectors.decisions import use_of
from core import audit
from core.actors import Actor
from core.errors import InvalidInput, Unavailable
from customers.models import Customer


def preview_letter(*, campaign: Campaign, customer: Customer, by: Actor) -> Letter:
    """The message as this customer would get it; nothing is sent, and the audit log knows who looked at whom.

    Refuses words that cannot be made (400).
    """
    try:
        letter = Writer(campaign, use_of(campaign.purpose_id)).letter(customer)
    except TemplateFault as fault:
        raise InvalidInput(str(fault), param="customer") from fault
    audit.record(
        by=by, action="campaign.previewed", target=campaign.public_id, changes={"as": ["", customer.public_id]}
    )
    return letter


def send_test(*, campaign: Campaign, customer: Customer, to: str, by: Actor) -> None:
    """The message is with the mail server, its subject marked; its way out works as in the real one.

    Refuses words that cannot be made (400) and says when the mail server does not take it (503).
    """
    try:
        writer = Writer(campaign, use_of(campaign.purpose_id))
        message = writer.message(customer=customer, delivery_id=0, connection=get_connection())
    except TemplateFault as fault:
        raise InvalidInput(str(fault), param="body") from fault
    message.to, message.subject = [to], f"[Test] {message.subject}"
    try:
        message.send()
    except (SMTPException, OSError) as trouble:
        raise Unavailable("The mail server did not take the test; try again later.") from trouble
    audit.record(by=by, action="campaign.tested", target=campaign.public_id, changes={"as": ["", customer.public_id]})
