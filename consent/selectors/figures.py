"""Key figures about consent."""

from datetime import datetime
from typing import Any, Final

from django.db.models import Count

from consent.models import ConsentState
from consent.selectors.catalogue import catalogue
from consent.selectors.decisions import narrow_to_allowed
from customers.models import Status
from customers.selectors.customers import list_customers

MAIL: Final = "marketing_email"
GRANTED: Final = frozenset({"granted", "soft_opt_in", "imported", "renewed"})
UNDECIDED: Final = frozenset({"none", "requested", "pending_doi"})


def reach_by_email(*, now: datetime) -> dict[str, Any]:
    """How many active customers marketing by e-mail may reach now, and how they have answered.

    Reached is who has an address and may be written to now: consent that ran out does not count. `rows` adds up to
    `total`: granted, denied, unknown (never asked, or not confirmed yet). Nothing while there is no such purpose.
    """
    if MAIL not in catalogue().uses:
        return {"missing": True, "rows": [], "total": 0}
    active = list_customers().filter(status=Status.ACTIVE)
    total = active.count()
    states = dict(
        ConsentState.objects.filter(purpose__key=MAIL, customer__in=active)
        .values_list("state")
        .annotate(people=Count("pk"))
    )
    granted = sum(people for state, people in states.items() if state in GRANTED)
    denied = sum(people for state, people in states.items() if state not in GRANTED | UNDECIDED)
    reachable = narrow_to_allowed(active, purpose=MAIL, now=now).exclude(email=None).count()
    rows = [("Granted", granted), ("Denied", denied), ("Unknown", total - granted - denied)] if total else []
    return {
        "reachable": reachable,
        "share": f"{reachable * 100 / total:.0f} %" if total else "0 %",
        "rows": rows,
        "total": total,
    }
