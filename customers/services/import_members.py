"""Gathering the rows of a member file, chunk by chunk: customers whom we know; nobody is made."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import connection

from core.ids import is_public_id
from customers.models import Identity, IdentityKind, ImportFile, SegmentMember
from customers.rules.drafts import CustomerDraft
from customers.rules.identity import STRONG_KINDS
from customers.selectors.customers import ids_by_reference
from customers.services.claims import owners_of
from customers.services.guards import Identifier, suppressed_among
from customers.services.import_figures import Figures, Refusal

NOT_FOUND, AMBIGUOUS, SUPPRESSED = "not_found", "ambiguous", "suppressed"
_SENTENCES: Final = {
    NOT_FOUND: "Nobody we know has this id, e-mail address or phone number.",
    AMBIGUOUS: "The row names different customers by its id, e-mail address and phone number.",
    SUPPRESSED: "This person is on the suppression list.",
}
_GATHER: Final = """
INSERT INTO customers_segmentmember (version_id, customer_id, entered_at)
SELECT %s, c.id, coalesce(o.entered_at, %s) FROM customers_customer c
LEFT JOIN customers_segmentmember o ON o.version_id = %s AND o.customer_id = c.id
WHERE c.id = ANY(%s::bigint[]) AND c.status <> 'deleted' AND c.merged_into_id IS NULL ORDER BY c.id
ON CONFLICT DO NOTHING RETURNING customer_id
"""


class MemberChunks:
    """Puts the customers whom parsed rows name into the file's version; the others go to the figures as refusals."""

    def __init__(self, *, file: ImportFile, listed: int) -> None:
        """`listed` is the current version (id) of the list."""
        self._version, self._listed = file.version_id or 0, listed
        self.remarks: list[Refusal] = []

    def write(self, parsed: Sequence[CustomerDraft], figures: Figures, now: datetime) -> list[Refusal]:
        """The rows are answered for in a fixed number of statements; the refusals among them.

        `created` counts who comes onto the list, `unchanged` who is on it already or was named by a row before.
        """
        named = {row.number: _identifiers(row) for row in parsed}
        owners = _owners({one for identifiers in named.values() for one in identifiers})
        found = {number: {owners[one] for one in identifiers if one in owners} for number, identifiers in named.items()}
        banned = _banned(named, found)
        verdicts = {row.number: _verdict(row.number, found[row.number], banned) for row in parsed}
        people = [next(iter(found[row.number])) for row in parsed if not verdicts[row.number]]
        self._gather(people, figures, now)
        return [Refusal(number, code, _SENTENCES[code]) for number, code in verdicts.items() if code]

    def _gather(self, people: Sequence[int], figures: Figures, now: datetime) -> None:
        listed = SegmentMember.objects.filter(version_id=self._listed, customer_id__in=set(people))
        there = set(listed.values_list("customer_id", flat=True))
        with connection.cursor() as cursor:
            cursor.execute(_GATHER, [self._version, now, self._listed, list(set(people))])
            gathered = {pk for (pk,) in cursor.fetchall()}
        figures.created += len(gathered - there)
        figures.unchanged += len(people) - len(gathered - there)
        for _ in range(len(people) - len(gathered)):
            figures.note("named_before")


def _identifiers(row: CustomerDraft) -> list[Identifier]:
    return [(kind, row.identities[kind]) for kind in STRONG_KINDS if kind in row.identities]


def _owners(identifiers: Collection[Identifier]) -> dict[Identifier, int]:
    """Who is behind each identifier; an external id may be written as a public one."""
    kind = IdentityKind.EXTERNAL_ID.value
    public = ids_by_reference([value for k, value in identifiers if k == kind and is_public_id(value, "cus")])
    return owners_of(identifiers=identifiers) | {(kind, value): pk for value, pk in public.items()}


def _banned(named: Mapping[int, Sequence[Identifier]], found: Mapping[int, Collection[int]]) -> frozenset[int]:
    """Rows that name somebody of whom any identifier is on the suppression list."""
    people = {pk for ids in found.values() for pk in ids}
    rows = Identity.objects.filter(customer_id__in=people, kind__in=STRONG_KINDS).order_by("pk")
    held: dict[int, list[Identifier]] = defaultdict(list)
    for pk, kind, value in rows.values_list("customer_id", "kind", "value"):
        held[pk].append((kind, value))
    everything = {one for identifiers in (*named.values(), *held.values()) for one in identifiers}
    hits = suppressed_among(identifiers=everything)
    if not hits:
        return frozenset()
    away = {pk for pk, identifiers in held.items() if hits.intersection(identifiers)}
    return frozenset(n for n, identifiers in named.items() if hits.intersection(identifiers) or away & set(found[n]))


def _verdict(number: int, people: Collection[int], banned: Collection[int]) -> str:
    """Why the row is refused; empty when it names one customer."""
    if number in banned:
        return SUPPRESSED
    if not people:
        return NOT_FOUND
    return AMBIGUOUS if len(people) > 1 else ""
