"""Finding people whom controllers name by digests alone (OpenDSR, section 5.2)."""

from datetime import datetime

from django.db import transaction

from consent.models import DataRequest
from consent.services.request_writing import note
from consent.services.requests import recognise_requester
from core.actors import SYSTEM
from customers.models import Customer
from integrations.selectors.opendsr import WAITING, digests_waiting, owners_of

_NOBODY = "No identifier here has one of the digests that were sent."


def find_people(*, now: datetime) -> int:
    """Every request that waits for it is about the customer behind its digests, or about nobody we know; how many of
    the first.

    The identifiers are gone through once for all of them. Killed on the way, the rest waits for the next round.
    """
    waiting = digests_waiting()
    owners = owners_of({one for named in waiting.values() for one in named}) if waiting else {}
    found = 0
    for pk, named in waiting.items():
        owner = next((owners[one] for one in named if one in owners), None)
        found += _settle(pk, owner, now)
    return found


@transaction.atomic
def _settle(pk: int, owner: int | None, now: datetime) -> bool:
    """The digests are forgotten, and the request is about their owner while it is open."""
    row = DataRequest.objects.select_for_update().filter(pk=pk).first()
    if row is None or WAITING not in row.agent_facts:
        return False
    row.agent_facts = {name: value for name, value in row.agent_facts.items() if name != WAITING}
    row.save(update_fields=["agent_facts"])
    customer = Customer.objects.alive().filter(pk=owner).first() if owner and row.is_open else None
    if customer is None:
        note(row=row, kind="not_found", by=SYSTEM, now=now, text=_NOBODY)
        return False
    recognise_requester(request=row, customer=customer, by=SYSTEM, now=now)
    return True
