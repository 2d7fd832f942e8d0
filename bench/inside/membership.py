"""The follower of segments, step by step with its statements timed, and against the clock with the product running."""

import random
import statistics
import sys
import time
from datetime import timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from core import outbox
from core.actors import SYSTEM
from core.models import Cursor
from customers.models import SegmentMember, SegmentVersion
from customers.services.membership import follow_segments
from customers.services.segment_builds import build_segment
from customers.services.segment_members import FOLLOWER
from customers.services.segments import define_segment

SEGMENTS: Final = 200
PEOPLE: Final = (1, 100, 1_000)
SAMPLES: Final = 20
VIEW, CLICK, PURCHASE = 2, 1, 9
EVENT: Final = """
INSERT INTO engagement_event (event_id, occurred_at, received_at, xid, customer_id, consent_ref, source_id, campaign_id,
    type_id, schema_version, device, consent_kind, properties)
SELECT gen_random_uuid(), now(), now(), pg_current_xact_id()::text::bigint, w.id, 1, 1, NULL, %s, 1, 1, 1,
    '{"value": 10}' FROM unnest(%s::bigint[]) AS w (id)
"""


def _rule(number: int) -> dict[str, Any]:
    """Half of the segments ask about orders in a window, the others about attributes and countries."""
    span = {"last": {"days": 7 + number % 60}}
    orders = {"on": "events", "type": "purchase", "field": "count", "window": span, "op": "at_least"}
    profile = {"on": "profile", "field": "country", "op": "is", "value": ("DE", "FR", "GB", "US")[number % 4]}
    if number % 2:
        return {"version": 1, "rule": {"all": [profile, orders | {"value": 1 + number % 5}]}}
    points = {"on": "profile", "field": "lifetime_value", "op": "at_least", "value": number}
    return {"version": 1, "rule": {"all": [profile, points]}}


def _define(count: int) -> None:
    now = timezone.now()
    for number in range(count):
        segment = define_segment(name=f"Bench {number}", rule=_rule(number), by=SYSTEM, now=now)
        build_segment(version_id=SegmentVersion.objects.get(segment=segment).pk, clock=timezone.now)
    Cursor.objects.update_or_create(name=FOLLOWER, defaults={"xid": outbox.horizon() - 1, "at": timezone.now()})


class _Timed:
    """Adds up the time in the database."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.seconds += time.perf_counter() - began


def _touch(people: list[int], kind: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(EVENT, [kind, people])


def steps(rounds: int, everybody: list[int]) -> None:
    """Database and whole time of steps that touch few or many customers with an event that 100 segments mention."""
    _define(SEGMENTS)
    print(f"## Following, {SEGMENTS} segments, half of which mention the event")
    print("| customers touched | database ms each | whole ms each | goal 1 ms |\n|---|---|---|---|")
    for size in PEOPLE:
        inside, whole = [], []
        for _ in range(rounds):
            _touch(random.sample(everybody, size), PURCHASE)
            timed, began = _Timed(), time.perf_counter()
            with connection.execute_wrapper(timed):
                follow_segments(now=timezone.now())
            whole.append((time.perf_counter() - began) * 1_000 / size)
            inside.append(timed.seconds * 1_000 / size)
        each = statistics.median(inside)
        verdict = "holds" if each <= 1 else "MISSED"
        print(f"| {size:,} | {each:.2f} | {statistics.median(whole):.2f} | {verdict} |")
    _sweep()


def _sweep() -> None:
    """One look at a minute of time for every clock of all segments."""
    Cursor.objects.filter(name=FOLLOWER).update(at=timezone.now() - timedelta(seconds=60))
    timed = _Timed()
    with connection.execute_wrapper(timed):
        follow_segments(now=timezone.now())
    print(f"windows of a minute, all clocks: {timed.seconds * 1_000:.0f} ms in the database")


def latency(rounds: int, everybody: list[int]) -> None:
    """From the commit of an event until the customer is seen as a member, one event at a time."""
    rule = {"on": "events", "type": "view", "field": "count", "window": {"last": {"hours": 1}}, "op": "at_least"}
    segment = define_segment(name="Seen now", rule={"version": 1, "rule": rule | {"value": 50}}, by=SYSTEM, now=NOW)
    _wait(lambda: SegmentVersion.objects.filter(segment=segment, state="current").exists())
    version = SegmentVersion.objects.get(segment=segment, state="current").pk
    waited = []
    for who in random.sample(everybody, rounds * SAMPLES):
        with transaction.atomic():
            _touch([who] * 50, VIEW)
        began = time.perf_counter()
        _wait(lambda who=who: SegmentMember.objects.filter(version_id=version, customer_id=who).exists())
        waited.append(time.perf_counter() - began)
        time.sleep(random.random() / 2)
    p95 = statistics.quantiles(waited, n=20)[-1]
    verdict = "holds" if p95 < 1 else "MISSED"
    print(
        f"## Event to entered, {len(waited)} events\nmedian {statistics.median(waited):.2f} s, p95 {p95:.2f} s, ",
        end="",
    )
    print(f"longest {max(waited):.2f} s, goal 1 s: {verdict}")


def _wait(condition: Any) -> None:
    limit = time.monotonic() + 120
    while not condition():
        if time.monotonic() > limit:
            raise RuntimeError("nothing happened for two minutes")
        time.sleep(0.005)


NOW = timezone.now()

if __name__ == "__main__":
    _, what, count = sys.argv
    with connection.cursor() as reader:
        reader.execute("SELECT id FROM customers_customer WHERE is_known ORDER BY id LIMIT 200000")
        ids = [row[0] for row in reader]
    {"steps": steps, "latency": latency}[what](int(count), ids)
