"""What an audit finds in data whose faults are known, and how the score follows."""

import csv
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from customers.rules.governance import Policy, default_policy
from customers.rules.quality import (
    SAMPLE,
    SPELLINGS_OF_FIELD,
    WEIGHTS,
    Audit,
    Check,
    Measure,
    Profile,
    folded,
    kind_of,
    score_of,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FRESH = NOON - timedelta(days=1)


def looked(rows, *policies, compared=(), duplicates=0):
    audit = Audit(policies, compared, NOON - timedelta(days=730))
    for pk, values in enumerate(rows, 1):
        audit.look(Profile(pk, values, values.get("touched", FRESH)))
    return audit.result(duplicates=duplicates)


def found(result, check):
    return {finding.field: finding for finding in result.findings if finding.check == check}


def test_audit__berlin_in_four_spellings__counts_those_that_are_not_the_usual_one():
    cities = ["Berlin"] * 6 + ["berlin"] * 2 + ["BERLIN", " Berlin ", "Paris", "Bern"]

    result = looked([{"city": city} for city in cities], Policy("city"), compared=["city"])

    finding = found(result, Check.SPELLING)["city"]
    assert (finding.count, finding.of, sorted(finding.people)) == (4, 12, [7, 8, 9, 10])
    assert finding.parts == {"values": 1, "spellings": 4}


def test_audit__country_names_beside_codes__counts_the_fewer():
    rows = [{"c": "DE"}] * 5 + [{"c": "Germany"}, {"c": "France"}]

    finding = found(looked(rows, Policy("c"), compared=["c"]), Check.COUNTRY)["c"]

    assert (finding.count, finding.of, finding.people) == (2, 7, (6, 7))
    assert finding.parts == {"codes": 5, "names": 2}


def test_audit__words_that_are_also_codes__are_no_countries():
    rows = [{"c": "IT"}, {"c": "Sales"}, {"c": "HR"}, {"c": "Marketing"}, {"c": "Germany"}, {"c": "Purchasing"}] * 5

    assert found(looked(rows, Policy("c"), compared=["c"]), Check.COUNTRY) == {}


def test_audit__several_kinds_in_one_field__names_each_kind_with_its_count():
    values = ["call her"] * 90 + ["2024-05-01"] * 5 + ["01.05.2024"] * 3 + ["jane@example.com"] * 2

    finding = found(looked([{"n": value} for value in values], Policy("n"), compared=["n"]), Check.MIXED)["n"]

    assert finding.parts == {"text": 90, "date, year first": 5, "date with dots": 3, "e-mail address": 2}
    assert (finding.count, finding.of) == (10, 100)


def test_audit__a_slip_among_many__is_no_second_purpose():
    rows = [{"n": "text"}] * 99 + [{"n": "7"}]

    assert found(looked(rows, Policy("n"), compared=["n"]), Check.MIXED) == {}


def test_audit__missing_wrong_and_not_allowed__by_field():
    rows = [
        {"country": "DE", "email": "jane@example.com", "tier": "gold"},
        {"country": "", "email": "Jane@example.com", "tier": "brass"},
        {"email": None, "tier": None},
    ]

    result = looked(
        rows, default_policy("country"), default_policy("email"), Policy("tier", allowed=("gold", "silver"))
    )

    assert {(one.check, one.field, one.count, one.of, one.people) for one in result.findings} == {
        (Check.MISSING, "country", 2, 3, (2, 3)),
        (Check.FORMAT, "email", 1, 2, (2,)),
        (Check.ALLOWED, "tier", 1, 2, (2,)),
    }


def test_audit__nothing_heard_for_two_years__is_stale():
    rows = [{"touched": NOON - timedelta(days=729)}, {"touched": NOON - timedelta(days=731)}]

    assert found(looked(rows), Check.STALE)[""].people == (2,)


def test_audit__score__is_the_mean_of_the_shares_by_weight():
    rows = [{"country": "DE"}] * 6 + [{"country": ""}] * 2 + [{"country": "Germany"}] * 2

    result = looked(rows, default_policy("country"), duplicates=1)

    shares = {one.dimension: (one.defects, one.of, one.score) for one in result.measures}
    assert shares == {
        "completeness": (2, 10, 80.0),
        "validity": (2, 8, 75.0),
        "uniqueness": (1, 10, 90.0),
        "currentness": (0, 10, 100.0),
    }
    assert result.score == round((25 * 80 + 25 * 75 + 20 * 90 + 10 * 100) / 80, 1) == 83.4


def test_score_of__weights__add_up_to_a_hundred_and_nothing_is_no_score():
    assert sum(WEIGHTS.values()) == 100
    assert score_of([]) is None
    assert looked([]).score is None


def test_measure__more_defects_than_things__is_no_less_than_zero():
    assert Measure("uniqueness", 30, 10).score == 0.0


def test_audit__any_number_of_people_and_values__keeps_no_more():
    rows = ({"id": f"value {number}", "email": "wrong"} for number in range(SPELLINGS_OF_FIELD + 10))

    result = looked(rows, Policy("id"), Policy("email", format="email"), compared=["id"])

    assert len(found(result, Check.FORMAT)["email"].people) == SAMPLE
    assert found(result, Check.SPELLING) == {}  # so many different values are free text


def test_audit__sealed_values__are_counted_and_not_looked_into():
    rows = [{"note": {"sealed": f"k:{number}", "hash": "h"}} for number in range(3)]

    assert looked(rows, Policy("note", required=True), compared=["note"]).findings == ()


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "yes or no"),
        (4.5, "number"),
        ("1.234,50", "number"),
        ("212/332/646", "number"),
        ("Yes", "yes or no"),
        ("2024-05-01T10:00:00Z", "date, year first"),
        ("1/5/2024", "date with slashes"),
        ("+49 30 901820", "phone number"),
        ("www.example.com", "web address"),
        ("3 boxes", "text"),
    ],
)
def test_kind_of__value__is_recognised(value, kind):
    assert kind_of(value) == kind


def test_folded__spellings_of_one_value__are_the_same():
    assert folded(" New  YORK ") == folded("new york") == folded("Ｎew York")
    assert folded("Köln") != folded("Koln")


def test_audit__febrl__finds_the_empty_cells_and_the_small_letters(shared_data):
    with (shared_data / "contacts/febrl/dataset1.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines, skipinitialspace=True))
    named = [row["given_name"].strip() for row in rows]
    states = Counter(row["state"].strip() for row in rows if row["state"].strip())
    known = {"nsw", "vic", "qld", "wa", "sa", "tas", "act", "nt"}

    result = looked(
        [{name: value.strip() for name, value in row.items()} for row in rows],
        Policy("given_name", required=True, format="name"),
        Policy("state", allowed=tuple(known)),
        Policy("suburb"),
        compared=["suburb"],
    )

    assert len(rows) == 1_000
    assert found(result, Check.MISSING)["given_name"].count == named.count("")
    assert found(result, Check.FORMAT)["given_name"].count == sum(len(name) > 1 for name in named)
    assert found(result, Check.ALLOWED)["state"].count == sum(n for state, n in states.items() if state not in known)
    assert found(result, Check.SPELLING) == {}


def test_audit__mailchimp_members__finds_area_codes_among_time_zones(shared_data):
    with (shared_data / "contacts/fivetran_mailchimp/member.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    free = [name for name in rows[0] if name not in ("id", "list_id")]

    result = looked(rows, *(Policy(name) for name in free), Policy("id"), compared=free)

    finding = found(result, Check.MIXED)["timezone"]
    assert len(rows) == 9
    assert finding.parts == {"number": 5, "text": 3}  # 212/332/646/917, 415/628 and 510 beside America/Toronto
    assert (finding.count, finding.of, finding.people) == (3, 8, (1, 2, 9))
    assert [one.field for one in result.findings] == ["timezone"]
