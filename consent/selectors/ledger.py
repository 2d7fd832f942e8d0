"""Reading the ledger: what an entry's hash covers, whether the chain holds, what was known when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from consent.models import ConsentEvent
from consent.rules.chain import Break, Link, first_break
from core.errors import NotFound
from core.models import Job, JobState
from customers.models import Customer


def content_of(row: ConsentEvent, purpose: str, notice: str, notice_sha256: str) -> dict[str, Any]:
    """What the hash of an entry covers: everything but the two hashes and the database id."""
    return {
        "id": row.public_id,
        "subject": row.subject,
        "seq": row.seq,
        "purpose": purpose,
        "event": row.event,
        "legal_basis": row.legal_basis,
        "place": row.place,
        "rule_set": row.rule_set,
        "notice": notice,
        "notice_sha256": notice_sha256,
        "source": row.source,
        "actor": row.actor,
        "evidence": row.evidence,
        "occurred_at": row.occurred_at,
        "recorded_at": row.recorded_at,
        "valid_until": row.valid_until,
    }


@dataclass(frozen=True, slots=True)
class BrokenChain:
    """A person (public id) whose ledger was tampered with, and where it first shows."""

    subject: str
    broken_at: Break


def broken_chains(*, after: int = 0, until: int | None = None) -> Iterator[BrokenChain]:
    """The people with ids behind `after` up to `until` whose chain does not hold, one at most once.

    Streams the ledger in order of person and sequence through a server-side cursor; memory does not grow.
    """
    rows = list_entries().filter(customer_id__gt=after).order_by("customer_id", "seq")
    if until is not None:
        rows = rows.filter(customer_id__lte=until)
    for _, entries in groupby(rows.iterator(chunk_size=2_000), key=attrgetter("customer_id")):
        subject = ""
        links = []
        for row in entries:
            subject = row.subject
            links.append(_link(row))
        found = first_break(links)
        if found:
            yield BrokenChain(subject, found)


def chain_of(customer_id: int) -> Break | None:
    """The first break in one person's chain, or None."""
    return first_break(_link(row) for row in history_of([customer_id]).order_by("seq"))


def _link(row: ConsentEvent) -> Link:
    notice = row.notice
    content = content_of(row, row.purpose.key, notice.public_id if notice else "", notice.sha256 if notice else "")
    return Link(row.seq, content, row.previous_hash, row.hash)


def list_entries() -> QuerySet[ConsentEvent]:
    """The whole ledger with purposes and notices, less their words."""
    return ConsentEvent.objects.select_related("purpose", "notice").defer("notice__text", "purpose__description")


def history_of(customer_ids: Sequence[int]) -> QuerySet[ConsentEvent]:
    """Every entry of these profiles (one person and the visitors she absorbed)."""
    return list_entries().filter(customer_id__in=customer_ids)


def lost_heads(*, limit: int) -> list[str]:
    """Public ids of people whose record names a last entry that is not in the ledger, at most `limit`."""
    entry = ConsentEvent.objects.filter(pk=OuterRef("consent_ref"), customer_id=OuterRef("pk"))
    people = Customer.objects.filter(~Exists(entry), consent_ref__isnull=False).order_by("pk")
    return list(people.values_list("public_id", flat=True)[:limit])


def last_verification() -> Job | None:
    """The newest walk over the ledger that ended, or None."""
    return Job.objects.filter(kind="consent.verify", state=JobState.SUCCEEDED).order_by("-created_at", "-id").first()


def find_entry(public_id: str) -> ConsentEvent:
    """The entry `con_...` with purpose and the words of its notice; NotFound otherwise."""
    row = ConsentEvent.objects.select_related("purpose", "notice").filter(public_id=public_id).first()
    if row is None:
        raise NotFound("There is no entry with this id in the consent ledger.")
    return row
