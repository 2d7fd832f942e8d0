"""How customers are named on screens, as far as the reader may know."""

from typing import Final

from core.console.cells import State, States
from core.menu import Reader
from customers.models import Customer, IdentityKind
from customers.rules.identity import mask

PII: Final = "customers.view_pii"
VIEW: Final = "customers.view_customer"
CHANGE: Final = "customers.change_customer"
STATES: Final[States] = {
    "active": State("Active", "good"),
    "inactive": State("Inactive", "bad"),
    "deleted": State("Deleted", "idle"),
}


def shown_name(customer: Customer, reader: Reader) -> str:
    """Name, else what else there is; initials only for readers without the right to personal data."""
    name = customer.name
    if not reader.has_perm(PII):
        name = " ".join(f"{word[0]}." for word in name.split())
    return name or ("Visitor" if not customer.is_known else customer.public_id)


def shown_email(customer: Customer, reader: Reader) -> str:
    """The address, or a hint of it."""
    if not customer.email:
        return ""
    return customer.email if reader.has_perm(PII) else mask(IdentityKind.EMAIL, customer.email)
