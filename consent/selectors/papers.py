"""Which company stands behind a connection, what is on record about it, and which connections rest on it.

Upper floors register their kinds of connection, so that the page of a company names everything that stops with it.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from django.conf import settings
from django.db.models import F, Q

from consent.models import Processor
from consent.rules.papers import (
    EUROPE,
    NO_TRANSFER_GROUND,
    PLACE_BARRED,
    TOO_OLD,
    WITHHELD_WORDS,
    Papers,
    needs_ground,
    why_not_covered,
    why_not_live,
    why_withheld,
)
from core.errors import InvalidInput, InvalidState
from customers.models import Customer
from customers.selectors.recipients import Barrier

NOT_COVERED: Final = "processor_not_covered"
MOST_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Connection:
    """Something through which a company gets data; `screen` is the name of its page, which takes its id."""

    public_id: str
    name: str
    kind: str
    state: str
    screen: str


Lister = Callable[[Collection[str]], Sequence[Connection]]
_listers: dict[str, Lister] = {}


def register_connections(*, name: str, lister: Lister) -> None:
    """`lister(ids)` answers the connections of a company, by its public id and that of its API client; bounded."""
    _listers[name] = lister


def connections_of(row: Processor, /) -> list[Connection]:
    """Everything through which this company gets data, by kind and name."""
    ids = [public_id for public_id in (row.public_id, row.client) if public_id]
    found = [one for lister in _listers.values() for one in lister(ids)]
    return sorted(found, key=lambda one: (one.kind, one.name, one.public_id))


def papers_of(row: Processor, /) -> Papers:
    """What is on record about a company, as the rules see it."""
    return Papers(
        company=row.public_id,
        name=row.name,
        signed_on=row.signed_on,
        agreement_ends_on=row.agreement_ends_on,
        certificate=row.certificate,
        certificate_ends_on=row.certificate_ends_on,
        ended_on=row.ended_on,
        places=tuple(row.storage_places) or (row.country,),
        transfer=row.transfer,
        barred=tuple(row.barred_places),
        keep_days=row.keep_days,
    )


def papers_behind(ids: Collection[str], /) -> dict[str, Papers]:
    """By public id of a company (`prc_...`) or of its API client (`cli_...`); ids without a company are absent.

    Of several companies with one client the one that still works for us stands. One query.
    """
    wanted = {public_id for public_id in ids if public_id}
    if not wanted:
        return {}
    rows = Processor.objects.filter(Q(public_id__in=wanted) | Q(client__in=wanted))
    found: dict[str, Papers] = {}
    for row in rows.order_by(F("ended_on").asc(nulls_last=True), "pk"):
        found |= dict.fromkeys({row.public_id, row.client} & wanted, papers_of(row))
    return found


def withheld_from(*, papers: Papers, customer_ids: Collection[int]) -> dict[int, str]:
    """Those of these customers (row ids) whose data may not go to the company, with the code of the reason."""
    rows = Customer.objects.filter(pk__in=customer_ids).values_list("pk", "country", "region")
    said = {pk: why_withheld(papers, country=country, region=region) for pk, country, region in rows}
    return {pk: why for pk, why in said.items() if why}


def uncovered(ids: Collection[str], /, *, today: date) -> dict[str, str]:
    """Those of these ids behind which stands a company that may get nothing today, with the reason."""
    reasons = {public_id: why_not_covered(papers, today) for public_id, papers in papers_behind(ids).items()}
    return {public_id: why for public_id, why in reasons.items() if why}


def check_may_begin(*, processor: str, client: str, today: date) -> None:
    """A connection that names this company, or whose API client belongs to one, may go live today.

    InvalidState `processor_not_covered` with the reason otherwise; InvalidInput for a company that is not registered.
    """
    found = papers_behind((processor, client))
    if processor and processor not in found:
        raise InvalidInput("There is no such company in the register of processors.", param="processor")
    for papers in found.values():
        if why := why_not_live(papers, today):
            raise InvalidState(why, code=NOT_COVERED, param="processor")


def check_may_get(recipient: str, now: datetime, /) -> None:
    """Data may go to this company, or to the one behind this API client, today; the same refusals as above."""
    is_client = not recipient.startswith("prc_")
    check_may_begin(processor="" if is_client else recipient, client=recipient if is_client else "", today=now.date())


def is_registered(recipient: str, /) -> bool:
    """Whether this is a company of the register, or the API client of one."""
    return recipient in papers_behind((recipient,))


def withheld_from_recipient(recipient: str, customer_ids: Collection[int], /) -> dict[int, str]:
    """Whose data may not go to this company or API client, by row id with the code of the reason."""
    papers = papers_behind((recipient,)).get(recipient)
    return withheld_from(papers=papers, customer_ids=customer_ids) if papers else {}


def barrier_to(recipient: str, now: datetime, /) -> Barrier | None:
    """What the register says about this API client or company, at most CONSENT_CATALOGUE_SECONDS old; None: nothing."""
    papers = _remembered(recipient)
    if papers is None:
        return None
    oldest = None if papers.keep_days is None else now - timedelta(days=papers.keep_days)
    refusal, why = why_not_covered(papers, now.date()), partial(_why, papers)
    return Barrier(refusal, why, _places(papers), WITHHELD_WORDS, oldest, TOO_OLD)


def _places(papers: Papers) -> dict[str, Q]:
    """`why_withheld` as conditions on customers."""
    barred = Q(country__in=papers.barred) | Q(region__in=papers.barred)
    places = {PLACE_BARRED: barred} if papers.barred else {}
    if needs_ground(papers):
        places[NO_TRANSFER_GROUND] = Q(country__in=("", *sorted(EUROPE))) & (~barred if papers.barred else Q())
    return places


def _why(papers: Papers, country: str, region: str) -> str:
    return why_withheld(papers, country=country, region=region)


_kept: dict[str, tuple[float, Papers | None]] = {}


def _remembered(recipient: str) -> Papers | None:
    now = time.monotonic()
    kept = _kept.get(recipient)
    if kept and now < kept[0]:
        return kept[1]
    if len(_kept) > MOST_REMEMBERED:
        _kept.clear()
    papers = papers_behind((recipient,)).get(recipient)
    _kept[recipient] = now + settings.CONSENT_CATALOGUE_SECONDS, papers
    return papers


def forget_papers() -> None:
    """The next reader is asked about in the database: called when the register was changed in this process."""
    _kept.clear()


def names_of_processors(public_ids: Collection[str], /) -> dict[str, str]:
    """The names of these companies."""
    return dict(Processor.objects.filter(public_id__in=public_ids).values_list("public_id", "name"))


def working_processors() -> list[tuple[str, str]]:
    """(public id, name) of the companies that work for us, by name; at most 500."""
    rows = Processor.objects.filter(ended_on=None).order_by("name")
    return list(rows.values_list("public_id", "name")[:500])
