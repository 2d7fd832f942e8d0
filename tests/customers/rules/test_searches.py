"""Filters of a search as conditions of the grammar, and where each mistake is said to be."""

import pytest

from customers.rules.searches import OPERANDS, named_in, read_groups
from customers.rules.segments import own
from customers.rules.segments.grammar import Grammar
from customers.rules.segments.operands import Subject
from customers.rules.segments.operators import Type
from customers.rules.segments.tree import RuleError, to_json
from customers.rules.segments.windows import refuse

TYPES = {
    "birth_date": Type.DATE,
    "created_at": Type.DATETIME,
    "lifetime_orders": Type.NUMBER,
    "status": Type.ENUM,
    "vip": Type.BOOLEAN,
}


def subject_of(on, members, pointer):
    if members.get("field") == "missing":
        raise refuse(f"{pointer}/field", "There is no attribute 'missing'.", "unknown_attribute")
    whole = {"tags": Type.LIST, "segment": Type.MEMBERSHIP, "score": Type.NUMBER, "purchases": Type.NUMBER}
    kind = whole.get(on) or TYPES.get(members.get("field", ""), Type.TEXT)
    return Subject(kind, members.get("field", on))


GRAMMAR = Grammar({form.on: form for form in own.OWN}, subject_of)


def read(name, operator, **more):
    filters = [{"property": name, "operator": operator, **more}]
    return to_json(read_groups([{"filters": filters}], GRAMMAR))["rule"]["any"][0]["all"][0]


def problem(groups):
    with pytest.raises(RuleError) as refusal:
        read_groups(groups, GRAMMAR)
    return refusal.value.problems[0].pointer, refusal.value.problems[0].code


@pytest.mark.parametrize(
    ("asked", "means"),
    [
        (("country", "EQ", {"value": "DE"}), {"field": "country", "op": "is", "value": "DE"}),
        (("country", "NOT_IN", {"values": ["DE"]}), {"field": "country", "op": "is_none_of", "value": ["DE"]}),
        (("first_name", "CONTAINS_TOKEN", {"value": "jan*"}), {"op": "starts_with", "value": "jan"}),
        (("first_name", "CONTAINS_TOKEN", {"value": "*ne"}), {"op": "ends_with", "value": "ne"}),
        (("first_name", "CONTAINS_TOKEN", {"value": "an"}), {"op": "contains", "value": "an"}),
        (("orders.count", "GTE", {"value": "2"}), {"field": "lifetime_orders", "op": "at_least", "value": 2}),
        (("orders.count", "BETWEEN", {"value": 1, "high_value": 3}), {"op": "between", "value": [1, 3]}),
        (("created_at", "LT", {"value": "2026-01-01"}), {"op": "before", "value": "2026-01-01"}),
        (
            ("created_at", "EQ", {"value": "2026-01-01T12:00:00+01:00"}),
            {"op": "between_dates", "value": ["2026-01-01T11:00:00Z", "2026-01-01T11:00:00Z"]},
        ),
        (
            ("birth_date", "GTE", {"value": "1990-01-31"}),
            {"op": "between_dates", "value": ["1990-01-31", "2200-12-31"]},
        ),
        (("last_purchase.date", "HAS_PROPERTY", {}), {"on": "profile", "field": "last_order_at", "op": "is_set"}),
        (("email", "EQ", {"value": " Ana@Example.com "}), {"on": "identity", "op": "is", "value": "ana@example.com"}),
        (("attributes.vip", "EQ", {"value": "false"}), {"on": "attribute", "field": "vip", "op": "is_false"}),
        (("tags", "EQ", {"value": "vip"}), {"on": "tags", "op": "has_any", "value": ["vip"]}),
        (("segments", "NEQ", {"value": "loyal"}), {"on": "segment", "op": "not_member_of", "value": "loyal"}),
        (
            ("purchases.sum", "GT", {"value": 9.5, "currency": "EUR", "window": {"last": {"days": 30}}}),
            {"on": "purchases", "field": "sum", "currency": "EUR", "op": "more_than", "value": 9.5},
        ),
    ],
)
def test_filter__property_and_operator__becomes_one_condition(asked, means):
    name, operator, operands = asked

    condition = read(name, operator, **operands)

    assert condition.items() >= means.items()


def test_filter__several_numbers__is_any_of_them_and_none_is_all_of_their_opposites():
    assert [one["value"] for one in read("orders.count", "IN", values=[1, "2"])["any"]] == [1, 2]
    assert [one["op"] for one in read("scores.fit", "NOT_IN", values=[1, 2])["all"]] == ["does_not_equal"] * 2


@pytest.mark.parametrize(
    ("one", "found"),
    [
        ({}, ("/0/filters/0/operator", "unknown_operator")),
        ({"property": "country", "operator": "LIKE"}, ("/0/filters/0/operator", "unknown_operator")),
        ({"operator": "EQ", "value": 1}, ("/0/filters/0/property", "missing_member")),
        ({"property": "shoe_size", "operator": "EQ", "value": 1}, ("/0/filters/0/property", "unknown_property")),
        ({"property": "tags.x", "operator": "EQ", "value": 1}, ("/0/filters/0/property", "unknown_property")),
        (
            {"property": "attributes.missing", "operator": "EQ", "value": 1},
            ("/0/filters/0/property", "unknown_attribute"),
        ),
        ({"property": "country", "operator": "EQ"}, ("/0/filters/0/value", "missing_value")),
        (
            {"property": "country", "operator": "EQ", "value": "DE", "values": []},
            ("/0/filters/0/values", "unknown_member"),
        ),
        ({"property": "country", "operator": "IN", "values": []}, ("/0/filters/0/values", "missing_value")),
        ({"property": "country", "operator": "GT", "value": "DE"}, ("/0/filters/0/operator", "operator_does_not_fit")),
        ({"property": "country", "operator": "IN", "values": ["DE", 7]}, ("/0/filters/0/values/1", "invalid_value")),
        (
            {"property": "orders.count", "operator": "IN", "values": [1, "x"]},
            ("/0/filters/0/values", "invalid_value"),
        ),
        ({"property": "attributes.vip", "operator": "EQ", "value": "yes"}, ("/0/filters/0/value", "invalid_value")),
        (
            {"property": "first_name", "operator": "CONTAINS_TOKEN", "value": "**"},
            ("/0/filters/0/value", "missing_value"),
        ),
        ({"property": "country", "operator": "EQ", "value": "DE", "on": "tags"}, ("/0/filters/0/on", "unknown_member")),
        ({"property": "country", "operator": "EQ", "value": "DE", "no": 1}, ("/0/filters/0/no", "unknown_member")),
        (
            {"property": "purchases.count", "operator": "GT", "value": 1, "window": {"last": 30}},
            ("/0/filters/0/window/last", "invalid_value"),
        ),
    ],
)
def test_filter__mistake__is_refused_at_its_place(one, found):
    assert problem([{"filters": [one]}]) == found


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        (None, ("", "invalid_group")),
        ([], ("", "invalid_group")),
        ([{"filters": []}], ("/0", "invalid_group")),
        ([{"filters": [{}], "more": 1}], ("/0", "invalid_group")),
        ([{"filters": ["country"]}], ("/0/filters/0", "invalid_condition")),
        ([{"filters": [{"property": "country", "operator": "HAS_PROPERTY"}]}] * 11, ("", "invalid_group")),
        (
            [{"filters": [{"property": "country", "operator": "HAS_PROPERTY"}] * 20}] * 6,
            ("", "too_many_conditions"),
        ),
    ],
)
def test_groups__none_empty_or_too_many__find_nobody_instead_of_everybody(groups, found):
    assert problem(groups) == found


def test_operators__each__has_a_meaning_for_some_property():
    asked = {
        "value": {"value": "DE"},
        "values": {"values": ["DE"]},
        "": {},
    }
    for operator, operands in OPERANDS.items():
        name = "created_at" if operator in ("LT", "LTE", "GT", "GTE", "BETWEEN") else "country"
        given = dict.fromkeys(operands, "2026-01-01") if name == "created_at" else asked[",".join(operands)]

        assert read(name, operator, **given)


def test_named_in__any_body__answers_identifiers_asked_for_and_never_fails():
    groups = [
        {"filters": [{"property": "email", "operator": "EQ", "value": "a@example.com"}, 7]},
        {"filters": [{"property": "external_id", "operator": "IN", "values": ["1", 2, "3"]}]},
        {"filters": [{"property": "country", "operator": "EQ", "value": "DE"}, {"property": ["x"], "operator": "EQ"}]},
        {"filters": 3},
    ]

    assert named_in(groups) == [("email", "a@example.com"), ("external_id", "1"), ("external_id", "3")]
    assert named_in("nonsense") == [] == named_in([None])
