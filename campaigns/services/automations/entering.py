"""Coming in without a signal: put in by a system or a member of staff."""

from datetime import datetime
from typing import Final

from django.db import transaction

from campaigns.models import Automation, AutomationVersion, Run
from campaigns.rules.automations.entering import Before, why_not
from campaigns.rules.automations.states import AutomationState, VersionState
from campaigns.selectors.automations.listing import earlier
from campaigns.services.automations.definitions import locked
from campaigns.services.automations.following import new_run, store_new
from campaigns.services.automations.recording import Journal
from core import audit, outbox
from core.actors import Actor, ActorKind
from core.errors import Conflict, InvalidInput, InvalidState
from customers.models import Customer, Status

REFUSED: Final = {
    "was_in_before": "This customer was in the automation before; its policy lets nobody in twice.",
    "is_in_already": "This customer is under way in the automation.",
    "was_in_lately": "This customer was in the automation too short a time ago for its policy.",
}


@transaction.atomic
def enrol(*, automation: Automation, customer: Customer, ref: str, key: str = "", by: Actor, now: datetime) -> Run:
    """The customer is under way; the same `ref` again answers the run it began.

    Refused unless the automation is active and the customer alive, and when its policy does not let her in.
    """
    automation = locked(automation=automation)
    version = AutomationVersion.objects.filter(automation=automation, state=VersionState.LIVE).first()
    if automation.state != AutomationState.ACTIVE or version is None:
        raise InvalidState("Only an active automation lets somebody in.")
    if not customer.is_known or customer.merged_into_id or customer.status == Status.DELETED:
        raise InvalidInput("This customer is a visitor, erased, or was merged with another one.", param="customer")
    if len(ref) > 100 or not ref.isprintable() or len(key) > 200:
        raise InvalidInput("Invalid 'ref': a text of at most 100 characters.", param="ref")
    begun = Run.objects.filter(automation=automation, customer=customer, ref=f"api:{ref}").first()
    if begun:
        return begun
    before = earlier(automations=[automation.pk], people=[customer.pk]).get((automation.pk, customer.pk), Before())
    if reason := why_not(version.graph, before, at=now, now=now):
        raise Conflict(REFUSED[reason], code=reason)
    run = new_run(version=version, customer_id=customer.pk, ref=f"api:{ref}", at=now, now=now)
    run.key = key
    journal = Journal(now)
    because = "by hand" if by.kind == ActorKind.STAFF else "api"
    journal.note(run, "entered", {"because": because, "by": str(by)})
    store_new(runs=[run], journal=journal)
    journal.close()
    audit.record(by=by, action="automation.enrolled", target=automation.public_id, changes={"run": ["", run.public_id]})
    outbox.publish(topic="automation.enrolled", subject=customer.public_id, payload={"run": run.public_id})
    return run
