from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from customers.rules.conversions import (
    BadValue,
    parse_boolean,
    parse_date,
    parse_datetime,
    parse_number,
    parse_whole_number,
    refuse_shortened,
)


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("12.50", None, "12.50"),
        ("-3", None, "-3"),
        ("+0.001", None, "0.001"),
        ("\u22125", None, "-5"),
        ("1,234.56", ".", "1234.56"),
        ("1'234.56", ".", "1234.56"),
        ("1.234,56", ",", "1234.56"),
        ("1 234,5", ",", "1234.5"),
        ("1\u00a0234,5", ",", "1234.5"),
        ("1\u202f234 567,5", ",", "1234567.5"),
        ("1.234", ",", "1234"),
        ("12,5", ",", "12.5"),
        ("000000000000000012", None, "12"),
    ],
)
def test_parse_number__stated_or_plain_marks__give_the_exact_decimal(text, mark, number):
    assert parse_number(text, mark) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "mark", "code"),
    [
        ("1,234", None, "ambiguous_number"),
        ("12,5", None, "ambiguous_number"),
        ("1,234.56", None, "ambiguous_number"),
        ("12,5", ".", "bad_number"),
        ("1,23,456", ".", "bad_number"),
        ("12.5", ",", "bad_number"),
        ("NaN", None, "bad_number"),
        ("Infinity", None, "bad_number"),
        ("1_000", None, "bad_number"),
        ("\u0663", None, "bad_number"),
        ("$5", None, "bad_number"),
        ("", None, "bad_number"),
        ("7.21E+12", None, "damaged_number"),
        ("1" * 13, None, "out_of_range"),
        ("0.1234567", None, "out_of_range"),
    ],
)
def test_parse_number__two_readings_or_none__is_refused(text, mark, code):
    with pytest.raises(BadValue) as refusal:
        parse_number(text, mark)

    assert refusal.value.code == code


def test_parse_whole_number__decimals__are_refused_unless_zero():
    assert parse_whole_number("6.0") == 6
    with pytest.raises(BadValue, match="whole number"):
        parse_whole_number("0.5")


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2010-12-01 08:26:00", "iso", datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
        ("2024-03-12 09:14", "mdy", datetime(2024, 3, 12, 9, 14, tzinfo=UTC)),
        ("2024-03-12T09:14:00Z", "iso", datetime(2024, 3, 12, 9, 14, tzinfo=UTC)),
        ("2024-03-12T09:14:00.123456+02:00", "iso", datetime(2024, 3, 12, 7, 14, 0, 123456, tzinfo=UTC)),
        ("2024-03-12 9:14", "iso", datetime(2024, 3, 12, 9, 14, tzinfo=UTC)),
        ("2024-03-12", "iso", datetime(2024, 3, 12, tzinfo=UTC)),
        ("12/1/10 8:26", "mdy", datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
        ("12/1/10 8:26", "dmy", datetime(2010, 1, 12, 8, 26, tzinfo=UTC)),
        ("3/15/2024 2:30 PM", "mdy", datetime(2024, 3, 15, 14, 30, tzinfo=UTC)),
        ("3/15/2024 12:05 a.m.", "mdy", datetime(2024, 3, 15, 0, 5, tzinfo=UTC)),
        ("15.03.2024", "dmy", datetime(2024, 3, 15, tzinfo=UTC)),
        ("2024/3/5", "ymd", datetime(2024, 3, 5, tzinfo=UTC)),
        ("1.2.69", "dmy", datetime(1969, 2, 1, tzinfo=UTC)),
        ("15 Mar 2024", "%d %b %Y", datetime(2024, 3, 15, tzinfo=UTC)),
        ("0/0/00", "iso", None),
        ("00.00.0000", "dmy", None),
    ],
)
def test_parse_datetime__iso_or_stated_order__is_the_instant_in_utc(text, order, expected):
    assert parse_datetime(text, order) == expected


def test_parse_datetime__local_time__is_converted_from_its_zone():
    zone = ZoneInfo("America/New_York")

    assert parse_datetime("2024-07-01 08:00", "iso", zone) == datetime(2024, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "order", "code"),
    [
        ("12/1/10 8:26", "iso", "ambiguous_date"),
        ("15.03.2024", "iso", "ambiguous_date"),
        ("2024/03/15", "iso", "ambiguous_date"),
        ("15/3/2024", "mdy", "bad_date"),
        ("2023-02-29", "iso", "bad_date"),
        ("2024-W10-1", "iso", "bad_date"),
        ("20240315", "iso", "bad_date"),
        ("40513", "mdy", "bad_date"),
        ("3/15/2024 13:30 PM", "mdy", "bad_date"),
        ("yesterday", "dmy", "bad_date"),
        ("15 March 2024", "%d %b %Y", "bad_date"),
        ("1/2/3", "dmy", "out_of_range"),
        ("0001-01-01", "iso", "out_of_range"),
        ("9999-12-31T23:59:59-10:00", "iso", "out_of_range"),
    ],
)
def test_parse_datetime__two_readings_or_none__is_refused(text, order, code):
    with pytest.raises(BadValue) as refusal:
        parse_datetime(text, order)

    assert refusal.value.code == code


def test_parse_date__time_behind_it__is_left_out():
    assert parse_date("1990-05-17T23:30:00-08:00") == date(1990, 5, 17)
    assert parse_date("17/05/1990", "dmy") == date(1990, 5, 17)
    assert parse_date("0/0/00") is None


@pytest.mark.parametrize(
    ("text", "answer"), [("Yes", True), ("1", True), ("Ja", True), ("no", False), ("FALSE", False)]
)
def test_parse_boolean__usual_words__are_read(text, answer):
    assert parse_boolean(text) is answer


def test_parse_boolean__another_word__is_refused():
    with pytest.raises(BadValue, match="yes or no"):
        parse_boolean("maybe")


def test_refuse_shortened__number_that_lost_its_digits__is_refused():
    assert refuse_shortened("7210448301122") == "7210448301122"
    assert refuse_shortened("7E5") == "7E5"
    with pytest.raises(BadValue, match="spreadsheet"):
        refuse_shortened("7.21045E+12")
