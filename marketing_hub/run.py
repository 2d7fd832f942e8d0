"""`make run`: every process of the product on one machine, started in order, watched, and ended together.

`python -m marketing_hub.run` starts everything; with `web`, `stream`, `worker`, `follower`, `courier`, `sinks` or
`beat` it becomes that one process, as in production; `reset` deletes the data of the embedded servers after asking.
"""

import hashlib
import importlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import psycopg
import redis

from marketing_hub import addresses, embedded, env, welcome
from marketing_hub.home import Home, locate, lock, make_folder
from marketing_hub.processes import Program, StartError, refusing, require_free_port
from marketing_hub.supervisor import Supervisor
from marketing_hub.timetable import FOLLOWERS

_SECRETS: Final = ("SECRET_KEY", "HUB_MASTER_KEY")
_ADDRESSES: Final = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")
_DATA: Final = ("postgresql", "postgresql.new", "redis", "sockets", "programs")
_STATE: Final = ("log", "metrics", "static", "imports", "development.env", "celerybeat-schedule*", "demo-*.json")
_READY_LIMIT: Final = 60.0


def web() -> tuple[str, ...]:
    """Answer the command of the web server: granian, with WEB_WORKERS processes of WEB_THREADS threads."""
    return (
        *(sys.executable, "-m", "granian", "marketing_hub.web:server", "--interface", "wsgi", "--no-ws"),
        *("--host", addresses.listening_on(), "--port", str(addresses.port())),
        *("--workers", "1" if env.flag("SANDBOX", False) else str(env.number("WEB_WORKERS", 2, 1, 64))),
        *("--blocking-threads", str(env.number("WEB_THREADS", 16, 1, 64))),
        *("--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10"),
        *("--log-level", "warning"),
    )


def stream() -> tuple[str, ...]:
    """Answer the command of the process that holds streams open: one loop, thousands of listeners."""
    return (
        *(sys.executable, "-m", "granian", "marketing_hub.asgi:application", "--interface", "asgi", "--ws"),
        *("--host", addresses.listening_on(), "--port", str(addresses.stream_port()), "--workers", "1"),
        *("--loop", "asyncio", "--backlog", "4096", "--backpressure", "20000"),
        *("--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "10"),
        *("--log-level", "warning"),
    )


def worker() -> tuple[str, ...]:
    """Answer the command of the Celery worker for everything, with WORKER_PROCESSES processes."""
    return _celery("worker", env.number("WORKER_PROCESSES", 2, 1, 64), "celery", FOLLOWERS)


def follower() -> tuple[str, ...]:
    """Answer the command of a worker that does nothing but follow, and so is never busy with anything long."""
    return _celery("follower", 1, FOLLOWERS)


def _celery(name: str, processes: int, *queues: str) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "celery", "-A", "marketing_hub.celery", "worker", "--concurrency", str(processes)),
        *("--queues", ",".join(queues), "--hostname", f"{name}@%h"),
        *("--loglevel", "INFO", "--without-gossip", "--without-mingle"),
    )


def courier() -> tuple[str, ...]:
    """Answer the command of a process that sends webhooks; several share the endpoints among them."""
    return (sys.executable, str(env.BASE_DIR / "manage.py"), "courier")


def sinks() -> tuple[str, ...]:
    """Answer the command of the process that writes into brokers; a second one waits until the first is gone."""
    return (sys.executable, str(env.BASE_DIR / "manage.py"), "sinks")


def sandbox() -> tuple[str, ...]:
    """Answer the command of the sandbox, which makes itself ready and then answers test credentials."""
    return (sys.executable, "-m", "marketing_hub.sandbox.serve")


def beat() -> tuple[str, ...]:
    """Answer the command of Celery's timetable; exactly one may run in an installation."""
    return (
        *(sys.executable, "-m", "celery", "-A", "marketing_hub.celery", "beat", "--loglevel", "WARNING"),
        *("--schedule", str(env.data_dir() / "celerybeat-schedule"), "--pidfile="),
    )


@dataclass(frozen=True)
class _Plan:
    """What is to be started; every variable in it has been read, so nothing starts that would have to end again."""

    base_url: str
    given: Mapping[str, str]
    processes: tuple[Program, ...]
    demo: bool
    sandbox: bool


def run() -> int:
    """Start everything, say where it is, and return 0 once a signal has ended it all."""
    if env.text("HUB_ENV", "development") == "production":
        raise env.ConfigError("HUB_ENV must not be production here; README says how each process is started there.")
    if not os.environ.get("PORT", "").strip():
        os.environ["PORT"] = "8000"  # not the port of the last start, which development.env remembers
    plan = _plan()
    make_folder(env.data_dir())
    with ExitStack() as stack:
        stack.enter_context(lock(env.data_dir()))
        home = None if plan.given.keys() >= {"DATABASE_URL", "REDIS_URL"} else locate()
        _prepare_environment(plan.given, home)
        importlib.import_module("marketing_hub.settings")
        supervisor = Supervisor(env.data_dir() / "log", say)
        supervisor.heed_signals()
        stack.callback(supervisor.stop)
        try:
            _start(supervisor, plan, home)
            supervisor.watch()
        except KeyboardInterrupt:
            say("stopping")
    return 0


def reset(words: list[str]) -> int:
    """Delete what `make run` keeps on this machine, once the person has typed yes; 0 when it is gone."""
    home = locate()
    with lock(env.data_dir()):
        if embedded.running(home):
            raise StartError("The servers run; end them with `python -m marketing_hub.embedded stop` first.")
        found = [path for name in _DATA for path in home.data.glob(name)]
        found += [path for name in _STATE for path in env.data_dir().glob(name)]
        say(f"To be deleted: {', '.join(str(path) for path in found) or 'nothing'}")
        if (
            found
            and "--yes" not in words
            and input("All customers, events and settings in them are lost. Type yes: ") != "yes"
        ):
            say("Nothing was deleted.")
            return 1
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return 0


def become(command: tuple[str, ...]) -> int:
    """Check the settings, then turn this process into the command; ConfigError when they cannot work."""
    importlib.import_module("marketing_hub.settings")
    os.execv(command[0], command)


def say(line: str) -> None:
    """Tell the person at the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _plan() -> _Plan:
    host, port = addresses.listening_on(), addresses.port()
    require_free_port(host, port)
    require_free_port(host, addresses.stream_port(), "STREAM_PORT")
    base_url = f"http://{addresses.own_host()}:{port}"
    stream_url = f"http://{addresses.own_host()}:{addresses.stream_port()}"
    processes = (
        Program("web", web(), ready=lambda: welcome.answers(f"{base_url}/readyz"), patience=15),
        Program("stream", stream(), ready=lambda: welcome.answers(f"{stream_url}/healthz"), patience=15),
        Program("worker", worker(), patience=20),
        Program("follower", follower(), patience=20),
        Program("courier", courier(), patience=20),
        Program("sinks", sinks(), patience=20),
        Program("beat", beat()),
    )
    with_sandbox = env.flag("WITH_SANDBOX", True)
    if with_sandbox:
        require_free_port(host, addresses.sandbox_port(), "SANDBOX_PORT")
        os.environ["SANDBOX_URL"] = f"http://{addresses.own_host()}:{addresses.sandbox_port()}"
    given = {name: os.environ[name] for name in _ADDRESSES if os.environ.get(name, "").strip()}
    return _Plan(base_url, given, processes, demo=env.flag("DEMO", True), sandbox=with_sandbox)


def _start(supervisor: Supervisor, plan: _Plan, home: Home | None) -> None:
    began = time.monotonic()
    if home:
        say(f"starting the servers that are not given (data in {home.data}, logs in {supervisor.logs})")
        servers = [] if "DATABASE_URL" in plan.given else [embedded.postgres(home)]
        servers += [] if "REDIS_URL" in plan.given else [embedded.redis_server(home)]
        supervisor.start(servers, _READY_LIMIT)
        if "DATABASE_URL" not in plan.given:
            embedded.prepare_database(home)
    _require_servers()
    shutil.rmtree(env.data_dir() / "metrics", ignore_errors=True)
    say("bringing tables and static files up to date")
    _bring_up_to_date(supervisor)
    say("starting web server, workers and timetable")
    supervisor.start(plan.processes, _READY_LIMIT)
    if plan.demo and not welcome.demo_file().exists():
        say("loading the demo, this once")
        supervisor.finish([_manage("demo", "load", "--base-url", plan.base_url, talks=True)])
    if plan.sandbox:
        supervisor.start([Program("sandbox", sandbox(), patience=15)], _READY_LIMIT)
        say(f"sandbox  {os.environ['SANDBOX_URL']}/console/ (login in {env.data_dir() / 'sandbox' / 'login.txt'})")
    say(welcome.text(plan.base_url, seconds=time.monotonic() - began))


def _bring_up_to_date(supervisor: Supervisor) -> None:
    """Afterwards the tables match the code, and the static files are gathered when any of them has changed."""
    files = sorted(path for path in (env.BASE_DIR / "static").rglob("*") if path.is_file())
    changes = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    packages = (env.BASE_DIR / "requirements.txt").read_text()
    wanted = hashlib.sha256("\n".join([packages, *changes]).encode()).hexdigest()
    stamp = env.data_dir() / "static" / ".gathered"
    current = stamp.is_file() and stamp.read_text() == wanted
    gather = [] if current else [_manage("collectstatic", "--no-input", "--verbosity", "0")]
    supervisor.finish([_manage("migrate", "--no-input"), *gather])
    stamp.write_text(wanted)


def _manage(command: str, *words: str, talks: bool = False) -> Program:
    return Program(command, (sys.executable, str(env.BASE_DIR / "manage.py"), command, *words), talks=talks)


def _prepare_environment(given: Mapping[str, str], home: Home | None) -> None:
    """Afterwards the environment of every child, and development.env for later commands, hold secrets and addresses."""
    path = env.data_dir() / "development.env"
    known = env.read_file(path)
    values = {name: os.environ.get(name) or known.get(name) or secrets.token_urlsafe(48) for name in _SECRETS}
    if home:
        values |= {"DATABASE_URL": home.database_url(), "REDIS_URL": home.redis_url()}
        values["CELERY_BROKER_URL"] = home.broker_url()
    values |= given
    if "REDIS_URL" in given and "CELERY_BROKER_URL" not in given:
        values["CELERY_BROKER_URL"] = given["REDIS_URL"]
    values["PORT"] = str(env.number("PORT", 8000))
    os.environ |= values | {"DJANGO_SETTINGS_MODULE": "marketing_hub.settings", "PYTHONUNBUFFERED": "1"}
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
    fresh.replace(path)


def _require_servers() -> None:
    """Return when PostgreSQL and Redis answer; StartError, naming the variable, when one does not."""
    entry = env.database_url("DATABASE_URL")
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    words = {word: entry[name] for word, name in names.items() if entry[name]}
    try:
        psycopg.connect(**words, **entry["OPTIONS"], connect_timeout=5).close()
    except psycopg.OperationalError as error:
        raise StartError(f"DATABASE_URL must name a PostgreSQL that answers: {str(error).strip()}") from None
    try:
        redis.Redis.from_url(env.text("REDIS_URL"), socket_connect_timeout=5).ping()
    except redis.RedisError as error:
        raise StartError(f"REDIS_URL must name a Redis that answers: {error}") from None


def main(words: list[str]) -> int:
    """Do what the words ask; answer the exit status."""
    commands = {"web": web, "stream": stream, "worker": worker, "follower": follower}
    commands |= {"courier": courier, "sinks": sinks, "beat": beat, "sandbox": sandbox}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketing_hub.settings")
    if not words:
        return run()
    if words[0] == "reset":
        return reset(words)
    if words[0] in commands and words[0] != "web" and env.flag("SANDBOX", False):
        raise env.ConfigError("A sandbox has a web server and nothing else: its tasks run at once, its mail stays.")
    if words[0] in commands:
        return become(commands[words[0]]())
    sys.stderr.write(f"usage: python -m marketing_hub.run [{' | '.join(commands)} | reset [--yes]]\n")
    return 2


if __name__ == "__main__":
    with env.refusing(), refusing():
        raise SystemExit(main(sys.argv[1:]))
