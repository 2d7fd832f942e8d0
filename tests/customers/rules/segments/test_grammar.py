"""Reading rules: what is refused, where, and that nothing refused can widen an audience."""

import jsonschema_rs
import pytest

from core.actors import SYSTEM
from customers.rules.segments.operators import ALL, BY_NAME
from customers.rules.segments.schema import json_schema
from customers.rules.segments.tree import RuleError, depth, to_json
from customers.selectors.segments.registry import grammar
from customers.services.attributes import define_attribute
from tests.support.segment_world import NOW

pytestmark = pytest.mark.django_db
COUNTRY = {"on": "profile", "field": "country", "op": "is", "value": "DE"}


@pytest.fixture
def using():
    for key, kind, more in (("plan", "enum", {"options": ["free", "pro"]}), ("points", "number", {})):
        define_attribute(key=key, value_type=kind, values={"purpose": "segmentation", **more}, by=SYSTEM, now=NOW)
    return grammar()


def problems(using, node):
    with pytest.raises(RuleError) as refusal:
        using.read({"version": 1, "rule": node})
    return [(problem.pointer, problem.code) for problem in refusal.value.problems]


@pytest.mark.parametrize(
    ("node", "pointer", "code"),
    [
        ({"all": []}, "/rule/all", "empty_group"),
        ({"any": [{"all": []}]}, "/rule/any/0/all", "empty_group"),
        ({}, "/rule", "invalid_condition"),
        (None, "/rule", "invalid_condition"),
        ({"not": {}}, "/rule/not", "invalid_condition"),
        ({"all": [COUNTRY], "any": [COUNTRY]}, "/rule", "invalid_group"),
        ({"not": COUNTRY, "x": 1}, "/rule", "invalid_group"),
        ({"op": "is", "value": "DE"}, "/rule/on", "missing_member"),
        ({"on": "scores", "op": "is", "value": "DE"}, "/rule/on", "unknown_criterion"),
        ({"on": "profile", "op": "is", "value": "DE"}, "/rule/field", "missing_member"),
        (COUNTRY | {"field": "shoe_size"}, "/rule/field", "not_an_option"),
        (COUNTRY | {"colour": "red"}, "/rule/colour", "unknown_member"),
        ({"on": "profile", "field": "country", "value": "DE"}, "/rule/op", "missing_operator"),
        (COUNTRY | {"op": "near"}, "/rule/op", "unknown_operator"),
        (COUNTRY | {"op": "more_than"}, "/rule/op", "operator_does_not_fit"),
        (COUNTRY | {"value": None}, "/rule/value", "missing_value"),
        (COUNTRY | {"value": ""}, "/rule/value", "invalid_value"),
        (COUNTRY | {"value": "  "}, "/rule/value", "invalid_value"),
        (COUNTRY | {"value": "Germany"}, "/rule/value", "invalid_value"),
        (COUNTRY | {"op": "is_one_of", "value": []}, "/rule/value", "invalid_value"),
        (COUNTRY | {"op": "is_one_of", "value": ["DE", ""]}, "/rule/value/1", "invalid_value"),
        (COUNTRY | {"op": "is_set"}, "/rule/value", "invalid_value"),
        ({"on": "attribute", "field": "plan", "op": "is", "value": "gold"}, "/rule/value", "not_an_option"),
        ({"on": "attribute", "field": "size", "op": "is", "value": "XL"}, "/rule/field", "unknown_attribute"),
        ({"on": "attribute", "field": "points", "op": "at_least", "value": "abc"}, "/rule/value", "invalid_value"),
        ({"on": "attribute", "field": "points", "op": "between", "value": [5, 1]}, "/rule/value", "invalid_value"),
        ({"on": "attribute", "field": "points", "op": "top_percent", "value": 100}, "/rule/value", "invalid_value"),
        ({"on": "tags", "op": "has_none", "value": ["vpi"]}, "/rule/value/0", "invalid_value"),
        ({"on": "segment", "op": "not_member_of", "value": "nowhere"}, "/rule/value", "invalid_value"),
        ({"on": "purchases", "field": "sum", "op": "at_least", "value": 5}, "/rule/currency", "missing_member"),
        ({"on": "consent", "field": "marketing_pigeon", "op": "is_allowed"}, "/rule/field", "unknown_purpose"),
        (
            {"on": "events", "type": "veiw", "field": "count", "op": "equals", "value": 0},
            "/rule/type",
            "unknown_event_type",
        ),
        (
            {"on": "events", "type": "view", "field": "sum", "op": "at_least", "value": 1},
            "/rule/property",
            "missing_member",
        ),
        (
            {
                "on": "events",
                "type": "search",
                "field": "count",
                "where": [{"property": "colour", "op": "is", "value": "red"}],
                "op": "at_least",
                "value": 1,
            },
            "/rule/where/0/property",
            "unknown_property",
        ),
        (
            {"on": "events", "field": "count", "window": {"last": {"days": 0}}, "op": "at_least", "value": 1},
            "/rule/window/last",
            "invalid_value",
        ),
        (
            {"on": "sequence", "type": "view", "op": "followed_by", "value": {"type": "buy", "within": {"days": 1}}},
            "/rule/value/type",
            "unknown_event_type",
        ),
    ],
)
def test_read__mistake__refuses_the_rule_and_points_at_it(using, node, pointer, code):
    wrapped = {"any": [COUNTRY, node]}

    assert (pointer, code) in problems(using, node)
    assert all(at.startswith("/rule/any/1") for at, _ in problems(using, wrapped))


def test_read__several_mistakes__are_all_named(using):
    node = {"all": [COUNTRY | {"op": "near"}, COUNTRY, {"any": []}]}

    assert [at for at, _ in problems(using, node)] == ["/rule/all/0/op", "/rule/all/2/any"]


@pytest.mark.parametrize(
    "raw", [None, [], {}, {"rule": COUNTRY}, {"version": 2, "rule": COUNTRY}, {"version": True, "rule": COUNTRY}]
)
def test_read__no_rule_of_this_version__is_refused(using, raw):
    with pytest.raises(RuleError):
        using.read(raw)


def test_read__six_deep__is_taken_and_seven_is_refused(using):
    node = COUNTRY
    for _ in range(6):
        node = {"all": [node]}

    assert depth(using.read({"version": 1, "rule": node})) == 6
    assert problems(using, {"all": [node]})[0][1] == "too_deep"


def test_read__more_than_a_hundred_conditions__is_refused(using):
    half = {"any": [COUNTRY] * 51}

    assert problems(using, {"all": [half, half]}) == [("/rule", "too_many_conditions")]


def test_to_json__of_a_read_rule__is_the_rule(using):
    rule = {
        "version": 1,
        "rule": {"all": [COUNTRY, {"not": {"any": [COUNTRY, COUNTRY | {"op": "is_set", "value": None}]}}]},
    }
    node = using.read(rule)

    assert using.read(to_json(node)) == node


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Expected"),
        ("country", "Expected one of"),
        ('country is "DE" and', "Expected"),
        ('country is "DE" and country is "FR" or country is "US"', "parentheses"),
        ('country is "DE" country is "FR"', "'and', 'or' or the end"),
        ('(country is "DE"', "')'"),
        ('country is "DE', "cannot be read"),
        ("country is DE", "text in double quotes"),
        ("(" * 60 + 'country is "DE"' + ")" * 60, "fewer parentheses"),
        ('country is "XX"', "ISO 3166"),
    ],
)
def test_read_words__mistake__is_refused_with_its_place(using, text, expected):
    with pytest.raises(RuleError) as refusal:
        using.read_words(text)

    assert expected in refusal.value.problems[0].message


def test_operators__count_and_phrases__are_many_and_unmistakable():
    assert len(ALL) >= 28
    assert len({operator.name for operator in ALL}) == len({operator.phrase for operator in ALL}) == len(ALL)
    assert all(operator.meaning.endswith(".") for operator in ALL)


def test_json_schema__rules_and_mistakes__are_told_apart(using):
    schema = json_schema(using.forms)
    validator = jsonschema_rs.Draft202012Validator(schema)

    assert validator.is_valid({"version": 1, "rule": {"all": [COUNTRY]}})
    for wrong in ({"all": []}, COUNTRY | {"op": "near"}, COUNTRY | {"value": None}, {"on": "profile"}, {"x": 1}):
        assert not validator.is_valid({"version": 1, "rule": wrong}), wrong
    documented = {
        name for shape in schema["$defs"].values() for name in shape.get("properties", {}).get("op", {}).get("enum", ())
    }
    assert documented == set(BY_NAME)
