"""Comparing people, and the known duplicates of FEBRL dataset 1."""

import csv
import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from customers.rules.matching import (
    POSSIBLE,
    Agreement,
    Person,
    blocking_keys,
    compare,
    measure,
    pairs_of,
    person_of,
    score,
    similarity,
    sounds,
)

JANE = {"first_name": "Jané", "last_name": "O'Neill", "birth_date": "1984-05-23", "email": "Jane+shop@Example.com"}


def agreements(one, other):
    """How two people agree, by field."""
    return {found.field: found.agreement for found in compare(person_of(one), person_of(other))}


@pytest.mark.parametrize(
    ("name", "code"),
    [("robert", "r163"), ("rupert", "r163"), ("ashcraft", "a261"), ("tymczak", "t522"), ("honeyman", "h555")],
)
def test_sounds__archives_examples__have_their_code(name, code):
    assert sounds(name) == code


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("martha", "marhta", 0.961), ("dwayne", "duane", 0.84), ("dixon", "dicksonx", 0.813), ("abc", "xyz", 0.0)],
)
def test_similarity__winklers_examples__are_his_figures(one, other, expected):
    assert similarity(one, other) == pytest.approx(expected, abs=0.001)


def test_person_of__accents_and_plus_addresses__are_folded():
    person = person_of(JANE)

    assert (person.first_name, person.last_name) == ("jane", "oneill")
    assert (person.birth_date, person.email) == ("19840523", "jane@example.com")


@pytest.mark.parametrize(
    ("field", "one", "other", "expected"),
    [
        ("birth_date", "1984-05-23", "1984-23-05", Agreement.CLOSE),
        ("birth_date", "1984-05-23", "1985-05-23", Agreement.CLOSE),
        ("birth_date", "1984-05-23", "1975-11-02", Agreement.DIFFERENT),
        ("email", "jane@example.com", "jane@example.org", Agreement.CLOSE),
        ("phone", "+4930901820", "030 901820", Agreement.CLOSE),
        ("last_name", "Harrington", "Harington", Agreement.CLOSE),
        ("last_name", "Doe", "Roe", Agreement.DIFFERENT),
        ("region", "DE", "AT", Agreement.DIFFERENT),
    ],
)
def test_compare__one_field__agrees_as_far_as_it_does(field, one, other, expected):
    assert agreements({field: one}, {field: other}) == {field: expected}


def test_compare__what_one_lacks__says_nothing():
    assert agreements({"first_name": "Jane"}, {"last_name": "Doe"}) == {}


def test_compare__names_in_each_others_place__agree_closely():
    found = agreements({"first_name": "Jane", "last_name": "Doe"}, {"first_name": "Doe", "last_name": "Jane"})

    assert found == {"first_name": Agreement.CLOSE, "last_name": Agreement.CLOSE}


def test_score__same_full_name_only__is_not_worth_a_look():
    one = person_of({"first_name": "Jane", "last_name": "Doe"})

    assert score(compare(one, one)) < POSSIBLE


def test_blocking_keys__empty_profile__has_none():
    assert blocking_keys(Person()) == frozenset()


def test_pairs_of__block_beyond_the_limit__is_not_looked_at():
    crowd = {
        f"p{n}": person_of({"first_name": "Jane", "last_name": "Doe", "birth_date": "1984-05-23"}) for n in range(101)
    }

    assert list(pairs_of(crowd)) == []
    assert len(list(pairs_of(dict(list(crowd.items())[:3])))) == 3


def test_measure__pairs_in_any_order__are_counted_once():
    found = measure([("a", "b"), ("b", "a"), ("c", "d")], [("b", "a"), ("e", "f")])

    assert (found.precision, found.recall) == (0.5, 0.5)


def test_command__febrl_dataset1__finds_nearly_all_of_500_and_nothing_else(shared_data):
    out = StringIO()

    call_command("duplicates", "measure", str(shared_data / "contacts/febrl/dataset1.csv"), json=True, stdout=out)

    found = json.loads(out.getvalue())
    possible = found["results"][0]
    assert (found["records"], possible["pairs_true"]) == (1000, 500)
    assert possible["precision"] >= 0.99
    assert possible["recall"] >= 0.98


def test_command__no_file_or_other_records__is_refused(tmp_path):
    other = tmp_path / "other.csv"
    with other.open("w", newline="") as lines:
        csv.writer(lines).writerows([["rec_id", "surname"], ["7", "doe"]])

    for file in (other, tmp_path / "absent.csv"):
        with pytest.raises(CommandError):
            call_command("duplicates", "measure", str(file))
