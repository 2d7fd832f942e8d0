"""What happens by itself in the demo: a welcome, read by a colleague and at work, with people on their way."""

from datetime import datetime
from typing import Any, Final

from campaigns.models import Automation
from campaigns.services.automations.definitions import define_automation
from campaigns.services.automations.entering import enrol
from campaigns.services.automations.publishing import publish_draft
from campaigns.services.automations.timers import run_timers
from core.actors import Actor
from customers.models import Customer

NAME: Final = "Welcome"
PEOPLE: Final = 60
_HELLO: Final = 'Hello {{ customer.first_name | default: "dear customer" }},\n\n'
_RULE: Final = {"version": 1, "rule": {"on": "profile", "field": "lifetime_orders", "op": "at_least", "value": 2}}
GRAPH: Final[dict[str, Any]] = {
    "version": 1,
    "entry": {"on": "api"},
    "goals": [{"on": "order"}],
    "limits": {"quiet_from": "21:00", "quiet_until": "08:00", "cap_messages": 3, "cap_days": 7},
    "start": "known",
    "steps": {
        "known": {"type": "split", "title": "Ordered before?", "rule": _RULE, "yes": "back", "no": "hello"},
        "hello": {
            "type": "send",
            "subject": "Good to have you with us",
            "body": f"{_HELLO}welcome to our shop. Whatever you need to know is a reply away.\n\nThe shop\n",
            "next": "rest",
        },
        "back": {
            "type": "send",
            "subject": "Good to see you again",
            "body": f"{_HELLO}your account is ready, with all your orders in it.\n\nThe shop\n",
            "next": "mark",
        },
        "mark": {"type": "tag", "add": ["welcomed back"]},
        "rest": {"type": "wait", "days": 3, "at": "09:00", "next": "again"},
        "again": {
            "type": "send",
            "subject": "Have you looked around?",
            "body": f"{_HELLO}here is what others like best this month.\n\nThe shop\n",
        },
    },
}


def welcome_newcomers(*, by: Actor, reader: Actor, now: datetime) -> str:
    """The welcome is published by `reader` and the newest customers are in it, each moved as far as it goes; what
    there is. Messages leave as consent allows, to files while no mail server is set."""
    if Automation.objects.filter(name=NAME).exists():
        return "a welcome at work"
    values = {"name": NAME, "goal": "A first order within a week", "purpose": "marketing_email", "graph": GRAPH}
    automation = define_automation(values=values, by=by, now=now)
    automation = publish_draft(automation=automation, by=reader, now=now)
    newest = Customer.objects.alive().filter(is_known=True, email__isnull=False).order_by("-pk")[:PEOPLE]
    people = list(newest)
    for person in people:
        enrol(automation=automation, customer=person, ref=f"account-{person.public_id}", by=by, now=now)
    run_timers(now=now)
    return f"a welcome with {len(people)} people in it"
