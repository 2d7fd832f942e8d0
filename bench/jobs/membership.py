"""Segments that follow: database time for each customer touched, and how long after its event somebody is in."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bench.jobs.segments import fill
from bench.stage import ROOT, Stage


def run(stage: Stage, rounds: int) -> str:
    """Two tables: steps of the follower in this process, then single events with worker and timetable running."""
    with psycopg.connect(stage.hub_url, autocommit=True) as connection:
        fill(connection, stage)
    environment = os.environ | stage.environment() | {"DJANGO_SETTINGS_MODULE": "marketing_hub.settings"}
    words = [sys.executable, "-m", "bench.inside.membership"]
    steps = output([*words, "steps", str(rounds)], environment)
    with at_work(environment):
        latency = output([*words, "latency", str(rounds)], environment)
    return f"{stage.customers:,} customers, {stage.events:,} events\n\n{steps}\n{latency}"


@contextmanager
def at_work(environment: dict[str, str]) -> Iterator[None]:
    """Worker and timetable run meanwhile."""
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "marketing_hub.run", name],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name in ("worker", "beat")
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
            process.wait(timeout=30)


def output(command: list[str], environment: dict[str, str]) -> str:
    """What a program printed; RuntimeError with the end of its complaints when it failed."""
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[-2]}: {done.stderr[-3000:]}")
    return done.stdout
