"""Graphs that automations of the field are made of."""

from typing import Any

EMPTY_RULE = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}
BODY = 'Hello {{ customer.first_name | default: "there" }}'


def graph(steps: dict[str, Any], start: str | None = None, **more: Any) -> dict[str, Any]:
    """A graph that begins with its first step."""
    entry = {"on": "event", "event": "page-view"}
    return {"version": 1, "entry": entry, "start": start or next(iter(steps)), "steps": steps, **more}


def send(to: str | None = None, **more: Any) -> dict[str, Any]:
    """A step that sends."""
    return {"type": "send", "subject": "Hello", "body": BODY, "next": to, **more}


def wait(to: str | None = None, **more: Any) -> dict[str, Any]:
    """A step that waits a day, or as long as is said."""
    return (
        {"type": "wait", "days": 1, "next": to, **more} if "hours" not in more else {"type": "wait", "next": to, **more}
    )


CART = graph(
    {
        "hour": {"type": "wait", "hours": 1, "next": "paid"},
        "paid": {
            "type": "wait_for",
            "for": {"on": "event", "event": "purchase", "key": "properties.cartId"},
            "timeout": {"days": 1},
            "next": None,
            "otherwise": "remind",
        },
        "remind": send("mark"),
        "mark": {"type": "tag", "add": ["left a cart"], "next": "end"},
        "end": {"type": "exit"},
    },
    entry={"on": "event", "event": "page-view", "key": "properties.cartId"},
    goals=[{"on": "order"}],
    reentry={"policy": "after_days", "days": 7},
)
