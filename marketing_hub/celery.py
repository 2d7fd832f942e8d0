"""The Celery application: tasks, queues, timetable, and the heartbeat that tells people a worker is there."""

from typing import Any

from celery import Celery, bootsteps
from django.conf import settings
from django.core.cache import cache

from core.meter import HEARTBEAT_KEY

HEARTBEAT_EVERY_S = 5

app = Celery("marketing_hub")
app.config_from_object("django.conf:settings", namespace="CELERY")


class Heartbeat(bootsteps.StartStopStep):
    """Writes a sign of life from the worker's own timer, however long its tasks run."""

    requires = ("celery.worker.components:Timer",)

    def start(self, worker: Any) -> None:
        """Begin to beat."""
        self._timer = worker.timer.call_repeatedly(HEARTBEAT_EVERY_S, self._beat, priority=10)
        self._beat()

    def stop(self, worker: Any) -> None:
        """Cease to beat."""
        self._timer.cancel()

    def _beat(self) -> None:
        cache.set(HEARTBEAT_KEY, "1", timeout=settings.WORKER_HEARTBEAT_TTL_S)


app.steps["worker"].add(Heartbeat)
