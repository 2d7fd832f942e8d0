"""Narrowing a customer list by consent."""

from collections.abc import Sequence

from django.utils import timezone

from consent.selectors.catalogue import SERVICE_BIT, catalogue
from consent.selectors.decisions import narrow_to_allowed, narrow_to_denied
from core.errors import InvalidInput
from customers.models import CustomerQuerySet
from customers.selectors.criteria import Choice, Criterion

_GPC, _SUPPRESSED, _NOT = "gpc", "suppressed", "not_"


def _choices() -> Sequence[Choice]:
    uses = [use for use in catalogue().uses.values() if use.bit != SERVICE_BIT]
    allowed = [(use.key, f"{use.name}: allowed") for use in uses]
    denied = [(_NOT + use.key, f"{use.name}: not allowed") for use in uses]
    return [*allowed, *denied, (_GPC, "Global Privacy Control seen"), (_SUPPRESSED, "Suppressed")]


def _narrow(customers: CustomerQuerySet, value: str) -> CustomerQuerySet:
    if value not in dict(_choices()):
        raise InvalidInput("Invalid 'consent'", param="consent")
    if value == _GPC:
        return customers.filter(gpc_first_seen_at__isnull=False)
    if value == _SUPPRESSED:
        return narrow_to_denied(customers, purpose="service")
    if value.startswith(_NOT):
        return narrow_to_denied(customers, purpose=value.removeprefix(_NOT))
    return narrow_to_allowed(customers, purpose=value, now=timezone.now())


CONSENT = Criterion(
    name="consent",
    label="Consent",
    choices=_choices,
    narrow=_narrow,
    shortcuts=(("May get e-mail", "marketing_email"), ("GPC opt-outs", _GPC), ("Suppressed", _SUPPRESSED)),
)
