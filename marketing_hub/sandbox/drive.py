"""What goes on by itself in a sandbox: the timetable, deliveries that are kept, and a reset when one was asked for.

One thread of its web server does it all, one thing after the other, so that a reset finds nobody at work but requests.
"""

import asyncio
import shutil
import threading
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import structlog
from celery import current_app
from celery.schedules import crontab
from django.conf import settings
from django.db import Error, connection, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from core import audit, jobs
from core.actors import Actor
from core.meter import shared_redis
from core.models import Job
from integrations.selectors.webhooks import seconds_waiting
from integrations.services.courier import Courier
from integrations.services.webhook_planning import seconds_behind
from marketing_hub.sandbox import clock
from marketing_hub.sandbox.databases import reset

EVERY_S: Final = 5.0
KIND: Final = "sandbox.reset"
log = structlog.get_logger("sandbox")


def is_due(*, schedule: Any, last: datetime | None, now: datetime) -> bool:
    """Whether a line of the timetable is to be run: seconds since its last run, or another day for a time of day."""
    if last is None:
        return not isinstance(schedule, crontab)
    if isinstance(schedule, crontab):
        return now.date() > last.date()
    return (now - last).total_seconds() >= float(schedule)


class Driver:
    """Runs what is due, every EVERY_S and whenever it is woken."""

    def __init__(self) -> None:
        self._lock, self._news = threading.RLock(), threading.Event()
        self._last: dict[str, datetime] = {}
        self._asked: list[tuple[str, Actor]] = []

    def start(self) -> None:
        """Go on in a thread until the process ends."""
        threading.Thread(target=self._go_on, name="sandbox", daemon=True).start()

    def turn(self) -> list[str]:
        """Everything that is due at the time of the sandbox is done; the names of tasks that failed."""
        with self._lock:
            clock.read()
            failed = [name for name in settings.CELERY_BEAT_SCHEDULE if not self._ran(name)]
            if seconds_behind(now=timezone.now()) or seconds_waiting(now=timezone.now()):
                asyncio.run(Courier(clock=timezone.now).run_until_empty())
        return failed

    def ask_reset(self, *, by: Actor, now: datetime) -> Job:
        """A job that brings the sandbox back to its mock data once the caller's transaction is over."""
        task = "marketing_hub.tasks.reset_sandbox"
        job = jobs.start_job(
            kind=KIND, title="Reset of the sandbox", task=task, parameters={}, by=by, now=now, run_here=True
        )
        transaction.on_commit(lambda: self._ask(job.public_id, by))
        return job

    def wake(self) -> None:
        """Do what is due as soon as the caller's transaction is over, not only after EVERY_S."""
        transaction.on_commit(self._news.set)

    def _ask(self, job_id: str, by: Actor) -> None:
        self._asked.append((job_id, by))
        self._news.set()

    def _ran(self, name: str) -> bool:
        entry, now = settings.CELERY_BEAT_SCHEDULE[name], timezone.now()
        if not is_due(schedule=entry["schedule"], last=self._last.get(name), now=now):
            self._last.setdefault(name, now)
            return True
        self._last[name] = now
        done = current_app.tasks[entry["task"]].apply(kwargs=entry.get("kwargs", {}))
        if done.failed():
            log.error("sandbox_task_failed", task=entry["task"], error=type(done.result).__name__)
        return not done.failed()

    def _go_on(self) -> None:
        while True:
            self._news.wait(EVERY_S)
            self._news.clear()
            try:
                while self._asked:
                    job_id, by = self._asked.pop(0)
                    self.reset_now(job_id=job_id, by=by)
                self.turn()
            except (Error, RedisError) as trouble:
                log.warning("sandbox_without_its_servers", error=type(trouble).__name__)
            finally:
                connection.close()

    def reset_now(self, *, job_id: str, by: Actor) -> None:
        """The sandbox begins anew and knows of the job that did it."""
        with self._lock:
            job = jobs.claim_job(job_id=job_id, now=timezone.now())
            if job is None:
                return
            reset()
            forget_outside()
            self._last.clear()
            clock.read()
            job.pk = None
            job.save(force_insert=True)
            jobs.finish_job(job=job, result={}, now=timezone.now())
            audit.record(by=by, action="sandbox.reset", target=job.public_id)


def forget_outside() -> None:
    """What the sandbox keeps outside its database is gone: kept messages, counters, cached answers."""
    for folder in (settings.EMAIL_FILE_PATH, settings.WEBHOOK_KEPT_PATH):
        if folder and Path(folder).is_dir():
            shutil.rmtree(folder)
    redis = shared_redis()
    for name in redis.scan_iter(match=f"{settings.REDIS_PREFIX}:*", count=1_000):
        redis.delete(name)


def begin() -> None:
    """This process lives in the time of the sandbox, and drives it."""
    clock.install()
    driver().start()


@cache
def driver() -> Driver:
    """The one of this process."""
    return Driver()
