"""One migrated database for a whole test run, of which every worker and every stack takes a copy."""

import os
import secrets
import subprocess
import sys

import psycopg
from psycopg import sql

from marketing_hub import env

_NAME = "HUB_TEST_TEMPLATE"


def begin() -> None:
    """Name the template for all workers of this run; nothing is made before the first asks."""
    os.environ.setdefault(_NAME, f"template_{secrets.token_hex(6)}")


def migrated() -> str:
    """Answer the name of the template; the first who asks migrates it, the others wait for that."""
    name = os.environ[_NAME]
    with connect(env.database_url("DATABASE_URL")["NAME"]) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            _make(name, connection)
    return name


def drop() -> None:
    """Afterwards there is no template; its copies stay."""
    with connect(env.database_url("DATABASE_URL")["NAME"]) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(os.environ[_NAME])))


def address(database: str) -> str:
    """Answer DATABASE_URL with another database in its path."""
    url, mark, query = os.environ["DATABASE_URL"].partition("?")
    return f"{url.rpartition('/')[0]}/{database}{mark}{query}"


def connect(database: str) -> "psycopg.Connection[tuple[object, ...]]":
    """Answer a connection to another database of the server, committing each statement."""
    return psycopg.connect(address(database), autocommit=True)


def _make(name: str, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Give the name last: a database that bears it is whole."""
    raw = f"{name}_raw"
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(raw)))
    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(raw)))
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"],
        cwd=env.BASE_DIR,
        env=os.environ | {"DATABASE_URL": address(raw), "DJANGO_SETTINGS_MODULE": "marketing_hub.settings"},
        check=True,
    )
    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(raw), sql.Identifier(name)))
