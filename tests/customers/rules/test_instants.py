"""Instants as programs send them."""

from datetime import UTC, datetime

import pytest

from core.errors import InvalidInput
from customers.rules.instants import read_instant


@pytest.mark.parametrize("text", ["2026-03-29T01:30:00Z", "2026-03-29T03:30:00+02:00", "2026-03-28T20:30:00-05:00"])
def test_read_instant__any_offset__is_the_same_in_utc(text):
    assert read_instant("begins", text) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-03-29", "2026-03-29T01:30:00", "2026-02-30T01:30:00Z", "0001-01-01T00:00:00+02:00"]
)
def test_read_instant__none_or_without_an_offset__is_refused_where_it_stands(text):
    with pytest.raises(InvalidInput, match="an instant with an offset") as refused:
        read_instant("at", text, param="exposures[3].at")

    assert refused.value.param == "exposures[3].at"
