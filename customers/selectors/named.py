"""Whom a request names, in whatever words the API offers for it."""

from collections.abc import Collection, Iterable
from typing import Final

from core.ids import is_public_id
from customers.models import Customer, Identity, IdentityKind, Status
from customers.rules.identity import BadIdentity, normalise

_REFERENCES: Final = frozenset({"reference", "user_id", "userId", "customer", "subject", "id"})
_KINDS: Final = {"anonymousId": IdentityKind.ANONYMOUS_ID} | {kind.value: kind for kind in IdentityKind}


def ids_named(names: Collection[tuple[str, str]]) -> set[int]:
    """Row ids of the living people called so, of who absorbed whom is called so; two queries for any number of names.

    A name is a pair of how (`reference`, `userId`, `email`, `anonymousId`, ...) and value; other pairs are ignored.
    """
    references = {value for name, value in names if name in _REFERENCES}
    identifiers = {(kind.value, text) for kind, text in _identifiers(names, references)}
    ours = {value for value in references if is_public_id(value, Customer.id_prefix)}
    alive = Customer.objects.exclude(status=Status.DELETED)
    rows = alive.filter(public_id__in=ours).values_list("pk", "merged_into_id") if ours else ()
    found = {into or pk for pk, into in rows}
    values = {value for _, value in identifiers}
    owners = Identity.objects.filter(value__in=values, kind__in=_KINDS.values()) if values else ()
    return found | {owner.customer_id for owner in owners if (owner.kind, owner.value) in identifiers}


def _identifiers(names: Collection[tuple[str, str]], references: Iterable[str]) -> Iterable[tuple[IdentityKind, str]]:
    wanted = [(_KINDS[name], value) for name, value in names if name in _KINDS]
    wanted += [(IdentityKind.EXTERNAL_ID, value) for value in references]
    for kind, value in wanted:
        try:
            yield kind, normalise(kind, value)
        except BadIdentity:
            continue
