"""Calling controllers back when the status of a request changed (OpenDSR 2.0, section 8.5), signed."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from consent.models import DataRequest
from consent.rules.callbacks import after_call
from integrations.selectors.opendsr import ControllerCall, due_controller_calls
from integrations.services.agent_calls import Call, make_calls
from integrations.services.certificates import sign_object

Clock = Callable[[], datetime]


def call_controllers(*, clock: Clock) -> int:
    """Every address that a controller named knows where its request stands; how many calls arrived.

    They leave as those of agents do; one that did not arrive is made again at the next round, for a bounded number of
    rounds.
    """
    now = clock()
    due = due_controller_calls(now=now)
    arrived = make_calls(calls=[Call(one.url, one.body, sign_object(body=one.body, now=now)) for one in due])
    for call, came in zip(due, arrived, strict=True):
        _note(call, came)
    return sum(arrived)


@transaction.atomic
def _note(call: ControllerCall, arrived: bool) -> None:
    row = DataRequest.objects.select_for_update().get(pk=call.request_id)
    calls = row.agent_facts.get("calls", {})
    calls[call.url] = after_call(calls.get(call.url, {}), mark=call.mark, arrived=arrived)
    row.agent_facts = row.agent_facts | {"calls": calls}
    row.save(update_fields=["agent_facts"])
