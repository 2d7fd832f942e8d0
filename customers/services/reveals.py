"""Looking at masked personal data: allowed to few, and never without a trace."""

from datetime import datetime

from core import audit
from core.actors import Actor
from customers.models import Customer


def reveal_customer(*, customer: Customer, reason: str, by: Actor, now: datetime) -> Customer:
    """The same customer; the audit trail says who looked, why, and whether the use of sensitive data was limited."""
    marked = {"sensitive_use": ["", "limited"]} if customer.sensitive_limited else {}
    audit.record(by=by, action="customer.revealed", target=customer.public_id, changes=marked, reason=reason)
    return customer
