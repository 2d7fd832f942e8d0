"""Automations: steps a second against the plain way, and how long after its event a step is done."""

import os
import sys

import psycopg

from bench.jobs.membership import at_work, output
from bench.stage import Stage


def run(stage: Stage, rounds: int) -> str:
    """Two figures: the engine in this process, then single events with worker and timetable running."""
    with psycopg.connect(stage.hub_url, autocommit=True) as connection:
        connection.execute("SELECT engagement_ensure_partition(current_date)")
    environment = os.environ | stage.environment() | {"DJANGO_SETTINGS_MODULE": "marketing_hub.settings"}
    words = [sys.executable, "-m", "bench.inside.automations"]
    steps = output([*words, "steps", str(rounds)], environment)
    with at_work(environment):
        latency = output([*words, "latency", str(rounds)], environment)
    return f"{stage.customers:,} customers\n\n{steps}\n{latency}"
