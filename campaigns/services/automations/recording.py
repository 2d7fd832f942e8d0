"""Writing down what automations do: a record for every step of everybody, and how often each step went which way."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from django.db import connection
from django.db.models import Q

from campaigns.models import Delivery, Run, StepRecord
from campaigns.rules.automations.states import RunState
from campaigns.rules.deliveries import DeliveryState
from campaigns.services.lanes import withdraw

_COUNT: Final = """
INSERT INTO campaigns_stepcount AS s (version_id, step, outcome, times)
SELECT (r.row ->> 0)::bigint, r.row ->> 1, r.row ->> 2, (r.row ->> 3)::bigint
FROM jsonb_array_elements(%s::jsonb) AS r (row) ORDER BY 1, 2, 3
ON CONFLICT (version_id, step, outcome) DO UPDATE SET times = s.times + excluded.times
"""
# One statement for all of them: Django's bulk update builds a case a row and a field, which took most of the time.
_CHANGE: Final = """
UPDATE campaigns_run r SET version_id = v.version_id, state = v.state, step = v.step, waiting = v.waiting,
    next_at = v.next_at, awaits = v.awaits, number = v.number, clock_at = v.clock_at, ended_at = v.ended_at,
    ending = v.ending, trouble = v.trouble
FROM jsonb_to_recordset(%s::jsonb) AS v (id bigint, version_id bigint, state text, step text, waiting boolean,
    next_at timestamptz, awaits text, number integer, clock_at timestamptz, ended_at timestamptz, ending text,
    trouble text)
WHERE r.id = v.id
"""
_FIELDS: Final = (
    *("version_id", "state", "step", "waiting", "next_at", "awaits", "number"),
    *("clock_at", "ended_at", "ending", "trouble"),
)


class Journal:
    """Collects what happens to runs in one transaction; `close` writes it, in as many statements for one as for many.

    Step counts come last and in order, so that workers wait for each other's only as long as that takes.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._changed: dict[int, Run] = {}
        self._records: list[StepRecord] = []
        self._counts: Counter[tuple[int, str, str]] = Counter()
        self._ended: list[Run] = []

    def note(
        self, run: Run, outcome: str, details: Mapping[str, Any] | None = None, *, delivery_id: int | None = None
    ) -> None:
        """Something happened to a run, stored already or about to be, at the step where it is."""
        run.number += 1
        self._records.append(
            StepRecord(
                run=run,
                number=run.number,
                step=run.step,
                outcome=outcome,
                details=dict(details or {}),
                delivery_id=delivery_id,
                at=self.now,
            )
        )
        self._counts[run.version_id, run.step, outcome] += 1
        self.change(run)

    def change(self, run: Run) -> None:
        """The fields of a stored run have changed."""
        if run.pk:
            self._changed[run.pk] = run

    def end(self, run: Run, ending: str, outcome: str = "", details: Mapping[str, Any] | None = None) -> None:
        """The run is over at once; what was about to be sent to her by it is not."""
        if outcome:
            self.note(run, outcome, details)
        run.state, run.ending, run.ended_at = RunState.ENDED, ending, self.now
        run.waiting, run.next_at, run.awaits, run.trouble = False, None, "", ""
        self._counts[run.version_id, "", ending] += 1
        self._ended.append(run)
        self.change(run)

    def fail(self, run: Run, trouble: str) -> None:
        """The run stays at its step, with what it waits for, until somebody sees to it."""
        self.note(run, "failed", {"because": trouble[:200]})
        run.state, run.trouble, run.next_at = RunState.FAILED, trouble[:300], None

    def drop(self, runs: Iterable[Run]) -> None:
        """Nothing is written about these runs: somebody else began them first."""
        gone = {id(run) for run in runs}
        for record in self._records:
            if id(record.run) in gone:
                self._counts[record.run.version_id, record.step, record.outcome] -= 1
        self._records = [record for record in self._records if id(record.run) not in gone]
        for run in self._ended:
            if id(run) in gone:
                self._counts[run.version_id, "", run.ending] -= 1
        self._ended = [run for run in self._ended if id(run) not in gone]

    def close(self) -> None:
        """Everything collected is stored."""
        if self._changed:
            _change([self._changed[pk] for pk in sorted(self._changed)])
        for record in self._records:
            record.run_id = record.run.pk
        StepRecord.objects.bulk_create(self._records, batch_size=1_000)
        forget_messages(runs=[run.pk for run in self._ended if run.ending != "finished"])
        rows = [[*key, times] for key, times in sorted(self._counts.items()) if times]
        if rows:
            with connection.cursor() as cursor:
                cursor.execute(_COUNT, [msgspec.json.encode(rows).decode()])


def _change(runs: Iterable[Run]) -> None:
    rows = [{"id": run.pk, **{name: getattr(run, name) for name in _FIELDS}} for run in runs]
    with connection.cursor() as cursor:
        cursor.execute(_CHANGE, [msgspec.json.encode(rows).decode()])


def forget_messages(*, runs: Iterable[int]) -> int:
    """Messages of these runs that wait to be sent are left out; how many. What is being handed over cannot be held."""
    ids = list(runs)
    if not ids:
        return 0
    sent_by = StepRecord.objects.filter(run__in=ids, delivery_id__isnull=False)
    goals = sent_by.filter(run__ending="goal").values("delivery_id")
    under_way = Delivery.objects.filter(pk__in=sent_by.values("delivery_id"), state=DeliveryState.SENDING)
    taken = withdraw(deliveries=under_way.values_list("pk", flat=True))
    waiting = Delivery.objects.filter(
        Q(state__in=[DeliveryState.QUEUED, DeliveryState.CLAIMED]) | Q(pk__in=taken, state=DeliveryState.SENDING)
    )
    left = {"state": DeliveryState.SKIPPED, "claimed_at": None}
    held = waiting.filter(pk__in=goals).update(reason="goal_reached", **left)
    return held + waiting.filter(pk__in=sent_by.values("delivery_id")).update(reason="left_automation", **left)
