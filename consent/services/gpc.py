"""Global Privacy Control: the first signal of a person is an opt-out of sale and sharing, recorded once, for good."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from consent.rules.vocabulary import Basis, Event
from consent.selectors.catalogue import Catalogue, catalogue
from consent.services.entries import ConsentEntry, put_on
from consent.services.pages import Page, close_pages, open_pages
from consent.services.revocation import revoke_masks
from consent.services.telling import tell, tell_gpc
from core import audit
from core.actors import Actor
from customers.models import Customer, Status

ALL_BITS = (1 << 63) - 1


def apply_gpc(*, customer_ids: Iterable[int], by: Actor, now: datetime) -> int:
    """Each of these people has said no to the sale and sharing of her data; how many are new to us.

    The caller has seen the header `Sec-GPC: 1` on a request that names them. The first time, every purpose that the
    signal covers in the person's place is opted out of in the ledger, `gpc_first_seen_at` is set, tokens that rest
    on notice are revoked, and `consent.gpc_received` is published. Later signals change nothing and cost one query.
    """
    ids = list(customer_ids)
    if not ids:
        return 0
    unseen = Customer.objects.filter(pk__in=ids, gpc_first_seen_at=None).exclude(status=Status.DELETED)
    new = list(unseen.values_list("pk", flat=True))
    return _record(new, by, now) if new else 0


@transaction.atomic
def _record(customer_ids: Sequence[int], by: Actor, now: datetime) -> int:
    uses = catalogue()
    opened = open_pages(customer_ids=customer_ids, uses=uses)
    pages = {pk: page for pk, page in opened.items() if page.customer.gpc_first_seen_at is None}
    for page in pages.values():
        page.person = replace(page.person, gpc_first_seen_at=now)
        _opt_out(page, uses, by, now)
    found = close_pages(pages=pages, uses=uses, now=now)
    revoke_masks(lost=dict.fromkeys(pages, ALL_BITS), because="gpc", now=now, basis=Basis.NOTICE_OPT_OUT)
    deeds = [audit.Deed("consent.gpc_received", page.customer.public_id) for page in pages.values()]
    audit.record_many(by=by, deeds=deeds)
    tell(pages=pages.values(), found=found, uses=uses)
    tell_gpc(pages=pages.values())
    return len(pages)


def _opt_out(page: Page, uses: Catalogue, by: Actor, now: datetime) -> None:
    for use in uses.uses.values():
        if use.kind in page.rule.gpc_purposes:
            entry = ConsentEntry(purpose=use.key, event=Event.OPTED_OUT, source="gpc", evidence={"gpc": True})
            put_on(page=page, entry=entry, notices={}, uses=uses, by=by, now=now)
