"""Days left and overdue: one notion, the day it is where the law of the request holds."""

from datetime import UTC, date, datetime

import pytest

from consent.console.request_words import deadline
from consent.models import DataRequest
from consent.selectors.requests import count_late, days_left, past_due
from tests.factories.requests import make_request

pytestmark = pytest.mark.django_db
LATE_EVENING = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
AFTER_MIDNIGHT = datetime(2026, 3, 11, 0, 30, tzinfo=UTC)
DUE = date(2026, 3, 10)


def due(place: str, day: date = DUE) -> DataRequest:
    row = make_request(contact=f"{place.lower()}@example.com", place=place, now=datetime(2026, 2, 20, 12, tzinfo=UTC))
    DataRequest.objects.filter(pk=row.pk).update(safe_due=day)
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(
    ("place", "now", "left", "words"),
    [
        ("DE", LATE_EVENING, -1, "1 day overdue"),
        ("GB", LATE_EVENING, 0, "0 days left"),
        ("US-CA", LATE_EVENING, 0, "0 days left"),
        ("US-CA", AFTER_MIDNIGHT, 0, "0 days left"),
        ("GB", AFTER_MIDNIGHT, -1, "1 day overdue"),
    ],
)
def test_days_left__at_the_edge_of_a_day__count_by_the_place_of_the_law(place, now, left, words):
    row = due(place)

    assert days_left(row, now) == left
    assert words in deadline(row, now)
    assert past_due(DataRequest.objects.all(), now).filter(pk=row.pk).exists() == (left < 0)
    assert count_late(now) == (left < 0)


def test_past_due__many_requests__costs_two_queries(django_assert_num_queries):
    rows = [due(place) for place in ("DE", "GB", "US-CA")]
    old = due("FR", date(2026, 3, 1))

    with django_assert_num_queries(2):
        found = set(past_due(DataRequest.objects.all(), LATE_EVENING).values_list("pk", flat=True))

    assert found == {rows[0].pk, old.pk}
