"""The Celery application: tasks, queues, timetable, and the heartbeat that tells people a worker is there."""

from typing import Any

import structlog
from celery import Celery, Task, bootsteps
from django.conf import settings
from django.core.cache import cache
from kombu.exceptions import OperationalError

from core.meter import HEARTBEAT_KEY

HEARTBEAT_EVERY_S = 5

log = structlog.get_logger("celery")


class SentAfterCommit(Task[..., Any]):
    """A task whose sender has committed already: a broker that is away must not turn what was stored into an error.

    The message is then lost, on the record. Whatever has to happen stands in a row that the timetable finds again.
    """

    abstract = True

    def apply_async(self, *args: Any, **options: Any) -> Any:
        """The message's handle; None, and an error in the log, when the broker cannot be reached."""
        try:
            return super().apply_async(*args, **options)
        except OperationalError:
            log.exception("task_not_sent", task=self.name)
            return None


app = Celery("marketing_hub", task_cls=SentAfterCommit)
app.config_from_object("django.conf:settings", namespace="CELERY")


class Heartbeat(bootsteps.StartStopStep):
    """Writes a sign of life from the timer of a worker that takes everything, however long its tasks run."""

    requires = ("celery.worker.components:Timer",)

    def include_if(self, worker: Any) -> bool:
        """Whether somebody would miss this worker: one that only follows does not stand for the others."""
        return app.conf.task_default_queue in worker.app.amqp.queues.consume_from

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
