"""The real product beside a test: web server, worker, timetable and a Redis of their own, to be called and killed."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

from marketing_hub import embedded, env, run, welcome
from marketing_hub.home import throwaway
from marketing_hub.processes import Child, Program, free_port
from tests.support import template

READY_LIMIT = 120.0


class Stack:
    """All processes of the product on a database of their own; `with Stack() as stack:` calls them at `stack.base_url`.

    The worker follows too, so the follower waits for `start("follower")`; courier, second courier, stream and sinks
    likewise.

    The database stands on the PostgreSQL of the test run, Redis is the stack's own and keeps every write in a file, so
    both survive what a test kills. `settings` are environment variables for all processes. Nothing is left at the end.
    """

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.stream_port = free_port()
        self.stream_url = f"http://127.0.0.1:{self.stream_port}"
        self.database = f"stack_{secrets.token_hex(6)}"
        self.environment: dict[str, str] = {}
        self._settings = dict(settings or {})
        self._held = ExitStack()
        self._children: dict[str, Child] = {}

    def __enter__(self) -> Self:
        with self._held:
            self._begin()
            self._held = self._held.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def start(self, *names: str) -> None:
        """Start the named processes (redis, web, worker, beat) and return when each does its work."""
        for name in names:
            self._children[name].start()
        for name in names:
            self._children[name].wait_ready(READY_LIMIT)

    def stop(self, name: str) -> None:
        """End a process in order, as a deployment does: it finishes what it has begun."""
        self._children[name].stop()

    def kill_web_worker(self) -> None:
        """End one of the web server's worker processes with SIGKILL; the server starts another by itself."""
        os.kill(_children_of(self._pid("web"))[-1], signal.SIGKILL)

    def kill_web(self) -> None:
        """End the whole web server with SIGKILL; `start("web")` brings it back."""
        self._children["web"].kill()

    def kill_worker(self) -> None:
        """End the Celery worker and its processes with SIGKILL; `start("worker")` brings it back."""
        self._children["worker"].kill()

    def kill_follower(self) -> None:
        """End the follower with SIGKILL; `start("follower")` brings it back."""
        self._children["follower"].kill()

    def kill_courier(self, name: str = "courier") -> None:
        """End a sender of webhooks with SIGKILL; `start(name)` brings it back."""
        self._children[name].kill()

    def kill_stream(self) -> None:
        """End the process that serves streams with SIGKILL; `start("stream")` brings it back."""
        self._children["stream"].kill()

    def kill_sinks(self) -> None:
        """End the process that writes into brokers with SIGKILL; `start("sinks")` brings it back."""
        self._children["sinks"].kill()

    def kill_redis(self) -> None:
        """End Redis with SIGKILL; `start("redis")` brings it back with what it had written."""
        self._children["redis"].kill()

    def ready(self) -> bool:
        """Answer whether GET /readyz gives 200."""
        return welcome.answers(f"{self.base_url}/readyz")

    def manage(self, *words: str, stdin: str = "") -> str:
        """Run a command of manage.py against the stack; answer what it printed, or fail with what it complained of."""
        outcome = subprocess.run(
            [sys.executable, "manage.py", *words],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=env.BASE_DIR,
            env=self.environment,
            check=False,
        )
        assert outcome.returncode == 0, f"manage.py {' '.join(words)}:\n{outcome.stdout}{outcome.stderr}"
        return outcome.stdout

    def connect(self) -> "psycopg.Connection[Any]":
        """Answer a connection of one's own to the stack's database, committing each statement."""
        return template.connect(self.database)

    def log(self, name: str) -> str:
        """Answer what a process has written."""
        return self._children[name].log.read_text(errors="replace")

    def _begin(self) -> None:
        home = replace(self._held.enter_context(throwaway()), durable=True)
        with template.connect(_entry()["NAME"]) as connection:
            names = (sql.Identifier(self.database), sql.Identifier(template.migrated()))
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        self._held.callback(self._drop_database)
        state = home.data / "state"
        state.mkdir(mode=0o700)
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "marketing_hub.settings",
            "DATABASE_URL": template.address(self.database),
            "REDIS_URL": home.redis_url(),
            "CELERY_BROKER_URL": home.broker_url(),
            "HUB_DATA_DIR": str(state),
            "PORT": str(self.port),
            "STREAM_PORT": str(self.stream_port),
            **self._settings,
        }
        programs = {"web": run.web(), "worker": run.worker(), "follower": run.follower(), "beat": run.beat()}
        programs |= {
            "courier": run.courier(),
            "second courier": run.courier(),
            "stream": run.stream(),
            "sinks": run.sinks(),
        }
        ready = {"web": self.ready, "stream": lambda: welcome.answers(f"{self.stream_url}/healthz")}
        self._add(embedded.redis_server(home), home.logs)
        for name, command in programs.items():
            program = Program(name, self._placed(name, command, state), environment=self.environment)
            self._add(replace(program, ready=ready[name]) if name in ready else program, home.logs)
        (state / "static").symlink_to(template.static_files())
        self.start("redis")
        self.start("worker", "beat", "web")

    def _add(self, program: Program, logs: Path) -> None:
        child = Child(program, logs / f"{program.name}.log")
        self._children[program.name] = child
        self._held.callback(child.kill)

    def _placed(self, name: str, command: tuple[str, ...], state: Path) -> tuple[str, ...]:
        """Put this stack's port and folder into a command that was made for the environment of the test run."""
        words = list(command)
        port = str(self.stream_port if name == "stream" else self.port)
        for option, value in {"--port": port, "--schedule": str(state / "celerybeat-schedule")}.items():
            if option in words:
                words[words.index(option) + 1] = value
        return tuple(words)

    def _pid(self, name: str) -> int:
        process = self._children[name].process
        assert process is not None, f"{name} was not started"
        return process.pid

    def _drop_database(self) -> None:
        with template.connect(_entry()["NAME"]) as connection:
            embedded.drop_database(connection, self.database)


def _entry() -> dict[str, Any]:
    return env.database_url("DATABASE_URL")


def _children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
