"""The ledger pages of some people, locked: read together, written together, whatever the number of people.

A page is opened under the lock of the customer's row, so writers of one person come one after the other and none can
overwrite what another has just recorded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from consent.models import ConsentEvent
from consent.rules.jurisdiction_rule import JurisdictionRule
from consent.rules.standing import Person, Standing
from consent.selectors.catalogue import Catalogue
from consent.selectors.outlook import Outlook, Outlooks
from consent.selectors.standings import Head, Kept, Record, person_of, read_records
from consent.services.writing import Sheet, store
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
    "sensitive_limited",
    "consent_mask",
    "consent_ref",
    "consent_until",
)


@dataclass(slots=True)
class Page:
    """One person's page while it is open. `refused` holds the bits of the purposes just said no to;
    `limited` says whether the use of sensitive data is.
    """

    customer: Customer
    person: Person
    rule: JurisdictionRule
    head: Head
    kept: Mapping[int, Kept]
    standings: dict[int, Standing]
    entries: list[ConsentEvent] = field(default_factory=list)
    behind: dict[int, ConsentEvent] = field(default_factory=dict)
    refused: int = 0
    limited: bool = False

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


def open_pages(*, customer_ids: Iterable[int], uses: Catalogue) -> dict[int, Page]:
    """The pages of these customers, their rows locked until the transaction ends; unknown ids are absent.

    Rows are locked in order of id, so two writers of the same people cannot wait for each other in a circle.
    """
    rows = Customer.objects.select_for_update(no_key=True).only(*COLUMNS)
    customers = list(rows.filter(pk__in=set(customer_ids)).order_by("pk"))
    records = read_records([customer.pk for customer in customers])
    return {customer.pk: _page(customer, records[customer.pk], uses) for customer in customers}


def _page(customer: Customer, record: Record, uses: Catalogue) -> Page:
    return Page(
        customer=customer,
        person=person_of(customer, suppressed=record.suppressed, restricted=record.restricted),
        rule=uses.rule_of(customer.place),
        head=record.head,
        kept=record.kept,
        standings={purpose_id: kept.standing for purpose_id, kept in record.kept.items()},
        limited=record.limited,
    )


def close_pages(*, pages: Mapping[int, Page], uses: Catalogue, now: datetime) -> dict[int, Outlook]:
    """Entries, states, masks and tokens of these people agree and are stored; what each record allows now.

    One statement for any number of people; none when nothing changed.
    """
    outlooks = Outlooks(uses, now)
    found = {pk: outlooks.of(page.person, page.standings) for pk, page in pages.items()}
    sheet = Sheet(entries=[entry for page in pages.values() for entry in page.entries])
    for pk, page in pages.items():
        sheet.states += _changed_states(page, found[pk], uses)
        sheet.people += _changed_person(page, found[pk])
        if bits := page.refused | (page.customer.consent_mask & ~found[pk].mask):
            sheet.lost.append({"customer_id": pk, "mask": bits})
    store(sheet=sheet, now=now)
    return found


def _changed_states(page: Page, outlook: Outlook, uses: Catalogue) -> list[dict[str, Any]]:
    """The states that the table does not hold as they are now."""
    return [
        row
        for purpose_id, standing in page.standings.items()
        if purpose_id in uses.by_id and (row := _changed_state(page, purpose_id, standing, outlook))
    ]


def _changed_state(page: Page, purpose_id: int, standing: Standing, outlook: Outlook) -> dict[str, Any] | None:
    decision, until = outlook.decisions[purpose_id], outlook.ends.get(purpose_id)
    new, kept = page.behind.get(purpose_id), page.kept.get(purpose_id)
    fresh = decision.allowed, decision.reason.value, until
    if new is None and kept and fresh == (kept.allowed, kept.reason, kept.valid_until):
        return None
    return {
        "customer_id": page.customer.pk,
        "purpose_id": purpose_id,
        "state": standing.state.value,
        "event_id": kept.event_id if kept and new is None else None,
        "seq": new.seq if new else None,
        "allowed": decision.allowed,
        "reason": decision.reason.value,
        "granted_at": standing.granted_at,
        "valid_until": until,
    }


def _changed_person(page: Page, outlook: Outlook) -> list[dict[str, Any]]:
    customer = page.customer
    fresh = outlook.mask, outlook.until, page.person.gpc_first_seen_at, page.limited
    stored = customer.consent_mask, customer.consent_until, customer.gpc_first_seen_at, customer.sensitive_limited
    if not page.entries and fresh == stored:
        return []
    return [dict(zip(("id", "mask", "until", "gpc", "limited"), (customer.pk, *fresh), strict=True))]
