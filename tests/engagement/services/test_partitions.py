"""Months of the event log are there before they are needed and go when their time is over."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection

from engagement.models import EventKey
from engagement.services import partitions

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def _months() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'engagement_event'::regclass ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def test_ensure_partitions__over_new_year__makes_every_month_once():
    first = partitions.ensure_partitions(first=date(2031, 11, 3), now=datetime(2031, 11, 3, tzinfo=UTC))
    again = partitions.ensure_partitions(first=date(2031, 11, 3), now=datetime(2031, 11, 3, tzinfo=UTC))

    assert (first, again) == (4, 0)
    assert _months()[-4:] == [f"engagement_event_{m}" for m in ("2031_11", "2031_12", "2032_01", "2032_02")]


def test_trim_event_keys__older_than_the_window__are_forgotten():
    old, young = uuid4(), uuid4()
    EventKey.objects.create(source_id=1, key=old, received_at=NOW - timedelta(days=32))
    EventKey.objects.create(source_id=1, key=young, received_at=NOW - timedelta(days=30))

    trimmed = partitions.trim_event_keys(keep_days=31, now=NOW)

    assert trimmed == 1
    assert [key.key for key in EventKey.objects.all()] == [young]
