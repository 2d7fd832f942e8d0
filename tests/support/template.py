"""What is made once for a whole test run: a migrated database that all copy, and the static files that all serve."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from marketing_hub import env
from marketing_hub.embedded import drop_database

_NAME = "HUB_TEST_TEMPLATE"


def begin() -> None:
    """Name the template for all workers of this run; nothing is made before the first asks."""
    os.environ.setdefault(_NAME, f"template_{secrets.token_hex(6)}")


def migrated() -> str:
    """Answer the name of the template; the first who asks migrates it, the others wait for that."""
    with _alone() as connection:
        name = os.environ[_NAME]
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            _make(name, connection)
    return name


def static_files() -> Path:
    """Answer the folder of the collected static files; the first who asks collects them, the others wait for that."""
    folder = Path(os.environ["HUB_DATA_DIR"]) / "static"
    with _alone():
        if not folder.exists():
            _manage("collectstatic", HUB_DATA_DIR=f"{folder.parent}/collected")
            (folder.parent / "collected" / "static").rename(folder)
    return folder


def drop() -> None:
    """Afterwards there is no template; its copies stay."""
    with connect(env.database_url("DATABASE_URL")["NAME"]) as connection:
        drop_database(connection, os.environ[_NAME])


def address(database: str) -> str:
    """Answer DATABASE_URL with another database in its path."""
    url, mark, query = os.environ["DATABASE_URL"].partition("?")
    return f"{url.rpartition('/')[0]}/{database}{mark}{query}"


def connect(database: str) -> "psycopg.Connection[tuple[object, ...]]":
    """Answer a connection to another database of the server, committing each statement."""
    return psycopg.connect(address(database), autocommit=True)


@contextmanager
def _alone() -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Hold the run's lock."""
    with connect(env.database_url("DATABASE_URL")["NAME"]) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [os.environ[_NAME]])
        yield connection


def _manage(command: str, **settings: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", command, "--no-input", "--verbosity", "0"],
        cwd=env.BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "marketing_hub.settings"} | settings,
        check=True,
    )


def _make(name: str, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Give the name last: a database that bears it is whole."""
    raw = f"{name}_raw"
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(raw)))
    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(raw)))
    _manage("migrate", DATABASE_URL=address(raw))
    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(raw), sql.Identifier(name)))
