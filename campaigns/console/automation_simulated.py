"""What the last simulation of an automation has found, on its page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from campaigns.models import Automation
from campaigns.rules.automations.words import ENDINGS, OUTCOMES, SIMULATED, lines
from campaigns.rules.deliveries import reason_words
from campaigns.selectors.automations.listing import shown_version
from campaigns.selectors.automations.simulations import last_simulation
from core.models.jobs import OPEN_STATES


def simulation(request: HttpRequest, automation: Automation) -> Mapping[str, Any]:
    """State of the job, and its figures in words once it is done."""
    job = last_simulation(automation)
    if job is None:
        return {"job": None}
    shown = {"job": job, "going": job.state in OPEN_STATES, "version": job.parameters["version"]}
    return shown | (_found(automation, job.result) if job.result else {})


def _found(automation: Automation, result: Mapping[str, Any]) -> dict[str, Any]:
    graph = shown_version(automation, result["version"]).graph
    steps = [
        {"title": f"{line.number}. {line.title}", **_step(result["steps"][line.key])}
        for line in lines(graph)
        if line.key in result["steps"]
    ]
    return {
        "found": result,
        "steps": steps,
        "since": datetime.fromisoformat(result["since"]),
        "until": datetime.fromisoformat(result["until"]),
        "refused": [(reason_words(code), times) for code, times in result["refused"].items()],
        "kept_out": [(SIMULATED[code], times) for code, times in result["kept_out"].items()],
        "ends": [(SIMULATED.get(code) or ENDINGS[code], times) for code, times in result["ends"].items()],
    }


def _step(went: Mapping[str, int]) -> dict[str, Any]:
    ways = [(_words(outcome), times) for outcome, times in went.items() if outcome != "reached"]
    return {"reached": went.get("reached", 0), "went": ways}


def _words(outcome: str) -> str:
    return SIMULATED.get(outcome) or OUTCOMES.get(outcome, outcome)
