"""Which value wins, who stays, and what forbids a merge without people."""

from datetime import UTC, date, datetime

import pytest

from customers.rules.merging import Profile, Side, choices, objections, over_limit, stays_first

EARLY, LATE = datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
LIMITS = {"email": 2, "phone": 2}


def person(key="one", *, known=True, held=None, attributes=None, **values):
    """A profile with these values."""
    return Profile(key=key, values=values, attributes=attributes or {}, held=held or {}, is_known=known)


def decided(survivor, absorbed):
    """(winner, result) by field."""
    return {choice.field: (choice.winner, choice.result) for choice in choices(survivor, absorbed)}


def test_choices__survivor_has_a_value__it_stands():
    found = decided(person(email="a@example.com"), person(email="b@example.com"))

    assert found["email"] == (Side.SURVIVOR, "a@example.com")


def test_choices__only_the_absorbed_has_a_value__it_fills():
    found = decided(person(phone=None, language=""), person(phone="+4930123456", language="de"))

    assert found["phone"] == (Side.ABSORBED, "+4930123456")
    assert found["language"] == (Side.ABSORBED, "de")


def test_choices__half_a_name_of_another_family__is_not_taken():
    found = decided(person(first_name="", last_name="Doe"), person(first_name="Ana", last_name="Roe"))

    assert found["first_name"] == (Side.SURVIVOR, "")


def test_choices__half_a_name_of_the_same_family__is_taken():
    found = decided(person(first_name="", last_name="Doe"), person(first_name="Ana", last_name="Doe"))

    assert found["first_name"] == (Side.ABSORBED, "Ana")


def test_choices__region_of_another_country__is_not_taken():
    found = decided(person(country="DE", region=""), person(country="US", region="US-CA"))

    assert found["region"] == (Side.SURVIVOR, "")


def test_choices__attributes__are_decided_key_by_key():
    found = decided(person(attributes={"plan": "pro"}), person(attributes={"plan": "free", "size": 4}))

    assert found["attributes.plan"] == (Side.SURVIVOR, "pro")
    assert found["attributes.size"] == (Side.ABSORBED, 4)


def test_choices__status__is_the_survivors():
    assert decided(person(status="inactive"), person(status="active"))["status"] == (Side.SURVIVOR, "inactive")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (person("a"), person("b", known=False), True),
        (person("a"), person("b", external_id="7"), False),
        (person("a", external_id="7"), person("b"), True),
        (person("a"), person("b"), False),
    ],
)
def test_stays_first__known_then_external_id_then_older__is_the_order(one, other, expected):
    assert stays_first(one, other, ages={"a": (LATE, 1), "b": (EARLY, 2)}) is expected


NAMED = {"first_name": "Jane", "last_name": "Doe"}


@pytest.mark.parametrize(
    ("one", "other", "shared", "codes"),
    [
        (person(), person(), "email", []),
        (person(external_id="1"), person(), "email", []),
        (person(external_id="1"), person(external_id="2"), "email", ["both_identified"]),
        (person(), person(), "anonymous_id", ["weak_identifier"]),
        (person(), person(), "device_id", ["weak_identifier"]),
        (person(birth_date=date(1984, 5, 23)), person(birth_date=date(1984, 5, 24)), "email", ["other_birth_date"]),
        (person(birth_date=date(1984, 5, 23)), person(), "email", []),
        (person(first_name="Jane"), person(first_name="JANÉ"), "email", []),
        (person(first_name="Jane"), person(first_name="John"), "email", ["other_name"]),
        (person(**NAMED), person(**NAMED), "phone", []),
        (person(**NAMED), person(), "phone", ["name_needed"]),
        (person(held={"email": 2}), person(held={"email": 1}), "email", ["identifier_limit"]),
    ],
)
def test_objections__each_guard__speaks_for_itself(one, other, shared, codes):
    found = objections(one, other, shared=shared, limits=LIMITS)

    assert [objection.code for objection in found] == codes


def test_over_limit__at_the_limit__is_fine_and_one_more_is_not():
    assert over_limit([{"email": 1}, {"email": 1, "device_id": 40}], LIMITS) == ""
    assert over_limit([{"email": 1}, {"email": 2}], LIMITS).startswith("One customer may have at most 2 e-mail")
