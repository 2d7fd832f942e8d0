"""Work on a job that ends with an answer, or with a sentence that says why there is none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count

from django.db import DatabaseError

from core import jobs
from core.errors import DomainError
from core.models import Job


class _Stopped(Exception):
    """Whoever asked does not want to know any more."""


@contextmanager
def answering(*, job: Job, clock: Callable[[], datetime]) -> Iterator[Callable[[], None]]:
    """Around the work, which finishes the job itself, and calls what it is given after each step.

    A refusal ends the job with its sentence; an error of the database ends it too and goes on to the worker. When the
    job was stopped or paused meanwhile, the rest of the work is not done.
    """
    steps = count(1)

    def further() -> None:
        if not jobs.advance_job(job=job, done=next(steps), now=clock()):
            raise _Stopped

    try:
        yield further
    except _Stopped:
        return
    except DomainError as refusal:
        jobs.fail_job(job=job, error=refusal.message, now=clock())
    except DatabaseError as error:
        jobs.fail_job(job=job, error=f"The database refused the reading ({type(error).__name__}).", now=clock())
        raise
