"""The suppression list, asked by keyed hash: it can be matched, not read."""

from collections.abc import Collection

from django.db.models import QuerySet

from consent.models import Suppression
from core.crypto import keyed_hash
from core.errors import NotFound
from customers.models import IdentityKind
from customers.rules.identity import BadIdentity, normalise

Identifier = tuple[str, str]


def suppression_hash(kind: str, value: str) -> str:
    """The keyed hash under which a normalised identifier stands on the list."""
    return keyed_hash("suppression", f"{kind}:{value}")


def suppressed_among(identifiers: Collection[Identifier]) -> frozenset[Identifier]:
    """Those of these (kind, normalised value) pairs that are on the list; one query."""
    by_hash = {suppression_hash(kind, value): (kind, value) for kind, value in identifiers}
    hits = Suppression.objects.filter(value_hash__in=list(by_hash)).values_list("value_hash", flat=True)
    return frozenset(by_hash[hit] for hit in hits)


def list_suppressions() -> QuerySet[Suppression]:
    """The whole list with the profiles it concerns."""
    return Suppression.objects.select_related("customer")


def find_suppression(pk: int) -> Suppression:
    """The entry with this number; NotFound otherwise."""
    row = list_suppressions().filter(pk=pk).first()
    if row is None:
        raise NotFound("This entry is not on the suppression list.")
    return row


def hashes_of(text: str) -> list[str]:
    """Under which hashes what somebody typed could stand: as each kind of identifier that it can be."""
    found = []
    for kind in IdentityKind:
        try:
            found.append(suppression_hash(kind, normalise(kind, text)))
        except BadIdentity:
            continue
    return found
