"""One pass over a text finds every value that a comparison one by one finds."""

import random

import pytest

from consent.rules.residue import Residue

ANYWHERE = ("jane.silva@example.com", "jane@example.co", "a+b@example.com", "+4930123456", "+49301")
WHOLE = ("SHOP-17", "17", "anon_x")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nobody is here", set()),
        ("ask xJane.Silva@Example.com.", {"jane.silva@example.com"}),
        ("jane@example.com", {"jane@example.co"}),
        ("to a+b@example.com", {"a+b@example.com"}),
        ("call +49301234567", {"+4930123456", "+49301"}),
        ("1\tSHOP-17\tx", {"SHOP-17"}),
        ('{"id": "17", "n": 17}', {"17"}),
        ("SHOP-171", set()),
        ("shop-17", set()),
        ("jane.silva@example.org", set()),
    ],
)
def test_found__text__names_the_values_in_it(text, found):
    assert Residue(anywhere=ANYWHERE, whole=WHOLE).found(text.encode()) == found


def test_found__many_values__misses_none_that_a_plain_search_finds():
    chance = random.Random(7)
    values = [f"{'ab'[i % 2] * (i % 5 + 1)}{i}@{'xy'[i % 2]}{i % 7}.example.com" for i in range(300)]
    residue = Residue(anywhere=values, whole=())
    for _ in range(200):
        text = "".join(chance.choice(["a", "b", " ", "@", chance.choice(values)]) for _ in range(12))

        found = residue.found(text.encode())

        assert found == {value for value in values if value in text}


def test_found__value_of_other_letters__counts_as_found_everywhere():
    residue = Residue(anywhere=("jürgen@example.com", "0301234"), whole=('a"b', "w\\x"))

    assert residue.found(b"") == residue.odd == {"jürgen@example.com", "0301234", 'a"b', "w\\x"}
