"""What is listened for, and what a signal is about."""

from datetime import UTC, datetime

import pytest

from campaigns.rules.automations.signals import Signal, first_fit, fits, key_of

SIGNAL = Signal(
    "event:purchase",
    "event:1",
    7,
    datetime(2026, 6, 1, tzinfo=UTC),
    {"value": 49.5, "deviceType": "mobile", "properties": {"cartId": 12, "category": "Shoes"}},
)
PURCHASE = {"on": "event", "event": "purchase"}


def where(field, op, value=None):
    return {**PURCHASE, "where": [{"field": field, "op": op, "value": value}]}


@pytest.mark.parametrize(
    ("trigger", "heard"),
    [
        (PURCHASE, True),
        ({"on": "event", "event": "click"}, False),
        ({"on": "order"}, False),
        (where("value", "at_least", 40), True),
        (where("value", "at_least", 50), False),
        (where("value", "at_most", 49.5), True),
        (where("value", "at_least", "40"), False),
        (where("properties.category", "is", "Shoes"), True),
        (where("properties.category", "is_not", "Shoes"), False),
        (where("properties.category", "contains", "shoe"), True),
        (where("properties.cartId", "is", "12"), True),
        (where("properties.colour", "is_not", "red"), False),
        (where("properties.colour", "is_set"), False),
        (where("properties.category", "is_set"), True),
    ],
)
def test_fits__conditions__hold_for_values_that_are_there(trigger, heard):
    assert fits(trigger, SIGNAL) is heard
    assert first_fit([{"on": "order"}, trigger], SIGNAL) == (trigger if heard else None)


@pytest.mark.parametrize(("key", "heard"), [("12", True), ("13", False), ("", True)])
def test_fits__key__only_what_is_about_the_same_thing(key, heard):
    trigger = {**PURCHASE, "key": "properties.cartId"}

    assert fits(trigger, SIGNAL, key) is heard
    assert key_of(trigger, SIGNAL) == "12"


def test_key_of__nothing_or_a_whole_object__is_empty():
    assert key_of(PURCHASE, SIGNAL) == ""
    assert key_of({**PURCHASE, "key": "properties"}, SIGNAL) == ""
