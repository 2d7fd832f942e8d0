"""Who was erased, for the list that is kept outside; and who of them is back after an old backup was restored."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from django.db.models import Q

from consent.models import DataRequest, RequestEvent, Suppression, SuppressionReason
from consent.rules.erased_list import Erased, Kept, in_pieces
from consent.rules.requests import Kind, State, Verb
from consent.selectors.suppression import suppression_hash
from core.crypto import keyed_hash
from customers.models import Customer, Identity, Status

AT_ONCE: Final = 1_000
_PSEUDONYM: Final = "psn_"


def sign_erasures(text: str, /) -> str:
    """The signature of a list of erasures: HMAC-SHA-256 under a key of HUB_MASTER_KEY."""
    return keyed_hash("erased list", text)


def erasures() -> Iterator[dict[str, Any]]:
    """Every erasure that ever was and every identifier it keeps away, in bounded memory.

    Those limited to a purpose stand last: whoever was erased as a whole is found before.
    """
    listed = Suppression.objects.filter(reason=SuppressionReason.ERASURE).order_by("pk")
    for one in listed.iterator(AT_ONCE):
        yield asdict(Kept(kind=one.kind, hash=one.value_hash, source=one.source, at=one.created_at.isoformat()))
    tombstones = Customer.objects.filter(status=Status.DELETED).only("pk", "public_id", "deleted_at").order_by("pk")
    for some in in_pieces(tombstones.iterator(AT_ONCE), AT_ONCE):
        requests = _requests_about(row.pk for row in some)
        for row in some:
            at = row.deleted_at.isoformat() if row.deleted_at else ""
            yield _entry(row.public_id, at, requests.get(row.pk))
    done = DataRequest.objects.filter(verb=Verb.PSEUDONYMISE, purpose="", state=State.DELIVERED)
    for request in done.select_related("customer").order_by("pk").iterator(AT_ONCE):
        if request.customer and request.closed_at:
            yield _entry(request.customer.public_id, request.closed_at.isoformat(), request)
    limited = DataRequest.objects.filter(kind=Kind.ERASURE, state=State.DELIVERED).exclude(purpose="")
    living = limited.exclude(customer__status=Status.DELETED)
    for request in living.select_related("customer").order_by("pk").iterator(AT_ONCE):
        if request.customer and request.closed_at:
            yield _entry(request.customer.public_id, request.closed_at.isoformat(), request)


def _requests_about(ids: Iterator[int]) -> dict[int | None, DataRequest]:
    found = DataRequest.objects.filter(kind=Kind.ERASURE, purpose="", customer_id__in=list(ids)).exclude(second_by="")
    return {row.customer_id: row for row in found.order_by("pk")}


def _entry(customer: str, at: str, request: DataRequest | None) -> dict[str, Any]:
    if request is None:
        return asdict(Erased(customer=customer, verb=Verb.ERASE.value, at=at))
    return asdict(
        Erased(
            customer=customer,
            verb=request.verb,
            at=at,
            request=request.public_id,
            regime=request.regime,
            place=request.place,
            approved_by=(request.approved_by, request.second_by),
            purpose=request.purpose,
            spared=tuple(request.refused_parts),
        )
    )


def back_by_id(entries: Sequence[Erased], /) -> Iterator[tuple[Customer, Erased]]:
    """Those of these people whose profile lives again under its old id, or holds again what was erased of it."""
    by_name = {entry.customer: entry for entry in entries if not entry.purpose}
    limited = [entry for entry in entries if entry.purpose]
    names = {entry.customer for entry in entries}
    alive = Customer.objects.filter(public_id__in=names).exclude(status=Status.DELETED).order_by("pk")
    rows = {row.public_id: row for row in alive}
    for name, entry in by_name.items():
        if name in rows and (entry.verb != Verb.PSEUDONYMISE or _readable([rows[name].pk])):
            yield rows[name], entry
    known = _still_known(limited) if limited else set[str]()
    for entry in limited:
        if entry.customer in rows and entry.request not in known:
            yield rows[entry.customer], entry


def _still_known(entries: Sequence[Erased]) -> set[str]:
    """The requests of these erasures that this database knows as done, by themselves or by their repetition.

    What is kept for their purpose now came afterwards.
    """
    asked = {entry.request for entry in entries}
    done = DataRequest.objects.filter(state=State.DELIVERED)
    kept = set(done.filter(public_id__in=asked).values_list("public_id", flat=True))
    people = {entry.customer for entry in entries}
    again = RequestEvent.objects.filter(kind="repeated", request__in=done.filter(customer__public_id__in=people))
    return kept | set(again.exclude(request__purpose="").values_list("facts__first_request", flat=True))


def _readable(ids: Collection[int]) -> bool:
    return Identity.objects.filter(customer_id__in=ids).exclude(value__startswith=_PSEUDONYM).exists()


def back_by_identifier() -> Iterator[list[tuple[Customer, list[Suppression]]]]:
    """Living profiles with identifiers that an erasure keeps away, and why, piece by piece; reads all identifiers."""
    rows = Identity.objects.order_by("pk").values_list("customer_id", "kind", "value")
    for some in in_pieces(rows.iterator(AT_ONCE), AT_ONCE):
        by_hash = {suppression_hash(kind, value): customer_id for customer_id, kind, value in some}
        listed = Suppression.objects.filter(value_hash__in=by_hash, reason=SuppressionReason.ERASURE)
        hits = dict[int, list[Suppression]]()
        for hit in listed.order_by("pk"):
            hits.setdefault(by_hash[hit.value_hash], []).append(hit)
        living = Customer.objects.filter(~Q(status=Status.DELETED), pk__in=hits).order_by("pk")
        if found := [(row, hits[row.pk]) for row in living]:
            yield found
