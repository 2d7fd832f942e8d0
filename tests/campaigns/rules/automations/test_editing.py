"""Changing a graph keeps every way leading somewhere, and leaves the graph it began with as it was."""

from copy import deepcopy

import pytest

from campaigns.rules.automations.editing import insert_step, new_key, put_step, remove_step
from campaigns.rules.automations.graph import walk
from campaigns.rules.automations.schema import shape_problems
from campaigns.rules.automations.templates import TEMPLATES
from tests.campaigns.rules.automations.examples import CART, graph, send

WAIT = {"type": "wait", "days": 1}


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates__each__have_the_right_shape_and_no_loose_step(name):
    found = TEMPLATES[name][1]

    assert shape_problems(found) == []
    assert set(walk(found)) == set(found["steps"])


def test_insert__on_a_way_out__stands_between():
    before = deepcopy(CART)

    found, key = insert_step(CART, WAIT, after="paid", label="timeout")

    assert found["steps"]["paid"]["otherwise"] == key
    assert found["steps"][key]["next"] == "remind"
    assert before == CART


def test_insert__at_the_beginning__leads_to_what_was_first():
    found, key = insert_step(CART, WAIT, after="", label="")

    assert (found["start"], found["steps"][key]["next"]) == (key, "hour")


def test_insert__on_a_branch__is_behind_that_branch_only():
    halves = {"type": "ab", "branches": [{"key": "A", "weight": 1}, {"key": "B", "weight": 1}]}
    found, key = insert_step(graph({"half": halves}), WAIT, after="half", label="B")

    assert [branch.get("next") for branch in found["steps"]["half"]["branches"]] == [None, key]


@pytest.mark.parametrize("key", ["hour", "remind", "mark"])
def test_remove__step__what_led_to_it_leads_on(key):
    found = remove_step(CART, key)

    assert key not in found["steps"]
    assert set(walk(found)) == set(found["steps"])


def test_remove__only_step__stays():
    assert remove_step(graph({"a": send()}), "a")["steps"].keys() == {"a"}


def test_put__step__replaces_it_and_new_keys_are_free():
    found = put_step(CART, "mark", {"type": "exit"})

    assert found["steps"]["mark"] == {"type": "exit"}
    assert CART["steps"]["mark"]["type"] == "tag"
    assert new_key({"steps": {"send-2": {}}}, "send") == "send-3"
