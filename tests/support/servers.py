"""One throwaway PostgreSQL and Redis for a whole test run, shared by its workers, gone with it however it ends."""

import atexit
import os
from contextlib import ExitStack
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from marketing_hub import embedded
from marketing_hub.home import throwaway
from tests.support import template

_MARK = "HUB_TEST_FOLDER"


def provide() -> None:
    """Afterwards the environment names servers for tests: those given by DATABASE_URL and REDIS_URL, else our own.

    The first process of a run starts them, before the parallel workers exist; these inherit the addresses, and each
    takes a Redis database of its own (every test begins by emptying it) beside its own PostgreSQL database.
    """
    if _MARK not in os.environ:
        _start()
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    os.environ["REDIS_URL"] = redis_database(os.environ["REDIS_URL"], int(worker) + 1)


def redis_database(url: str, number: int) -> str:
    """Answer the address of another database of the same Redis."""
    if url.startswith("unix://"):
        address, _, query = url.partition("?")
        return f"{address}?{urlencode(dict(parse_qsl(query)) | {'db': number})}"
    return urlunsplit(urlsplit(url)._replace(path=f"/{number}"))


def _start() -> None:
    held = ExitStack()
    home = held.enter_context(throwaway())
    programs = []
    if not os.environ.get("DATABASE_URL", "").strip():
        os.environ["DATABASE_URL"] = home.database_url()
        programs.append(embedded.postgres(home))
    if not os.environ.get("REDIS_URL", "").strip():
        os.environ["REDIS_URL"] = home.redis_url()
        programs.append(embedded.redis_server(home))
    for child in embedded.start(home, programs):
        held.callback(child.kill)
    if any(program.name == "postgresql" for program in programs):
        embedded.prepare_database(home)
    template.begin()
    held.callback(template.drop)
    os.environ.setdefault("CELERY_BROKER_URL", "memory://")
    state = home.data / "state"
    state.mkdir(mode=0o700)
    os.environ[_MARK] = os.environ["HUB_DATA_DIR"] = str(state)
    owner = os.getpid()

    def end() -> None:
        if os.getpid() == owner:
            held.close()

    atexit.register(end)
