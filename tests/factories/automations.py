"""Automations at work, with people on their way through them."""

import json
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from campaigns.models import Automation, Run
from campaigns.rules.automations.signals import Signal
from campaigns.services.automations.definitions import change_automation, define_automation
from campaigns.services.automations.entering import enrol
from campaigns.services.automations.publishing import publish_draft
from campaigns.services.automations.simulating import simulate, start_simulation
from campaigns.services.automations.timers import run_timers
from core.actors import SYSTEM
from customers.models import Customer
from engagement.rules.catalogue import BY_NAME
from tests.campaigns.rules.automations.examples import CART, graph, send, wait
from tests.factories.campaigns import AUTHOR, READER, make_people

WELCOME = graph(
    {"hello": send("day"), "day": wait("again"), "again": send(subject="Still there?")}, entry={"on": "api"}
)
_HAPPEN = """
INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref, source_id, type_id,
    schema_version, device, consent_kind, properties)
VALUES (%s, %s, %s, (pg_current_xact_id()::text)::bigint, %s, 0, 0, %s, 1, 1, 1, %s)
"""


def make_automation(found: dict[str, Any] | None = None, *, live: bool = True, **values: Any) -> Automation:
    """An automation, published by somebody who did not write it: a welcome, unless another graph is given."""
    wanted = {"name": "Welcome", "purpose": "marketing_email", "graph": found or WELCOME, **values}
    automation = define_automation(values=wanted, by=AUTHOR, now=timezone.now())
    return publish_draft(automation=automation, by=READER, now=timezone.now()) if live else automation


def put_in(automation: Automation, person: Customer, now: datetime | None = None, ref: str = "", key: str = "") -> Run:
    """The person is under way, at the first step."""
    at = now or timezone.now()
    return enrol(automation=automation, customer=person, ref=ref or str(uuid4()), key=key, by=SYSTEM, now=at)


def happen(person: Customer, kind: str, at: datetime | None = None, **facts: Any) -> Signal:
    """An event of this type stands in the log; answers what automations hear of it."""
    number, when = uuid4(), at or timezone.now()
    with connection.cursor() as cursor:
        values = [number, when, timezone.now(), person.pk, BY_NAME[kind].id, json.dumps(facts) if facts else None]
        cursor.execute(_HAPPEN, values)
    return Signal(f"event:{kind}", f"event:{number}", person.pk, when, facts)


def automation_example() -> dict[str, str]:
    """The address of an automation with somebody on her way, simulated."""
    automation = make_automation({**CART, "entry": {"on": "api"}}, name="Cart reminder")
    (person,) = make_people(1)
    put_in(automation, person, key="12")
    run_timers(now=timezone.now())
    job = start_simulation(automation=automation, by=SYSTEM, now=timezone.now())
    simulate(job_id=job.public_id, clock=timezone.now)
    return {"public_id": automation.public_id}


def draft_automation_example() -> dict[str, str]:
    """The address of an automation that was not published."""
    return {"public_id": make_automation(live=False).public_id}


def automation_draft_example() -> dict[str, str]:
    """The address of an automation at work with a draft beside what is live."""
    automation = make_automation()
    change_automation(automation=automation, values={"graph": CART}, by=AUTHOR, now=timezone.now())
    return {"public_id": automation.public_id}


def automation_step_example() -> dict[str, str]:
    """The address of a step of a draft."""
    return {**draft_automation_example(), "step": "hello"}


def run_example() -> dict[str, str]:
    """The address of somebody's way."""
    found = automation_example()
    return {**found, "run_id": Run.objects.get(automation__public_id=found["public_id"]).public_id}


def stopped_run_example() -> dict[str, str]:
    """The address of the way of somebody who stands at a step that failed."""
    found = run_example()
    Run.objects.filter(public_id=found["run_id"]).update(
        state="failed", next_at=None, trouble="There is no promotion any more."
    )
    return found
