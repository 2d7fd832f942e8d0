"""Webhooks: how many the courier sends a second, and what healthy receivers feel while others fail and hang."""

import asyncio
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from core import outbox
from core.actors import SYSTEM
from core.models import Job
from integrations.models import WebhookDelivery, WebhookEndpoint
from integrations.rules.shards import SHARDS
from integrations.services import webhook_replay, webhooks
from integrations.services.courier import Courier
from integrations.services.courier_shares import PRESENT

TOPIC: Final = "campaign.paused"
THINGS: Final = 500
BATCH: Final = 10
HEALTHY, FAILING, HANGING = 16, 3, 1
PATIENCE_S: Final = 180.0
_HOLDERS: Final = """
SELECT count(*), count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = %s
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def _endpoints(receiver: str, paths: list[str]) -> None:
    WebhookEndpoint.objects.all().delete()
    for path in paths:
        values = {"url": f"{receiver}{path}", "event_types": [TOPIC]}
        webhooks.create_endpoint(values=values, client="", by=SYSTEM, now=timezone.now())


def _say(first: int, last: int) -> None:
    facts = [outbox.Fact(TOPIC, f"cmp_{n % THINGS}", {"number": n, "said": time.time()}) for n in range(first, last)]
    outbox.publish_many(facts)


def fan_out(receiver: str, events: int, couriers: float) -> None:
    """Print deliveries a second, to four receivers, of events that were said in one transaction to so many couriers."""
    _endpoints(receiver, [f"/ok/{n}" for n in range(4)])
    command = [sys.executable, "manage.py", "courier"]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(int(couriers))]
    try:
        if not _until(lambda: _shared_by() == couriers):
            raise RuntimeError(f"the endpoints were not shared among {couriers:g} couriers")
        with transaction.atomic():
            for start in range(0, events, 500):
                _say(start, min(events, start + 500))
        began = time.perf_counter()
        delivered = WebhookDelivery.objects.filter(state="delivered", attempts=1)
        if not _until(lambda: delivered.count() == 4 * events, every=0.02):
            raise RuntimeError(f"{delivered.count()} of {4 * events} arrived")
        print(4 * events / (time.perf_counter() - began))
    finally:
        for process in processes:
            process.terminate()
            process.wait(timeout=20)


def _shared_by() -> int:
    """How many couriers hold parts of the endpoints, once each part is held."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDERS, [PRESENT])
        locks, couriers = cursor.fetchone()
    return int(couriers) if locks == SHARDS else 0


@contextmanager
def _sending() -> Iterator[None]:
    """The courier runs meanwhile, in a thread of its own."""
    over = threading.Event()

    async def run() -> None:
        courier = Courier(clock=timezone.now)
        running = asyncio.create_task(courier.run())
        await asyncio.to_thread(over.wait)
        courier.stop()
        await running

    sending = threading.Thread(target=lambda: asyncio.run(run()))
    sending.start()
    try:
        yield
    finally:
        over.set()
        sending.join()


def _until(done: Callable[[], bool], every: float = 0.5) -> bool:
    limit = time.monotonic() + PATIENCE_S
    while not (over := done()) and time.monotonic() < limit:
        time.sleep(every)
    return over


def bulkhead(receiver: str, events: int, rate: float) -> None:
    """Say so many events a second to receivers of which some fail and one hangs; then heal those and replay."""
    paths = [f"/ok/{n}" for n in range(HEALTHY)] + [f"/bad/{n}" for n in range(FAILING)]
    _endpoints(receiver, paths + [f"/hang/{n}" for n in range(HANGING)])
    opened = timezone.now()
    sick = WebhookEndpoint.objects.exclude(url__contains="/ok/")
    waiting = WebhookDelivery.objects.filter(state="waiting")
    with _sending():
        began = time.perf_counter()
        for start in range(0, events, BATCH):
            time.sleep(max(0.0, began + start / rate - time.perf_counter()))
            _say(start, start + BATCH)
        delivered = WebhookDelivery.objects.filter(state="delivered", endpoint__url__contains="/ok/")
        _until(lambda: delivered.count() >= HEALTHY * events)
        print("healthy", delivered.count(), "of", HEALTHY * events)
        urllib.request.urlopen(f"{receiver}/heal", data=b"").close()
        for endpoint in sick:
            job = webhook_replay.start_replay(endpoint=endpoint, since=opened, by=SYSTEM, now=timezone.now())
            webhook_replay.run_replay(job_id=Job.objects.get(pk=job.pk).public_id, clock=timezone.now)
        _until(lambda: not waiting.exists())
        recovered = WebhookDelivery.objects.filter(state="delivered", endpoint__in=sick).count()
        print("recovered", recovered, "of", (FAILING + HANGING) * events)


if __name__ == "__main__":
    _, what, address, number, more = sys.argv
    {"fan_out": fan_out, "bulkhead": bulkhead}[what](address, int(number), float(more))
