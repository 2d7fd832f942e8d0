"""Automations: steps a second in this process against the plain way, and how long after its event a step is done."""

import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from bench.inside.membership import EVENT, VIEW
from campaigns.models import Automation, Run, StepCount, StepRecord
from campaigns.services.automations.definitions import archive_automation, define_automation
from campaigns.services.automations.entering import enrol
from campaigns.services.automations.publishing import publish_draft
from campaigns.services.automations.timers import run_timers
from core import outbox
from core.actors import SYSTEM
from customers.models import Customer, CustomerTag, Tag, TagOrigin

PEOPLE: Final = 2_000
SAMPLES: Final = 20
STEPS: Final = 3
GRAPH: Final[dict[str, Any]] = {
    "version": 1,
    "entry": {"on": "api"},
    "reentry": {"policy": "always"},
    "start": "half",
    "steps": {
        "half": {"type": "ab", "branches": [{"key": key, "weight": 1, "next": "mark"} for key in ("A", "B")]},
        "mark": {"type": "tag", "add": ["bench"], "next": "tell"},
        "tell": {"type": "webhook", "name": "bench"},
    },
}


def _automation(name: str, graph: dict[str, Any]) -> Automation:
    now = timezone.now()
    automation = define_automation(values={"name": name, "graph": graph}, by=SYSTEM, now=now)
    return publish_draft(automation=automation, by=SYSTEM, now=now)


def _put_in(name: str, people: list[int]) -> tuple[Automation, list[int]]:
    automation = _automation(name, GRAPH)
    rows = Customer.objects.in_bulk(people)
    runs = [
        enrol(automation=automation, customer=rows[pk], ref=str(pk), by=SYSTEM, now=timezone.now()).pk for pk in people
    ]
    return automation, runs


@transaction.atomic
def _plain(pk: int) -> None:
    """One person by the ORM: rows read, changed and saved one at a time, each step with its record and count."""
    run = Run.objects.select_for_update().get(pk=pk)
    customer = Customer.objects.get(pk=run.customer_id or 0)
    for step, outcome in (("half", "branch"), ("mark", "tagged"), ("tell", "told"), ("tell", "end")):
        if step == "mark":
            tag, _ = Tag.objects.get_or_create(name="bench")
            CustomerTag.objects.get_or_create(customer=customer, tag=tag, defaults={"origin": TagOrigin.RULE})
        if outcome == "told":
            outbox.publish(topic="automation.step", subject=customer.public_id, payload={"run": run.public_id})
        run.number += 1
        StepRecord.objects.create(run=run, number=run.number, step=step, outcome=outcome, at=timezone.now())
        count, _ = StepCount.objects.get_or_create(version_id=run.version_id, step=step, outcome=outcome)
        StepCount.objects.filter(pk=count.pk).update(times=F("times") + 1)
        run.step = step
        run.save()
    run.state, run.ending, run.ended_at, run.next_at = "ended", "finished", timezone.now(), None
    run.save()


def _all_through(automation: Automation, people: int) -> None:
    done = Run.objects.filter(automation=automation, ending="finished").count()
    if done < people:
        stopped = Run.objects.filter(automation=automation).exclude(trouble="").values_list("trouble", flat=True)
        raise RuntimeError(f"{done} of {people} are through; {[*stopped[:1]]}")


def _all_plain(runs: list[int]) -> None:
    for pk in runs:
        _plain(pk)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def steps(rounds: int, everybody: list[int]) -> None:
    """Steps a second of the engine and of a loop over the same people, in turns."""
    rates: dict[str, list[float]] = {"engine": [], "plain": []}
    for number in range(rounds):
        people = random.sample(everybody, min(PEOPLE, len(everybody)))
        automation, runs = _put_in(f"Engine {number}", people)
        rates["engine"].append(len(runs) * STEPS / _seconds(lambda: run_timers(now=timezone.now())))
        _all_through(automation, len(runs))
        archive_automation(automation=automation, by=SYSTEM, now=timezone.now())
        few = people[: len(people) // 4 or 1]
        automation, runs = _put_in(f"Plain {number}", few)
        rates["plain"].append(len(runs) * STEPS / _seconds(partial(_all_plain, runs)))
        archive_automation(automation=automation, by=SYSTEM, now=timezone.now())
    engine, plain = (statistics.median(rates[name]) for name in ("engine", "plain"))
    print(f"## Steps, {min(PEOPLE, len(everybody)):,} people through a split, a tag and a webhook")
    print("| engine, steps/s | a person at a time, steps/s | ratio |\n|---|---|---|")
    print(f"| {engine:,.0f} | {plain:,.0f} | {engine / plain:.1f} |")


def latency(rounds: int, everybody: list[int]) -> None:
    """From the commit of an event until the first step of whoever it lets in is on record, one event at a time."""
    listens = {**GRAPH, "entry": {"on": "event", "event": "view"}}
    automation = _automation("Heard", listens)
    _until_heard(everybody[0], automation)
    waited = []
    for who in random.sample(everybody, min(rounds * SAMPLES, len(everybody))):
        before = _told(automation, who)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(EVENT, [VIEW, [who]])
        began = time.perf_counter()
        _wait(partial(_more_told, automation, who, before))
        waited.append(time.perf_counter() - began)
        time.sleep(random.random() / 2)
    p95 = statistics.quantiles(waited, n=20)[-1]
    middle, longest = statistics.median(waited), max(waited)
    print(f"## Event to step, {len(waited)} events")
    print(f"median {middle:.2f} s, p95 {p95:.2f} s, longest {longest:.2f} s")


def _told(automation: Automation, who: int) -> int:
    return StepRecord.objects.filter(run__automation=automation, run__customer=who, step="mark").count()


def _more_told(automation: Automation, who: int, before: int) -> bool:
    return _told(automation, who) > before


def _until_heard(who: int, automation: Automation) -> None:
    """The follower begins where it starts for the first time; events are repeated until one is heard."""
    limit = time.monotonic() + 120
    while not _told(automation, who):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(EVENT, [VIEW, [who]])
        time.sleep(1)
        if time.monotonic() > limit:
            states = Run.objects.filter(automation=automation).values_list("state", "step", "trouble")
            raise RuntimeError(f"no event was heard for two minutes: {[*states[:3]]}")


def _wait(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + 120
    while not condition():
        if time.monotonic() > limit:
            raise RuntimeError("nothing happened for two minutes")
        time.sleep(0.005)


if __name__ == "__main__":
    _, what, count = sys.argv
    with connection.cursor() as reader:
        reader.execute("SELECT id FROM customers_customer WHERE is_known ORDER BY id LIMIT 200000")
        ids = [row[0] for row in reader]
    {"steps": steps, "latency": latency}[what](int(count), ids)
