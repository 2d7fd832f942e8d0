"""A Global Privacy Control signal on any request of the API that names people."""

from collections.abc import Collection
from datetime import datetime

from consent.models import ConsentToken
from consent.services.gpc import apply_gpc
from core.actors import Actor
from customers.selectors.named import ids_named


def record_signal(*, names: Collection[tuple[str, str]], by: Actor, now: datetime) -> int:
    """The signal is on record for everybody named, by whatever name or by the id of her consent token (`jti`).

    Answers for how many it is the first; nobody, when the names are nobody's. See `apply_gpc`.
    """
    tokens = [value for name, value in names if name == "jti" and value.isprintable()]
    holders = ConsentToken.objects.filter(jti__in=tokens).values_list("customer_id", flat=True) if tokens else ()
    return apply_gpc(customer_ids=ids_named(names) | set(holders), by=by, now=now)
