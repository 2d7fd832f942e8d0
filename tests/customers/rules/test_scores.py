"""Rules of a score: what is refused, at which place, and how they are told."""

import pytest

from customers.rules.scores import definition_json, read_definition, terms, total
from customers.rules.segments.tree import RuleError
from customers.selectors.segments.registry import grammar

pytestmark = pytest.mark.django_db
GERMAN = {"version": 1, "rule": {"on": "profile", "field": "country", "op": "is", "value": "DE"}}
ORDERS = {"version": 1, "rule": {"on": "purchases", "field": "count", "op": "at_least", "value": 1}}
EACH = {"name": "Orders", "when": ORDERS, "points": 5, "each": True, "half_life": {"days": 30}, "cap": 25}


def definition(*rules, **more):
    return {"version": 1, "minimum": 0, "maximum": 100, "rules": list(rules), **more}


def rule(**more):
    return {"name": "German", "when": GERMAN, "points": 10, **more}


def test_definition__read_and_stored__is_the_same_again():
    raw = definition(rule(), EACH)

    assert definition_json(read_definition(raw, grammar())) == raw


@pytest.mark.parametrize(
    ("raw", "pointer", "code"),
    [
        ({}, "", "invalid_rule"),
        (definition(), "/rules", "empty_group"),
        (definition(rule(), minimum=1), "/minimum", "invalid_value"),
        (definition(rule(), maximum=0), "/maximum", "invalid_value"),
        (definition(rule(), maximum=True), "/maximum", "invalid_value"),
        (definition(rule(), rule()), "/rules", "duplicate_name"),
        (definition(rule(points=0)), "/rules/0/points", "invalid_value"),
        (definition(rule(points=1.5)), "/rules/0/points", "invalid_value"),
        (definition(rule(points=1001)), "/rules/0/points", "invalid_value"),
        (definition(rule(name=" ")), "/rules/0/name", "invalid_value"),
        (definition(rule(cap=0)), "/rules/0/cap", "invalid_value"),
        (definition(rule(other=1)), "/rules/0", "invalid_rule"),
        (definition(rule(half_life={"days": 0})), "/rules/0/half_life", "invalid_value"),
        (definition(rule(each=True)), "/rules/0/when", "needs_a_count"),
        (definition(rule(half_life={"days": 3})), "/rules/0/when", "needs_a_count"),
        (
            definition(rule(), rule(name="b", when={"version": 1, "rule": {"all": []}})),
            "/rules/1/when/rule/all",
            "empty_group",
        ),
        (
            definition(rule(when={"version": 1, "rule": {"on": "segment", "op": "member_of", "value": "vip"}})),
            "/rules/0/when/rule/value",
            "invalid_value",
        ),
    ],
)
def test_definition__mistake__is_named_at_its_place(raw, pointer, code):
    with pytest.raises(RuleError) as refusal:
        read_definition(raw, grammar())

    assert (pointer, code) in [(problem.pointer, problem.code) for problem in refusal.value.problems]


def test_terms__each_fading_and_capped__say_so():
    assert terms(EACH) == "+5 each time, half after 30 days, at most 25"
    assert terms(rule(points=-3)) == "-3"


@pytest.mark.parametrize(("points", "expected"), [([10, 20], 30), ([90, 20], 100), ([-5], 0), ([], 0)])
def test_total__points__stay_within_the_limits(points, expected):
    assert total(points, minimum=0, maximum=100) == expected
