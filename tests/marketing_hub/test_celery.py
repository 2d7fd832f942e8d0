"""What was stored stays stored when the broker is away."""

import logging

from celery import Celery

from marketing_hub.celery import SentAfterCommit, app


def test_apply_async__nobody_listens_at_the_broker__is_on_record_and_raises_nothing(caplog):
    away = Celery("away", task_cls=SentAfterCommit, set_as_current=False)
    away.conf.broker_url = away.conf.broker_write_url = "redis://127.0.0.1:1/0"

    @away.task(name="away.task")
    def task():
        return None

    with caplog.at_level(logging.ERROR):
        handle = task.apply_async()

    assert handle is None
    assert "task_not_sent" in caplog.text
    assert "away.task" in caplog.text


def test_tasks__all__survive_a_broker_that_is_away():
    own = [task for name, task in app.tasks.items() if not name.startswith("celery.")]

    assert own
    assert [task.name for task in own if not isinstance(task, SentAfterCommit)] == []
