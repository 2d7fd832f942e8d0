"""Sending: messages a second of a campaign beside bare `smtplib` loops to the same mail server."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from bench.report import Contender, rounds_of, table
from bench.stage import ROOT, Stage
from marketing_hub.processes import free_port

GOAL: Final = 0.7
WORKERS: Final = (1, 4)


def run(stage: Stage, rounds: int) -> str:
    """A table of messages a second for each number of workers, with the goal."""
    tables = []
    with _mailbox() as port:
        for workers in WORKERS:
            ours, loop = f"campaign, workers: {workers}", f"bare smtplib loops: {workers}"
            contenders = [
                Contender(ours, partial(_inside, stage, "campaign", workers, port)),
                Contender(loop, partial(_inside, stage, "bare", workers, port)),
            ]
            lines = rounds_of(contenders, "messages/s", rounds)
            tables.append(table(f"Sending, workers: {workers}", lines, [(ours, loop, GOAL)]))
    return "\n\n".join(tables)


@contextmanager
def _mailbox() -> Iterator[int]:
    """The port of a mail server that takes everything."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.mailbox", str(port)], cwd=ROOT)
    try:
        _until_up(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


def _until_up(port: int) -> None:
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the mail server did not start")


def _inside(stage: Stage, what: str, workers: int, port: int) -> tuple[float, float]:
    """What the product printed, which runs in processes of its own."""
    environment = stage.environment() | {
        "DJANGO_SETTINGS_MODULE": "marketing_hub.settings",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(port),
        "EMAIL_USE_TLS": "false",
    }
    words = [sys.executable, "-m", "bench.inside.sending", what, str(workers)]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"sending: {done.stderr[-3000:]}")
    return float(done.stdout.split()[-1]), 0.0
