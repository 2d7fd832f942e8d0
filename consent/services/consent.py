"""Recording what people decided about their data: append to the ledger, project, tell everybody, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from consent.rules.decisions import Decision
from consent.rules.vocabulary import State
from consent.selectors.catalogue import Catalogue, catalogue
from consent.selectors.outlook import Outlook
from consent.services.entries import ConsentEntry, Notices, put_on, read_notices
from consent.services.pages import Page, close_pages, open_pages
from consent.services.telling import tell
from core import audit
from core.actors import Actor
from core.errors import DomainError, InvalidInput, NotFound, Problem
from customers.models import Customer, Status

__all__ = ["ConsentEntry", "Outcome", "PersonEntries", "Recorded", "record_consent", "record_consents_bulk"]

MAX_ENTRIES: Final = 50
MAX_PEOPLE: Final = 10_000


@dataclass(frozen=True, slots=True)
class PersonEntries:
    """What one person (database id) decided."""

    customer_id: int
    entries: Sequence[ConsentEntry]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one entry came to: the person's last ledger entry on that purpose, her state, and whether we may process.

    `recorded` is False when the entry only repeated what was on record.
    """

    purpose: str
    seq: int
    state: State
    decision: Decision
    recorded: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcomes of one person's entries, in their order, and the bits of all purposes allowed now."""

    customer_id: int
    public_id: str
    mask: int
    outcomes: tuple[Outcome, ...]


@transaction.atomic
def record_consent(
    *, customer: Customer, entries: Sequence[ConsentEntry], by: Actor, now: datetime, reason: str = ""
) -> Recorded:
    """All entries of this person (1 to 50) are in the ledger, or none; her consent mask and tokens agree with it.

    `reason` goes into the audit trail.
    Writers of one person queue for the lock on her row, so no decision can be lost. Refuses what
    `consent.services.entries.put_on` refuses, and a deleted customer (NotFound).
    """
    uses = catalogue()
    notices = read_notices(entries=entries, uses=uses)
    pages = open_pages(customer_ids=[customer.pk], uses=uses)
    page = _page_of(pages, customer.pk)
    before = {key: standing.state.value for key, standing in page.standings.items()}
    written = _write(page, entries, notices, uses, by, now)
    found = close_pages(pages=pages, uses=uses, now=now)
    changes = {uses.by_id[key].key: [before.get(key, "none"), page.standings[key].state.value] for key in page.behind}
    audit.record(by=by, action="consent.recorded", target=page.customer.public_id, changes=changes, reason=reason)
    tell(pages=pages.values(), found=found, uses=uses)
    return _recorded(page, entries, written, found[customer.pk], uses)


@transaction.atomic
def record_consents_bulk(
    *, people: Sequence[PersonEntries], by: Actor, now: datetime, reference: str = "consents"
) -> list[Recorded | DomainError]:
    """Per person all her entries are in the ledger, or none and the refusal says why; in the order given.

    At most 10,000 people a call, in the same few statements for one or all. `reference` names the cause in the audit
    trail, for example the public id of an import.
    """
    if len(people) > MAX_PEOPLE:
        raise InvalidInput(f"At most {MAX_PEOPLE} people at once.", code="batch_too_large")
    uses = catalogue()
    notices = read_notices(entries=[entry for one in people for entry in one.entries], uses=uses)
    pages = open_pages(customer_ids=[one.customer_id for one in people], uses=uses)
    results = [_try(pages, one, notices, uses, by, now) for one in people]
    found = close_pages(pages=pages, uses=uses, now=now)
    entries = sum(len(page.entries) for page in pages.values())
    changes = {"people": [0, len(pages)], "entries": [0, entries]}
    audit.record(by=by, action="consent.recorded_in_bulk", target=reference, changes=changes)
    tell(pages=pages.values(), found=found, uses=uses)
    return [
        result
        if isinstance(result, DomainError)
        else _recorded(pages[one.customer_id], one.entries, result, found[one.customer_id], uses)
        for one, result in zip(people, results, strict=True)
    ]


def _try(
    pages: Mapping[int, Page], one: PersonEntries, notices: Notices, uses: Catalogue, by: Actor, now: datetime
) -> list[bool] | DomainError:
    """Write one person's entries, or leave her page as it was."""
    try:
        page = _page_of(pages, one.customer_id)
    except NotFound as error:
        return error
    bookmark = page.bookmark()
    try:
        return _write(page, one.entries, notices, uses, by, now)
    except DomainError as error:
        page.turn_back(bookmark)
        return error


def _page_of(pages: Mapping[int, Page], customer_id: int) -> Page:
    page = pages.get(customer_id)
    if page is None or page.customer.status == Status.DELETED or page.customer.merged_into_id:
        raise NotFound("There is no customer with this id.")
    return page


def _write(
    page: Page, entries: Sequence[ConsentEntry], notices: Notices, uses: Catalogue, by: Actor, now: datetime
) -> list[bool]:
    if not 1 <= len(entries) <= MAX_ENTRIES:
        raise InvalidInput(f"Send 1 to {MAX_ENTRIES} entries for one person.", code="batch_too_large", param="purposes")
    written = []
    for index, entry in enumerate(entries):
        try:
            written.append(put_on(page=page, entry=entry, notices=notices, uses=uses, by=by, now=now))
        except DomainError as error:
            error.param = f"purposes[{index}].{error.param}"
            error.details = (Problem(error.param, error.code, error.message),)
            raise
    return written


def _recorded(
    page: Page, entries: Sequence[ConsentEntry], written: Sequence[bool], outlook: Outlook, uses: Catalogue
) -> Recorded:
    outcomes = []
    for entry, recorded in zip(entries, written, strict=True):
        use = uses.uses[entry.purpose]
        standing = page.standings[use.id]
        outcomes.append(
            Outcome(use.key, standing.entry.seq, standing.state, outlook.decisions[use.id], recorded=recorded)
        )
    return Recorded(page.customer.pk, page.customer.public_id, outlook.mask, tuple(outcomes))
