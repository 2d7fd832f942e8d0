"""Consent when a visitor turns out to be a customer: what permits least wins, and nothing is widened."""

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from consent.rules.standing import RUNNING, Standing
from consent.rules.states import least_permissive
from consent.rules.vocabulary import REFUSALS, State
from consent.selectors.catalogue import Catalogue, catalogue
from consent.services.entries import ConsentEntry, put_on
from consent.services.gpc import ALL_BITS
from consent.services.pages import Page, close_pages, open_pages
from consent.services.revocation import revoke_masks
from consent.services.telling import tell
from core import audit
from core.actors import Actor

_ENDED = frozenset({State.EXPIRED, State.INVALIDATED})


@transaction.atomic
def absorb_consent(*, absorbed_id: int, into_id: int, by: Actor, now: datetime) -> None:
    """The customer's record holds every no of the visitor she absorbed, until she is asked again.

    A no of the visitor is written to the customer's ledger with a pointer to the entry it comes from, even when her
    own yes is newer; a yes that had run out ends her yes. The visitor's yes is not carried over: consent never
    widens by a merge. The earlier Global Privacy Control signal counts. The visitor's tokens are revoked.
    """
    uses = catalogue()
    pages = open_pages(customer_ids=[absorbed_id, into_id], uses=uses)
    visitor, customer = pages[absorbed_id], pages[into_id]
    for purpose_id, theirs in visitor.standings.items():
        if purpose_id in uses.by_id and _permits_less(theirs, customer.standings.get(purpose_id)):
            _carry_over(theirs, purpose_id, visitor, customer, uses, by, now)
    seen = [at for at in (visitor.person.gpc_first_seen_at, customer.person.gpc_first_seen_at) if at]
    customer.person = replace(customer.person, gpc_first_seen_at=min(seen, default=None))
    visitor.person = replace(visitor.person, suppressed=True)
    found = close_pages(pages=pages, uses=uses, now=now)
    revoke_masks(lost={absorbed_id: ALL_BITS}, because="merged", now=now)
    if customer.entries:
        changes = {uses.by_id[key].key: ["", customer.standings[key].state.value] for key in customer.behind}
        audit.record(by=by, action="consent.merged", target=customer.customer.public_id, changes=changes)
    tell(pages=[customer], found=found, uses=uses)


def _permits_less(theirs: Standing, ours: Standing | None) -> bool:
    """Whether the visitor's state takes something away. The absence of a record is not weighed against a yes."""
    if ours is None:
        return theirs.state in REFUSALS
    counts = theirs.state in REFUSALS or (theirs.state in _ENDED and ours.state in RUNNING)
    return counts and theirs.state != ours.state and least_permissive([theirs.state, ours.state]) is theirs.state


def _carry_over(
    theirs: Standing, purpose_id: int, visitor: Page, customer: Page, uses: Catalogue, by: Actor, now: datetime
) -> None:
    entry = ConsentEntry(
        purpose=uses.by_id[purpose_id].key,
        event=theirs.state.value,
        source="merge",
        evidence={"merged_from": visitor.customer.public_id, "merged_seq": theirs.entry.seq},
    )
    put_on(page=customer, entry=entry, notices={}, uses=uses, by=by, now=now)
