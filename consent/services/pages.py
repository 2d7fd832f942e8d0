"""The ledger pages of some people, locked: read together, written together, whatever the number of people.

A page is opened under the lock of the customer's row, so writers of one person come one after the other and none can
overwrite what another has just recorded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from consent.models import ConsentEvent, ConsentState
from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.standing import Person, Standing
from consent.selectors.catalogue import Catalogue
from consent.selectors.outlook import Outlook, Outlooks
from consent.selectors.standings import Head, Kept, heads_of, person_of, standings_of, suppressed_ids
from consent.services.revocation import revoke_masks
from customers.models import Customer

COLUMNS = (
    "id",
    "public_id",
    "status",
    "merged_into_id",
    "country",
    "region",
    "birth_date",
    "gpc_first_seen_at",
    "consent_mask",
    "consent_ref",
    "consent_until",
)


@dataclass(slots=True)
class Page:
    """One person's page while it is open. `refused` holds the bits of the purposes just said no to."""

    customer: Customer
    person: Person
    rule: JurisdictionRule
    head: Head
    kept: Mapping[int, Kept]
    standings: dict[int, Standing]
    entries: list[ConsentEvent] = field(default_factory=list)
    behind: dict[int, ConsentEvent] = field(default_factory=dict)
    refused: int = 0

    def entry_id(self, purpose_id: int) -> int:
        """Database id of the stored entry behind where the person stands on a purpose."""
        return self.behind[purpose_id].pk if purpose_id in self.behind else self.kept[purpose_id].event_id

    def bookmark(self) -> "Bookmark":
        """What it takes to turn back to the page as it is now."""
        return len(self.entries), dict(self.standings), dict(self.behind), self.head, self.refused

    def turn_back(self, bookmark: "Bookmark") -> None:
        """The page is again as it was at the bookmark."""
        count, self.standings, self.behind, self.head, self.refused = bookmark
        del self.entries[count:]


Bookmark = tuple[int, dict[int, Standing], dict[int, ConsentEvent], Head, int]


def open_pages(*, customer_ids: Iterable[int], uses: Catalogue, writing: bool = True) -> dict[int, Page]:
    """The pages of these customers, their rows locked until the transaction ends; unknown ids are absent.

    Rows are locked in order of id, so two writers of the same people cannot wait for each other in a circle.
    """
    rows = Customer.objects.select_for_update(no_key=True).only(*COLUMNS)
    customers = list(rows.filter(pk__in=set(customer_ids)).order_by("pk"))
    ids = [customer.pk for customer in customers]
    kept, suppressed = standings_of(ids), suppressed_ids(ids)
    heads = heads_of(ids) if writing else {}
    return {
        customer.pk: Page(
            customer=customer,
            person=person_of(customer, suppressed=customer.pk in suppressed),
            rule=uses.rule_of(customer.place),
            head=heads.get(customer.pk, Head()),
            kept=kept.get(customer.pk, {}),
            standings={key: row.standing for key, row in kept.get(customer.pk, {}).items()},
        )
        for customer in customers
    }


def close_pages(*, pages: Mapping[int, Page], uses: Catalogue, now: datetime) -> dict[int, Outlook]:
    """Entries, states, masks and tokens of these people agree and are stored; what each record allows now.

    At most one statement each for entries, states, customers and tokens.
    """
    outlooks = Outlooks(uses, now)
    found = {pk: outlooks.of(page.person, page.standings) for pk, page in pages.items()}
    ConsentEvent.objects.bulk_create([entry for page in pages.values() for entry in page.entries], batch_size=5_000)
    _store_states(pages, found, uses, now)
    lost = {pk: page.refused | (page.customer.consent_mask & ~found[pk].mask) for pk, page in pages.items()}
    _store_masks(pages, found, now)
    revoke_masks(lost={pk: bits for pk, bits in lost.items() if bits}, because="consent_ended", now=now)
    return found


def _store_states(pages: Mapping[int, Page], found: Mapping[int, Outlook], uses: Catalogue, now: datetime) -> None:
    rows = [
        row
        for pk, page in pages.items()
        for purpose_id in page.standings
        if purpose_id in uses.by_id and (row := _changed_state(page, purpose_id, found[pk], now))
    ]
    ConsentState.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["customer", "purpose"],
        update_fields=["state", "event", "allowed", "reason", "granted_at", "valid_until", "updated_at"],
        batch_size=5_000,
    )


def _changed_state(page: Page, purpose_id: int, outlook: Outlook, now: datetime) -> ConsentState | None:
    """The row to store, or None when the one in the table says the same."""
    standing, decision = page.standings[purpose_id], outlook.decisions[purpose_id]
    until, new = outlook.ends.get(purpose_id), page.behind.get(purpose_id)
    if new is None:
        kept = page.kept[purpose_id]
        if (kept.allowed, kept.reason, kept.valid_until) == (decision.allowed, decision.reason.value, until):
            return None
    return ConsentState(
        customer_id=page.customer.pk,
        purpose_id=purpose_id,
        state=standing.state.value,
        event_id=page.entry_id(purpose_id),
        allowed=decision.allowed,
        reason=decision.reason.value,
        granted_at=standing.granted_at,
        valid_until=until,
        updated_at=now,
    )


_MASKS = """
UPDATE customers_customer AS customer
SET consent_mask = fresh.mask, consent_ref = fresh.ref, consent_until = fresh.until, gpc_first_seen_at = fresh.gpc,
    updated_at = %s
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
    AS fresh(id, mask, ref, until, gpc)
WHERE customer.id = fresh.id
"""


def _store_masks(pages: Mapping[int, Page], found: Mapping[int, Outlook], now: datetime) -> None:
    changed = [row for pk, page in pages.items() if (row := _changed_mask(page, found[pk]))]
    if changed:
        with connection.cursor() as cursor:
            cursor.execute(_MASKS, [now, *(list(column) for column in zip(*changed, strict=True))])


def _changed_mask(page: Page, outlook: Outlook) -> tuple[int, int, int | None, datetime | None, datetime | None] | None:
    customer = page.customer
    ref = page.entries[-1].pk if page.entries else customer.consent_ref
    fresh = outlook.mask, ref, outlook.until, page.person.gpc_first_seen_at
    stored = customer.consent_mask, customer.consent_ref, customer.consent_until, customer.gpc_first_seen_at
    return None if fresh == stored else (customer.pk, *fresh)
