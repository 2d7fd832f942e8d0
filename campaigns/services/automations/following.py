"""Automations hear what happens: people come in, reach goals, and go on where they wait for it.

What a stretch of the logs leads to and the cursor behind it are one transaction: a worker killed at any moment leaves
nothing half done, the next one reads the stretch again, and nobody comes in twice for the same thing. People are moved
on by `timers`; here only what was heard is written down.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from campaigns.models import AutomationVersion, Run
from campaigns.rules.automations.entering import Before, is_exclusive, why_not
from campaigns.rules.automations.graph import links
from campaigns.rules.automations.signals import Signal, fits, key_of
from campaigns.rules.automations.states import RunState
from campaigns.selectors.automations.listening import Listening, listening
from campaigns.selectors.automations.listing import earlier
from campaigns.selectors.automations.sources import oldest_waiting, read_signals
from campaigns.services.automations.recording import Journal
from core import outbox
from core.models import Cursor
from customers.services.log_steps import walk_log

FOLLOWER: Final = "automations"
LATE: Final = timedelta(hours=1)


def follow_signals(*, now: datetime, steps: int = 2_000) -> int:
    """Everything that ended before now was heard; how many runs began or were moved by it.

    Ends at once when another worker is at it. The first time of all it begins at this moment: what happened before
    there were automations starts nothing.
    """
    return walk_log(steps=steps, step=lambda horizon, width: _one_step(horizon, width, now))


@transaction.atomic
def _one_step(horizon: int, width: int, now: datetime) -> int | None:
    cursor = outbox.locked_cursor(FOLLOWER)
    if cursor is None or cursor.xid >= horizon - 1:
        return None
    heard = listening()
    upto = min(cursor.xid + width, horizon - 1) if cursor.xid and heard.kinds else horizon - 1
    signals = read_signals(after=cursor.xid, upto=upto, kinds=heard.kinds) if cursor.xid and heard.kinds else []
    moved = hear(signals=signals, heard=heard, now=now)
    outbox.move_cursor(cursor=cursor, xid=upto, row=0, at=now, now=now)
    return moved


def hear(*, signals: Sequence[Signal], heard: Listening, now: datetime) -> int:
    """What these signals, oldest first, lead to is written; how many runs began or were moved."""
    if not signals:
        return 0
    hearing = _Hearing(heard, {signal.customer_id for signal in signals}, now)
    for signal in signals:
        hearing.hear(signal)
    return hearing.close()


class _Hearing:
    """The people of one batch of signals, with what they are in and have been in."""

    def __init__(self, heard: Listening, people: Collection[int], now: datetime) -> None:
        self._heard, self._now, self._journal = heard, now, Journal(now)
        # Waits for whoever is moving one of them on: what that transaction did not see yet is seen here.
        rows = Run.objects.filter(customer__in=people, state=RunState.OPEN, version__in=heard.versions)
        self._open: dict[int, list[Run]] = {}
        for run in rows.select_for_update(of=("self",)).order_by("pk"):
            self._open.setdefault(run.customer_id or 0, []).append(run)
        automations = {version.automation_id for some in heard.entries.values() for version in some}
        self._before = earlier(automations=automations, people=people)
        self._new: list[Run] = []
        self._moved = 0

    def hear(self, signal: Signal) -> None:
        """Goals first, then what is waited for, then new beginnings."""
        for run in self._open.get(signal.customer_id, []):
            if run.state == RunState.OPEN:
                self._tell(run, signal)
        for version in self._heard.entries.get(signal.kind, ()):
            if fits(version.graph["entry"], signal):
                self._enter(version, signal)

    def _tell(self, run: Run, signal: Signal) -> None:
        if self._heard.goal_of(run, signal):
            self._journal.end(run, "goal", "goal", {"because": signal.kind, "ref": signal.ref})
            before = self._before.get((run.automation_id, signal.customer_id), Before())
            after = Before(max(before.open - 1, 0), before.entered_at)
            self._before[run.automation_id, signal.customer_id] = after
            self._moved += 1
        elif self._heard.awaited(run, signal):
            happened(journal=self._journal, run=run, signal=signal, heard=self._heard)
            self._moved += 1

    def _enter(self, version: AutomationVersion, signal: Signal) -> None:
        place = version.automation_id, signal.customer_id
        before = self._before.get(place, Before())
        if why_not(version.graph, before, at=signal.at, now=self._now):
            return
        key = key_of(version.graph["entry"], signal)
        run = new_run(version=version, customer_id=signal.customer_id, ref=signal.ref, at=signal.at, now=self._now)
        run.key = key
        self._journal.note(run, "entered", {"because": signal.kind, "ref": signal.ref, "key": key})
        self._new.append(run)
        self._open.setdefault(signal.customer_id, []).append(run)
        self._before[place] = Before(before.open + 1, signal.at)

    def close(self) -> int:
        """Everything is stored; how many runs began or were moved."""
        begun = store_new(runs=self._new, journal=self._journal)
        self._journal.close()
        return begun + self._moved


def happened(*, journal: Journal, run: Run, signal: Signal, heard: Listening) -> None:
    """What the run waited for has happened: it stands at the step behind, to be moved on at once."""
    step = heard.graph(run)["steps"][run.step]
    journal.note(run, "happened", {"because": signal.kind, "ref": signal.ref})
    leave(journal=journal, run=run, to=links(step)[0].to, at=signal.at)


def leave(*, journal: Journal, run: Run, to: str | None, at: datetime) -> None:
    """The run stands at its next step since `at` on her clock, or is over when there is none.

    After a pause or an outage her clock goes on from now: nobody gets at once what was meant for days apart.
    """
    at = at if journal.now - at < LATE else journal.now
    run.clock_at, run.waiting, run.awaits, run.next_at = max(at, run.clock_at), False, "", journal.now
    if to is None:
        journal.end(run, "finished", "end")
    else:
        run.step = to
        journal.change(run)


def new_run(*, version: AutomationVersion, customer_id: int, ref: str, at: datetime, now: datetime) -> Run:
    """A run at the first step, not stored yet. Nobody comes in at a time that has not come."""
    begun = min(at, now)
    return Run(
        public_id=Run.new_public_id(),
        automation=version.automation,
        version=version,
        customer_id=customer_id,
        step=version.graph["start"],
        next_at=now,
        ref=ref,
        exclusive=is_exclusive(version.graph),
        entered_at=begun,
        clock_at=begun,
        created_at=now,
    )


def store_new(*, runs: Sequence[Run], journal: Journal) -> int:
    """These runs are stored but those that were begun before; how many. The journal forgets the others."""
    Run.objects.bulk_create(runs, ignore_conflicts=True, batch_size=1_000)
    stored = dict(Run.objects.filter(public_id__in=[run.public_id for run in runs]).values_list("public_id", "pk"))
    for run in runs:
        run.pk = stored.get(run.public_id)
    journal.drop([run for run in runs if run.pk is None])
    return len(stored)


def seconds_behind(*, now: datetime) -> float:
    """How long the oldest thing that automations have not heard of has been waiting; 0 when there is none."""
    cursor = Cursor.objects.filter(name=FOLLOWER).first()
    oldest = oldest_waiting(after=cursor.xid) if cursor and listening().kinds else None
    return max(0.0, (now - oldest).total_seconds()) if oldest else 0.0
