"""Reading everybody's events: short stretches by their index, hours from sums, no walk through the log."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import InvalidInput
from engagement.models import HourlyMetric
from engagement.selectors.series import Place, Scope, newest_events, time_series

pytestmark = pytest.mark.django_db
END = datetime(2027, 6, 20, 12, tzinfo=UTC)
"""In a month that no other test fills: what those left behind would lie between our rows and blunt the index."""
ROWS = 60_000
STEP_S = 10
_FILL = """
INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref, source_id, campaign_id,
    type_id, schema_version, device, consent_kind)
SELECT gen_random_uuid(), at, at, n, n %% 500, 1, 1, CASE WHEN n %% 5000 = 0 THEN 9 ELSE 1 END,
    CASE WHEN n %% 10 = 0 THEN 7 ELSE 1 + n %% 5 END, 1, 1, 1
FROM (SELECT n, %(end)s::timestamptz - n * %(step)s * interval '1 second' AS at FROM generate_series(1, %(rows)s) n) s
ORDER BY at
"""


@pytest.fixture
def log():
    with connection.cursor() as cursor:
        cursor.execute("SELECT engagement_ensure_partition('2027-06-01')")
        cursor.execute(_FILL, {"end": END, "step": STEP_S, "rows": ROWS})
        cursor.execute("SELECT brin_summarize_new_values('engagement_event_2027_06_occurred_at_idx')")
        cursor.execute("ANALYZE engagement_event")


def everything(**filters):
    return Scope(start=END - timedelta(days=7), end=END, **filters)


def plans_of(work):
    with CaptureQueriesContext(connection) as queries:
        found = work()
    with connection.cursor() as cursor:
        plans = []
        for query in queries:
            cursor.execute("EXPLAIN " + query["sql"])
            plans.append("\n".join(line for (line,) in cursor.fetchall()))
    return found, plans


@pytest.mark.parametrize("filters", [{}, {"type_id": 1}])
def test_newest_events__most_frequent_types__read_short_stretches_by_the_index_of_times(log, filters):
    found, plans = plans_of(lambda: newest_events(everything(**filters), limit=51))

    assert len(found) == 51
    assert [event.occurred_at for event in found] == sorted((event.occurred_at for event in found), reverse=True)
    assert len(plans) <= 4
    assert all("engagement_event_2027_06_occurred_at_idx" in plan for plan in plans), plans
    assert not any("Seq Scan on engagement_event_2027_06" in plan for plan in plans), plans


def test_newest_events__page_by_page__shows_each_event_once(log):
    seen, place = [], None
    for _ in range(3):
        page = newest_events(everything(campaign_id=9), limit=5, before=place)
        seen += [event.event_id for event in page]
        place = Place(page[-1].occurred_at, page[-1].event_id) if page else place

    assert len(seen) == len(set(seen)) == 12


def test_newest_events__longer_than_a_week_of_everybody__is_refused():
    with pytest.raises(InvalidInput, match="at most 7 days"):
        newest_events(Scope(start=END - timedelta(days=8), end=END), limit=1)


@pytest.mark.parametrize("type_id", [None, 1])
def test_time_series__hours_of_everybody__are_read_from_sums_and_not_from_the_log(log, type_id):
    HourlyMetric.objects.create(hour=END - timedelta(hours=1), type_id=1, events=360)

    found, plans = plans_of(lambda: time_series(everything(type_id=type_id), bucket="hour"))

    assert found == [{"start": END - timedelta(hours=1), "type": "click", "events": 360}]
    assert not any("engagement_event_" in plan for plan in plans)
