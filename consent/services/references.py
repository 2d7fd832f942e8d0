"""Setting the figures that risk and effort are compared with."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from consent.models import RiskReference
from consent.rules.risk import GDPR_SHARE, MOST, REFERENCES
from consent.selectors.risk import references
from core import audit
from core.actors import Actor
from core.errors import InvalidInput


@transaction.atomic
def set_references(*, values: Mapping[str, Decimal], by: Actor, now: datetime) -> dict[str, Decimal]:
    """These figures stand from now on, each change in the audit log. Refuses unknown names and impossible amounts."""
    for key, amount in values.items():
        if key not in REFERENCES:
            raise InvalidInput("There is no such figure.", param=key)
        if not 0 <= amount < MOST or (key == GDPR_SHARE and amount > 100):
            raise InvalidInput("This is no possible amount.", param=key)
    before = references()
    changes = {key: [str(before[key]), str(amount)] for key, amount in values.items() if before[key] != amount}
    for key in changes:
        RiskReference.objects.update_or_create(
            key=key, defaults={"amount": values[key], "updated_at": now}, create_defaults=_row(values[key], now)
        )
    if changes:
        audit.record(by=by, action="risk_references.changed", target="risk", changes=changes)
    return references()


def _row(amount: Decimal, now: datetime) -> dict[str, object]:
    return {"amount": amount, "created_at": now, "updated_at": now}
