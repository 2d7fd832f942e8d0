"""Rectification: what the person says is right is written to her profile, by the request."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from consent.models import DataRequest, RequestStep
from consent.rules.request_steps import ENDED, Action
from consent.rules.requests import Kind, State
from consent.services.request_steps import finish_by_hand
from consent.services.request_writing import keep, lock_open
from core.actors import Actor
from core.errors import InvalidInput, InvalidState
from customers.rules.governance import PERSON
from customers.services.customers import update_customer


@transaction.atomic
def correct_subject(*, request: DataRequest, properties: Mapping[str, Any], by: Actor, now: datetime) -> DataRequest:
    """The profile has these values, and history and audit log say which fields were corrected, never the values.

    The task of correcting is done with it. Refused for other kinds of requests, before collecting, without a person,
    without a value, and as the profile itself refuses a value.
    """
    row = lock_open(request=request)
    if row.kind != Kind.RECTIFICATION:
        raise InvalidState("Only a request for rectification corrects a profile.")
    if row.customer is None:
        raise InvalidState("Find the person first.")
    if row.state not in (State.COLLECTING, State.REVIEWING):
        raise InvalidState("Establish the requester's identity first; then the data is collected and corrected.")
    if not properties:
        raise InvalidInput("Change at least one value.", code="missing_field")
    update_customer(customer=row.customer, properties=dict(properties), by=by, now=now, source=PERSON)
    fields = ", ".join(sorted(properties))
    keep(row=row, action="corrected", by=by, now=now, before=row.state, text=f"Corrected: {fields}")
    step = RequestStep.objects.filter(request=row, action=Action.BY_HAND).exclude(state__in=ENDED).first()
    if step:
        finish_by_hand(step=step, text=f"Corrected: {fields}", by=by, now=now)
    return DataRequest.objects.get(pk=row.pk)
