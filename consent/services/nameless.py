"""A profile that names nobody, to which facts of a person move so that figures stay right."""

from datetime import datetime
from typing import Any

from customers.models import Customer, Status


def make_nameless(*, like: Customer, via: str, now: datetime, **kept: Any) -> Customer:
    """An inactive profile with the country and language of `like`, the fields in `kept`, and no identifier."""
    return Customer.objects.create(
        public_id=Customer.new_public_id(),
        created_at=now,
        updated_at=now,
        country=like.country,
        language=like.language,
        status=Status.INACTIVE,
        is_known=False,
        created_via=via,
        **kept,
    )
