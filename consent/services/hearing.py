"""A Global Privacy Control signal on any request of the API that names people."""

from collections.abc import Collection
from datetime import datetime

from consent.models import ConsentToken, DataRequest
from consent.services.gpc import apply_gpc
from core.actors import Actor
from core.ids import is_public_id
from customers.selectors.named import ids_named


def record_signal(*, names: Collection[tuple[str, str]], by: Actor, now: datetime) -> int:
    """The signal is on record for everybody named, by whatever name, or by the id of her consent token (`jti`) or of
    her privacy request (`request_id`).

    Answers for how many it is the first; nobody, when the names are nobody's. See `apply_gpc`.
    """
    tokens = [value for name, value in names if name == "jti" and value.isprintable()]
    holders = ConsentToken.objects.filter(jti__in=tokens).values_list("customer_id", flat=True) if tokens else ()
    requests = [value for name, value in names if name == "request_id" and is_public_id(value, DataRequest.id_prefix)]
    about = DataRequest.objects.filter(public_id__in=requests, customer__isnull=False) if requests else ()
    ids = ids_named(names) | set(holders) | {request.customer_id for request in about if request.customer_id}
    return apply_gpc(customer_ids=ids, by=by, now=now)
