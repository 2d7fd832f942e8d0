"""What counts as unusual: known series against the thresholds."""

from datetime import UTC, date, datetime, timedelta

import pytest

from integrations.rules.anomalies import (
    LEARNED_IN,
    Finding,
    Kind,
    Place,
    burst,
    has_rested,
    in_words,
    multiple,
    network_of,
    new_place,
)

DAY = date(2026, 11, 21)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OFFICE, LAPTOP = "198.51.100.0/24", "203.0.113.0/24"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.77", "198.51.100.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:198.51.100.77", "198.51.100.0/24"),
        ("unix:", ""),
        ("", ""),
    ],
)
def test_network_of__addresses__lose_what_names_a_machine(address, network):
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("kind", "subject", "seen", "unusual"),
    [
        (Kind.REFUSALS, "cli_a", 49, False),
        (Kind.REFUSALS, "cli_a", 50, True),
        (Kind.REFUSALS, "", 499, False),
        (Kind.REFUSALS, "", 500, True),
        (Kind.GUESSING, "cli_a", 99, False),
        (Kind.GUESSING, "cli_a", 100, True),
        (Kind.SIGN_IN_REFUSALS, "usr_a", 9, False),
        (Kind.SIGN_IN_REFUSALS, "usr_a", 10, True),
    ],
)
def test_burst__around_the_threshold__is_found_from_it_on(kind, subject, seen, unusual):
    assert bool(burst(kind=kind, subject=subject, day=DAY, seen=seen)) is unusual


@pytest.mark.parametrize(
    ("seen", "before", "usual"),
    [
        (5_000, [900, 1_000, 1_100, 1_000, 1_000], 1_000.0),
        (4_999, [900, 1_000, 1_100, 1_000, 1_000], None),
        (50_000, [1_000, 1_000, 1_000, 1_000], None),  # four days are no habit
        (50_000, [1_000, 0, 0, 1_000, 1_000, 1_000, 0], None),  # days off do not count
        (999, [1, 1, 1, 1, 1, 1], None),  # little is never unusual
        (1_000, [1, 1, 1, 1, 1, 1], 1.0),
        (6_000, [1_000] * 13 + [200_000], 1_000.0),  # one wild day does not hide the next
        (90_000, [20_000] * 20, None),  # a steady heavy user
    ],
)
def test_multiple__series_of_days__stands_against_its_median(seen, before, usual):
    found = multiple(kind=Kind.VOLUME, subject="cli_a", day=DAY, seen=seen, before=before)

    assert (found.usual if found else None) == usual
    assert found is None or found.mark == "2026-11-21"


def place(network, days_ago, country=""):
    return Place(network, country, NOON - timedelta(days=days_ago))


@pytest.mark.parametrize(
    ("new", "others", "kind"),
    [
        (place(LAPTOP, 0), [place(OFFICE, 8)], Kind.NEW_NETWORK),
        (place(LAPTOP, 0), [place(OFFICE, 6)], None),  # known for less than a week
        (place(LAPTOP, 0), [], None),  # the first call of all
        (place(OFFICE, 0), [place(OFFICE, 8)], None),
        (place(LAPTOP, 0, "BR"), [place(OFFICE, 8, "DE")], Kind.NEW_COUNTRY),
        (place(LAPTOP, 0, "DE"), [place(OFFICE, 8, "DE")], Kind.NEW_NETWORK),
        (place(LAPTOP, 0, "BR"), [place(OFFICE, 8)], Kind.NEW_NETWORK),  # earlier countries are not known
        (place(LAPTOP, 1), [place(OFFICE, 8), place("192.0.2.0/24", 0)], Kind.NEW_NETWORK),  # later ones do not count
    ],
)
def test_new_place__against_earlier_ones__is_a_network_or_a_country(new, others, kind):
    found = new_place(subject="cli_a", place=new, others=[*others, new])

    assert (found.kind if found else None) == kind


def test_new_place__of_staff__is_a_sign_in():
    found = new_place(subject="usr_a", place=place(LAPTOP, 0), others=[place(OFFICE, 30)], staff=True)

    assert found == Finding(Kind.SIGN_IN_NETWORK, "usr_a", LAPTOP, 1, where=LAPTOP)
    assert timedelta(days=7) == LEARNED_IN


@pytest.mark.parametrize(("days", "rested"), [(None, False), (59, False), (60, True)])
def test_has_rested__since_the_last_use__sixty_days(days, rested):
    last = None if days is None else NOON - timedelta(days=days)

    assert has_rested(last_used_at=last, now=NOON) is rested


@pytest.mark.parametrize("kind", Kind)
def test_in_words__every_kind__is_a_sentence(kind):
    words = in_words(Finding(kind, "cli_a", "x", 12_345, 1_000.0, OFFICE))

    assert words.endswith(".")
    assert "12,345" in words or OFFICE in words
