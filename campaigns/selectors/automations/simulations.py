"""What a simulation of an automation has found."""

from collections.abc import Mapping
from typing import Any, Final

from campaigns.models import Automation
from core.models import Job

JOB_KIND: Final = "automations.simulation"


def last_simulation(automation: Automation) -> Job | None:
    """The simulation that was started last."""
    rows = Job.objects.filter(kind=JOB_KIND, parameters__automation=automation.public_id)
    return rows.order_by("-created_at", "-id").first()


def simulation_answer(job: Job) -> Mapping[str, Any]:
    """State and progress, and what was found once it is done."""
    return {
        "job": job.public_id,
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "error": job.error,
        "result": job.result or None,
    }
