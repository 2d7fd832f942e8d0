"""Consents that run out: recorded as such, so that the ledger says why we stopped."""

from datetime import datetime
from typing import Final

from django.db import transaction

from consent.rules.standing import runs_out_at
from consent.rules.vocabulary import Event
from consent.selectors.catalogue import Catalogue, catalogue
from consent.services.entries import ConsentEntry, put_on
from consent.services.pages import Page, close_pages, open_pages
from consent.services.telling import tell
from core.actors import SYSTEM
from customers.models import Customer

BATCH: Final = 1_000


def expire_consents(*, now: datetime) -> int:
    """Every consent that has run out by `now` is expired in ledger, state, mask and tokens; how many people.

    In transactions of 1,000 people; somebody who renews at the same moment is left as she wants to be.
    """
    people = 0
    while batch := _expire_batch(now):
        people += batch
    return people


@transaction.atomic
def _expire_batch(now: datetime) -> int:
    due = Customer.objects.filter(consent_until__lte=now).order_by("consent_until", "pk").values_list("pk", flat=True)
    uses = catalogue()
    pages = open_pages(customer_ids=list(due[:BATCH]), uses=uses)
    for page in pages.values():
        _expire(page, uses, now)
    found = close_pages(pages=pages, uses=uses, now=now)
    tell(pages=pages.values(), found=found, uses=uses)
    return len(pages)


def _expire(page: Page, uses: Catalogue, now: datetime) -> None:
    for use_id, standing in list(page.standings.items()):
        use = uses.by_id.get(use_id)
        end = runs_out_at(standing, use.channel, page.rule) if use else None
        if use and end and end <= now:
            entry = ConsentEntry(
                purpose=use.key, event=Event.EXPIRED, source="expiry", occurred_at=max(end, standing.entry.occurred_at)
            )
            put_on(page=page, entry=entry, notices={}, uses=uses, by=SYSTEM, now=now)
