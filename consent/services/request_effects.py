"""Requests that are fulfilled by what may no longer be done: objection and opt-out, written into the consent ledger."""

from datetime import datetime
from typing import Final

from consent.models import Covers, DataRequest
from consent.rules.requests import Kind
from consent.rules.vocabulary import SHARING_PURPOSES, Event, Purpose
from consent.selectors.catalogue import catalogue
from consent.services.consent import ConsentEntry, record_consent
from consent.services.restrictions import place_restriction
from core.actors import SYSTEM

EFFECTS: Final = {
    Kind.RESTRICTION: "Deny every use but storage (GDPR Art. 18(2))",
    Kind.LIMIT_USE: "Withhold sensitive data beyond the necessary service (Cal. Civ. Code 1798.121, 11 CCR 7027)",
    Kind.AUTOMATED: "Stop automated decisions and profiling (GDPR Art. 21(1), 22(1))",
    Kind.OPT_OUT: "Stop sale and sharing (Cal. Civ. Code 1798.120, 11 CCR 7026(f))",
    Kind.OBJECTION: "Stop direct marketing (GDPR Art. 21(3))",
}
_EVENTS: Final = {
    Kind.OPT_OUT: Event.OPTED_OUT,
    Kind.OBJECTION: Event.OBJECTED,
    Kind.LIMIT_USE: Event.OPTED_OUT,
    Kind.AUTOMATED: Event.OBJECTED,
}
_COVERED: Final = {
    Kind.OPT_OUT: SHARING_PURPOSES,
    Kind.OBJECTION: frozenset({Purpose.MARKETING}),
    Kind.LIMIT_USE: SHARING_PURPOSES | {Purpose.PERSONALISATION},
    Kind.AUTOMATED: frozenset({Purpose.AUTOMATED_DECISION, Purpose.PERSONALISATION}),
}


def apply_effect(*, request: DataRequest, now: datetime) -> int:
    """What the request forbids stands in the ledger of its person; how many purposes it covers, 0 for nobody known."""
    if request.customer is None:
        return 0
    kind = Kind(request.kind)
    if kind is Kind.RESTRICTION:
        place_restriction(customer=request.customer, request=request.public_id, by=SYSTEM, now=now)
        return len(catalogue().by_id)
    if kind is Kind.LIMIT_USE:
        limit = Covers.SENSITIVE
        place_restriction(customer=request.customer, request=request.public_id, covers=limit, by=SYSTEM, now=now)
    keys = [use.key for use in catalogue().by_id.values() if Purpose(use.kind) in _COVERED[kind]]
    entries = [
        ConsentEntry(
            purpose=key, event=_EVENTS[kind].value, source="request", evidence={"reference": request.public_id}
        )
        for key in keys
    ]
    if entries:
        record_consent(customer=request.customer, entries=entries, by=SYSTEM, now=now, reason="privacy request")
    return len(entries)
