import json

import pytest

from customers.rules.attributes import AttributeRule, check_attributes, json_schema

RULES = [
    AttributeRule("nickname", "text"),
    AttributeRule("visits", "number", unit="visits"),
    AttributeRule("vip", "boolean"),
    AttributeRule("member_since", "date"),
    AttributeRule("last_call", "datetime"),
    AttributeRule("tier", "enum", options=("gold", "silver"), required=True, purpose="loyalty", pii_class="personal"),
    AttributeRule("interests", "list"),
    AttributeRule("channels", "list", options=("app", "web")),
]
GOOD = {
    "nickname": "J",
    "visits": 3.5,
    "vip": False,
    "member_since": "2024-02-29",
    "last_call": "2024-06-10T15:45:00+02:00",
    "tier": "gold",
    "interests": ["tea", "caf\u00e9"],
    "channels": ["app"],
}


def test_check_attributes__right_values__come_back_clean():
    clean, problems = check_attributes(GOOD, RULES)

    assert problems == []
    assert clean == GOOD | {"last_call": "2024-06-10T13:45:00Z"}


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("unheard_of", 1, "unknown_attribute"),
        ("nickname", 1, "wrong_type"),
        ("nickname", "x" * 1001, "too_long"),
        ("nickname", "a\x00b", "unstorable"),
        ("nickname", "a\ud800", "unstorable"),
        ("visits", "5", "wrong_type"),
        ("visits", True, "wrong_type"),
        ("visits", float("nan"), "out_of_range"),
        ("visits", float("inf"), "out_of_range"),
        ("visits", 2**53 + 1, "out_of_range"),
        ("vip", 1, "wrong_type"),
        ("member_since", "2023-02-29", "not_a_date"),
        ("member_since", "20240229", "not_a_date"),
        ("member_since", "2024-02-29T00:00", "not_a_date"),
        ("last_call", "2024-06-10T15:45:00", "not_a_date"),
        ("last_call", "0001-01-01T00:00:00+14:00", "not_a_date"),
        ("tier", "bronze", "not_an_option"),
        ("tier", None, "required"),
        ("interests", "tea", "wrong_type"),
        ("interests", ["x"] * 101, "too_many_items"),
        ("interests", ["x" * 201], "too_long"),
        ("interests", [1], "wrong_type"),
        ("channels", ["app", "fax"], "not_an_option"),
    ],
)
def test_check_attributes__wrong_value__is_refused_with_its_code_and_not_kept(key, value, code):
    clean, problems = check_attributes(GOOD | {key: value}, RULES)

    assert [(problem.key, problem.code) for problem in problems] == [(key, code)]
    assert problems[0].message.endswith(".")
    assert key not in clean


def test_check_attributes__required_and_absent__is_refused_unless_partial():
    assert [problem.code for problem in check_attributes({}, RULES)[1]] == ["required"]
    assert check_attributes({"nickname": None}, RULES, partial=True) == ({"nickname": None}, [])


def test_json_schema__all_types__says_what_the_check_does():
    schema = json_schema(RULES)

    assert json.loads(json.dumps(schema)) == schema
    assert schema["required"] == ["tier"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["tier"] == {
        "type": "string",
        "enum": ["gold", "silver"],
        "x-pii-class": "personal",
        "x-purpose": "loyalty",
    }
    assert schema["properties"]["visits"]["x-unit"] == "visits"
    assert schema["properties"]["vip"]["type"] == ["boolean", "null"]
    assert schema["properties"]["channels"]["items"] == {"type": "string", "enum": ["app", "web"]}


@pytest.mark.parametrize("key", sorted(GOOD))
def test_json_schema__validator__agrees_with_the_check(key):
    validator = pytest.importorskip("jsonschema_rs").Draft202012Validator(json_schema(RULES), validate_formats=True)

    assert validator.is_valid(GOOD)
    for value in (GOOD[key], None, 7, "gold", [], ["app"], ["fax"], True, "2024-02-29", "x" * 1001, {}):
        accepted = check_attributes(GOOD | {key: value}, RULES)[1] == []
        assert validator.is_valid(GOOD | {key: value}) == accepted, value
