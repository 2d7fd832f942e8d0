"""Graphs to begin with, as most people need them."""

from collections.abc import Mapping
from typing import Any, Final

_HELLO: Final = 'Hello {{ customer.first_name | default: "there" }},\n\n'
_WEEK: Final = {"policy": "after_days", "days": 7}
_ORDER: Final = [{"on": "order"}, {"on": "event", "event": "purchase"}]


def _send(subject: str, body: str, to: str | None = None) -> dict[str, Any]:
    return {"type": "send", "subject": subject, "body": _HELLO + body, "next": to}


TEMPLATES: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "welcome": (
        "Welcome: a message at once, another after three days",
        {
            "version": 1,
            "entry": {"on": "api"},
            "goals": _ORDER,
            "start": "hello",
            "steps": {
                "hello": _send("Welcome", "Good to have you with us.", "rest"),
                "rest": {"type": "wait", "days": 3, "at": "09:00", "next": "again"},
                "again": _send("Have you looked around?", "Here is where to begin."),
            },
        },
    ),
    "cart": (
        "Left a cart: a reminder when nothing is bought within a day",
        {
            "version": 1,
            "entry": {"on": "event", "event": "form-submit", "key": "properties.formId"},
            "reentry": _WEEK,
            "goals": _ORDER,
            "start": "paid",
            "steps": {
                "paid": {
                    "type": "wait_for",
                    "for": {"on": "event", "event": "purchase"},
                    "timeout": {"days": 1},
                    "next": None,
                    "otherwise": "remind",
                },
                "remind": _send("You left something behind", "It is still there for you."),
            },
        },
    ),
    "birthday": (
        "Birthday: a message at nine where they are",
        {
            "version": 1,
            "entry": {"on": "date", "field": "birth_date", "days": 0, "at": "09:00", "yearly": True},
            "reentry": {"policy": "after_days", "days": 300},
            "start": "wish",
            "steps": {"wish": _send("Happy birthday", "All the best from us.")},
        },
    ),
    "blank": (
        "Nothing yet: one step that ends",
        {"version": 1, "entry": {"on": "api"}, "start": "end", "steps": {"end": {"type": "exit"}}},
    ),
}
