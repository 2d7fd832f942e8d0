"""What changes when somebody moves, by the rules alone."""

from datetime import UTC, datetime

import pytest

from consent.rules.case import Case
from consent.rules.policy import resolve
from consent.rules.simulation import compare_clocks, compare_uses, simulate
from consent.rules.vocabulary import Channel, Purpose

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def somebody(**facts):
    return Case(place="DE", purpose=Purpose.MARKETING, channel=Channel.EMAIL, at=NOON, **facts)


def changed(rows):
    return {row.topic: (row.before, row.after) for row in rows}


def test_compare_clocks__germany_to_california__are_those_of_the_two_laws():
    found = changed(compare_clocks("DE", "US-CA"))

    assert found["Answer within"] == ("1 month", "45 days")
    assert found["Extension"] == ("2 months", "45 days")
    assert found["Acknowledge within"] == ("none", "10 working days")
    assert found["While identity is asked for"] == ("suspends", "nothing")


def test_compare_uses__silent_person_with_signal__sale_stays_denied_for_another_reason():
    silent = changed(compare_uses(somebody(), resolve("DE"), resolve("US-CA")))
    signalled = changed(compare_uses(somebody(gpc=True, gpc_first_seen_at=NOON), resolve("DE"), resolve("US-CA")))

    assert silent["Marketing, email"][0].startswith("deny") and silent["Marketing, email"][1].startswith("allow")
    assert silent["Sale share, any"][1].startswith("allow")
    assert all(after.startswith("deny") for topic, (_, after) in signalled.items() if topic.startswith("Sale"))


@pytest.mark.parametrize("place", ["DE", "US-CA", "GB", "US-CO"])
def test_simulate__same_place__changes_nothing(place):
    move = simulate(somebody(), resolve(place), resolve(place), (place, place))

    assert (move.rules, move.clocks, move.uses) == ([], [], [])
