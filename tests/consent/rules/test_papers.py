"""Agreements, proofs of security and places: what stands against giving data to a company."""

from datetime import UTC, date, datetime, timedelta

import pytest

from consent.rules.papers import Papers, is_too_old, unknown_places, why_not_covered, why_not_live, why_withheld

TODAY = date(2026, 11, 21)
DAY = timedelta(days=1)
GIVEN = {
    "company": "prc_1",
    "name": "Mail House",
    "signed_on": date(2025, 1, 10),
    "agreement_ends_on": None,
    "certificate": "SOC 2 Type II",
    "certificate_ends_on": TODAY,
    "ended_on": None,
    "places": ("US",),
    "transfer": "clauses",
}


def papers(**facts):
    return Papers(**(GIVEN | facts))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ""),
        ({"agreement_ends_on": TODAY}, ""),
        ({"agreement_ends_on": TODAY - DAY}, "ended on 2026-11-20"),
        ({"signed_on": TODAY + DAY}, "begins on 2026-11-22"),
        ({"ended_on": TODAY}, "no longer works for us"),
        ({"ended_on": TODAY + DAY}, ""),
        ({"certificate": "", "certificate_ends_on": None}, ""),
    ],
)
def test_covered__by_agreement__says_why_not(facts, words):
    why = why_not_covered(papers(**facts), TODAY)

    assert words in why
    assert bool(why) == bool(words)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ""),
        ({"certificate": ""}, "no proof of security"),
        ({"certificate_ends_on": None}, "no proof of security"),
        ({"certificate_ends_on": TODAY - DAY}, "SOC 2 Type II) ended on 2026-11-20"),
        ({"agreement_ends_on": TODAY - DAY}, "agreement with Mail House ended"),
    ],
)
def test_live__needs_agreement_and_proof__says_which_lacks(facts, words):
    why = why_not_live(papers(**facts), TODAY)

    assert words in why
    assert bool(why) == bool(words)


@pytest.mark.parametrize(
    ("facts", "country", "region", "code"),
    [
        ({}, "DE", "", ""),
        ({"transfer": "none"}, "DE", "", "no_transfer_ground"),
        ({"transfer": "none"}, "GB", "", "no_transfer_ground"),
        ({"transfer": "none"}, "", "", "no_transfer_ground"),
        ({"transfer": "none"}, "US", "US-CA", ""),
        ({"transfer": "none", "places": ("DE", "IE")}, "FR", "", ""),
        ({"transfer": "none", "places": ("DE", "US")}, "FR", "", "no_transfer_ground"),
        ({"barred": ("CN",)}, "CN", "", "place_barred"),
        ({"barred": ("US-CA",)}, "US", "US-CA", "place_barred"),
        ({"barred": ("US-CA",)}, "US", "US-TX", ""),
    ],
)
def test_withheld__by_place_of_the_person__has_a_reason(facts, country, region, code):
    assert why_withheld(papers(**facts), country=country, region=region) == code


@pytest.mark.parametrize(("keep_days", "age_days", "old"), [(None, 900, False), (30, 30, False), (30, 31, True)])
def test_too_old__by_days_it_may_keep(keep_days, age_days, old):
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)

    assert is_too_old(papers(keep_days=keep_days), happened_at=now - timedelta(days=age_days), now=now) is old


def test_unknown_places__codes_of_countries_and_regions__pass():
    assert unknown_places(["DE", "US-CA", "XX", "ATLANTIS"], {"DE", "US"}) == ["XX", "ATLANTIS"]
