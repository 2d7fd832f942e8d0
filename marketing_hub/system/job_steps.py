"""Steps about a job: pause, resume, stop, try again; each stands in the audit trail."""

from datetime import datetime
from typing import ClassVar

from django.db import transaction

from core import audit
from core.actors import Actor
from core.console.forms import NoteForm
from core.console.views import ActionPage
from core.jobs import ask_job
from core.models import Job
from marketing_hub.system.jobs import OWN, find_job, job_url

DONE = {"pause": "job.paused", "resume": "job.resumed", "stop": "job.stopped", "retry": "job.retried"}


@transaction.atomic
def steer_job(*, job: Job, wish: str, by: Actor, now: datetime) -> Job:
    """The wish stands on the job and in the audit trail; refuses what the job's state does not allow."""
    before = job.state
    job = ask_job(job=job, wish=wish, now=now)
    changes = {"state": [before, job.state]} if before != job.state else {}
    audit.record(by=by, action=DONE[wish], target=job.public_id, changes=changes)
    return job


class JobStep(ActionPage, abstract=True):
    """A step about one job; afterwards the job is shown."""

    permission = OWN
    wish: ClassVar[str]
    asks: ClassVar[str]

    def job(self) -> Job:
        """The job of this address, if this reader may see it."""
        return find_job(public_id=self.kwargs["public_id"], reader=self.reader, by=self.actor)

    def question(self) -> str:
        """What will happen."""
        return self.asks.format(title=self.job().title)

    def save(self, form: NoteForm) -> Job:
        """Ask."""
        return steer_job(job=self.job(), wish=self.wish, by=self.actor, now=self.now)

    def success_url(self, result: Job) -> str:
        """Back to the job."""
        return job_url(result)

    def cancel_url(self) -> str:
        """Back to the job."""
        return job_url(self.job())


class PauseJob(JobStep):
    """Halt it between two batches."""

    name, title, wish, submit_label = "job-pause", "Pause the job", "pause", "Pause"
    asks = "“{title}” stops after the batch it is working on and can be resumed from there."
    success = "The job pauses after its present batch."


class ResumeJob(JobStep):
    """Go on where it paused."""

    name, title, wish, submit_label = "job-resume", "Resume the job", "resume", "Resume"
    asks = "“{title}” goes on from where it paused."
    success = "The job is in the queue again."


class RetryJob(JobStep):
    """Another try after a failure."""

    name, title, wish, submit_label = "job-retry", "Try again", "retry", "Try again"
    asks = "“{title}” is put in the queue again. What it has already done is not done twice."
    success = "The job is in the queue again."


class StopJob(JobStep):
    """End it for good."""

    name, title, wish, submit_label, danger = "job-stop", "Stop the job", "stop", "Stop", True
    asks = "“{title}” ends after the batch it is working on and cannot be resumed. What it has done so far stays."
    success = "The job stops."
