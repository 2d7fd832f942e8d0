import csv
import gzip
from pathlib import Path

import pytest

from customers.rules.countries import COUNTRY_NAMES, country_code, region_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("GB", "GB"),
        (" gb ", "GB"),
        ("UK", "GB"),
        ("United Kingdom", "GB"),
        ("united-kingdom", "GB"),
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("EIRE", "IE"),
        ("RSA", "ZA"),
        ("Cote d'Ivoire", "CI"),
        ("Trinidad and Tobago", "TT"),
        ("\u00d6sterreich", "AT"),
        ("Namibia", "NA"),
        ("NA", "NA"),
        ("European Community", None),
        ("Unspecified", None),
        ("XX", None),
        ("", None),
    ],
)
def test_country_code__ways_to_write_a_country__give_its_code_or_none(text, code):
    assert country_code(text) == code


def test_country_names__time_zone_database__lists_the_same_codes():
    table = Path("/usr/share/zoneinfo/iso3166.tab")
    if not table.exists():
        pytest.skip("the time zone database of this machine has no iso3166.tab")
    lines = [line for line in table.read_text().splitlines() if not line.startswith("#")]

    assert set(COUNTRY_NAMES) == {line[:2] for line in lines}


def test_country_code__countries_of_the_retail_set__are_known_but_for_three(shared_data):
    with gzip.open(shared_data / "purchases/online_retail.csv.gz", "rt") as file:
        names = {row["Country"] for row in csv.DictReader(file)}

    assert len(names) == 38
    assert {name for name in names if country_code(name) is None} == {
        "Channel Islands",
        "European Community",
        "Unspecified",
    }


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [
        ("US-CA", "", "US-CA"),
        ("us-ca", "US", "US-CA"),
        ("CA", "US", "US-CA"),
        ("California", "", "US-CA"),
        ("new york", "US", "US-NY"),
        ("ENG", "GB", "GB-ENG"),
        ("CA", "", None),
        ("California", "GB", None),
        ("US-ZZ", "", None),
        ("US-CA", "GB", None),
        ("Foo Bar", "US", None),
        ("XX-AB", "", None),
        ("", "GB", None),
    ],
)
def test_region_code__with_or_without_a_country__is_iso_3166_2_or_none(text, country, code):
    assert region_code(text, country) == code
