"""Conditions on what happened, written and read in words."""

import pytest

from campaigns.rules.automations.conditions import ConditionFault, read_conditions, write_conditions
from campaigns.rules.automations.schema import shape_problems
from campaigns.rules.automations.words import trigger_words
from tests.campaigns.rules.automations.examples import CART

READ = [
    ("properties.total at least 50", {"field": "properties.total", "op": "at_least", "value": 50}),
    ("properties.total at most -12.5", {"field": "properties.total", "op": "at_most", "value": -12.5}),
    ('properties.category is "shoes"', {"field": "properties.category", "op": "is", "value": "shoes"}),
    ("properties.category IS shoes", {"field": "properties.category", "op": "is", "value": "shoes"}),
    ("currency is not EUR", {"field": "currency", "op": "is_not", "value": "EUR"}),
    ("a.b is notable", {"field": "a.b", "op": "is", "value": "notable"}),
    ('a.b is "not new"', {"field": "a.b", "op": "is", "value": "not new"}),
    ('a.b is "50"', {"field": "a.b", "op": "is", "value": "50"}),
    ('a.b contains "say \\"hi\\""', {"field": "a.b", "op": "contains", "value": 'say "hi"'}),
    ("properties.member is true", {"field": "properties.member", "op": "is", "value": True}),
    ("properties.coupon is set", {"field": "properties.coupon", "op": "is_set"}),
]


@pytest.mark.parametrize(("text", "condition"), READ)
def test_read__a_line__is_a_condition_that_the_schema_takes_and_words_say_again(text, condition):
    found = read_conditions(text)

    assert found == [condition]
    assert read_conditions(write_conditions(found)) == found
    assert not shape_problems({**CART, "entry": {"on": "event", "event": "page-view", "where": found}})


def test_read__several_lines__all_of_them_in_order():
    found = read_conditions("  a.b is 1\r\n\n value at least 2  \n")

    assert [one["field"] for one in found] == ["a.b", "value"]
    trigger = {"on": "order", "where": found}
    assert trigger_words(trigger) == "an order is recorded where a.b is 1 and value at least 2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("total", "is no condition"),
        ("total > 5", "is no condition"),
        ("properties..total is 5", "is no member"),
        ("1st is 5", "is no member"),
        ("a.b is", "lacks its value"),
        ("a.b is set to 5", "nothing follows"),
        ("a.b at least many", "compares with a number"),
        ("a.b at least true", "compares with a number"),
        ("a.b at least nan", "compares with a number"),
        ('a.b is "open', "quote is not closed"),
        ('a.b is "one" two', "quote is not closed"),
        (f"a.b is {'x' * 201}", "at most 200 letters"),
        (f"a.b at least {'9' * 5000}", "at most 200 letters"),
        ("a.b is 1\n" * 11, "at most 10 conditions"),
    ],
)
def test_read__wrong_line__is_refused_in_words(text, words):
    with pytest.raises(ConditionFault, match=words):
        read_conditions(text)
