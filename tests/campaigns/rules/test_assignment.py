"""The published hash and its buckets, against the vectors every SDK of the specification is checked with."""

import json

import pytest

from campaigns.rules.assignment import assign, bucket_ranges, choose, hash_value


@pytest.fixture
def vectors(shared_data):
    """The cases of the specification."""
    return json.loads((shared_data / "vectors" / "growthbook_hash_cases.json").read_text())


def test_hash_value__vectors__are_met(vectors):
    found = [(case, hash_value(case[0], case[1], case[2])) for case in vectors["hash"]]

    assert len(found) == 15
    assert [case for case, number in found if number != case[3]] == []


def test_bucket_ranges__vectors__are_met(vectors):
    wrong = [
        name
        for name, (variants, coverage, weights), expected in vectors["getBucketRange"]
        if [[round(edge, 4) for edge in own] for own in bucket_ranges(variants, coverage, weights)] != expected
    ]

    assert len(vectors["getBucketRange"]) == 13
    assert wrong == []


def test_assign__same_person_again__same_variant():
    first = [assign("cmp_1", f"cus_{n}", weights=[0.5, 0.5]) for n in range(100)]

    assert [assign("cmp_1", f"cus_{n}", weights=[0.5, 0.5]) for n in range(100)] == first


def test_assign__ten_thousand_people__fill_the_arms_by_weight_and_another_seed_mixes_anew():
    people = [f"cus_{n}" for n in range(10_000)]
    arms = [assign("one", person, weights=[0.2, 0.8]) for person in people]
    others = [assign("two", person, weights=[0.2, 0.8]) for person in people]

    assert arms.count(0) == pytest.approx(2_000, abs=150)
    assert sum(a == b == 0 for a, b in zip(arms, others, strict=True)) == pytest.approx(400, abs=80)


def test_choose__outside_the_coverage__nobody():
    assert choose(0.3, bucket_ranges(2, 0.5)) is None
