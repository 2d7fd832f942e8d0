"""How single values look."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core.console import cells

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "value", "shown"),
    [
        (cells.number, 1234567, "1,234,567"),
        (cells.number, 0, "0"),
        (cells.percent, 0.992, "99.2 %"),
        (cells.yes_no, False, "No"),
        (cells.text, "a", "a"),
        (cells.day, date(2026, 3, 2), "2026-03-02"),
        (cells.code, "<b>", "<code>&lt;b&gt;</code>"),
        (cells.masked_email, "jane@example.com", "j••••@example.com"),
    ],
)
def test_cell__value__is_drawn(cell, value, shown):
    assert cell(value) == shown


@pytest.mark.parametrize(
    "cell", [cells.text, cells.number, cells.money, cells.percent, cells.instant, cells.day, cells.ago, cells.code]
)
def test_cell__nothing__is_a_dash_with_a_name(cell):
    assert cell(None) == cells.NOTHING


def test_money__amount__has_two_decimals_and_its_currency():
    assert cells.money(Decimal("1060.7"), "EUR") == "€ 1,060.70"
    assert cells.money(Decimal("5"), "CHF") == "CHF 5.00"


def test_instant__in_another_zone__is_local_time():
    with timezone.override("Asia/Tokyo"):
        assert cells.instant(NOON) == '<time datetime="2026-03-02T12:00:00+00:00">2026-03-02 21:00</time>'
        assert cells.day(datetime(2026, 3, 2, 16, tzinfo=UTC)) == "2026-03-03"


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=29), "29 d ago"),
        (timedelta(days=364), "12 mo ago"),
        (timedelta(days=730), "2 y ago"),
        (timedelta(minutes=-5), "in 5 min"),
    ],
)
def test_in_words__distance__is_rounded_down(distance, words):
    assert cells.in_words(NOON - distance, NOON) == words


def test_state__unknown_to_its_kind__is_a_defect():
    draw = cells.state({"open": cells.State("Open", "good")})

    assert draw("open") == '<span class="state state-good">Open</span>'
    with pytest.raises(KeyError):
        draw("suppressed")


def test_tags__text__is_escaped():
    assert "<b>" not in cells.tags(["<b>"])
