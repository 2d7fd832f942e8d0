"""The database of the sandbox and the template it is copied from (decision 28)."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from django.conf import settings
from django.core import serializers
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from psycopg import sql

from core.actors import SYSTEM
from core.models import StaffUser
from integrations.models import ApiClient, ApiClientSecret, ApiKey
from marketing_hub.embedded import drop_database
from marketing_hub.sandbox import clock
from marketing_hub.sandbox.mock import seed_mock
from marketing_hub.system.accounts import create_staff

LOGIN: Final = "login.txt"
_STAYS: Final = (StaffUser, ApiClient, ApiClientSecret, ApiKey)
"""Who may come in survives a reset; access tokens do not: ask for another one."""


def prepare() -> int:
    """The template is migrated and holds the mock data, and the sandbox is a fresh copy; how many people were made."""
    name = str(connection.settings_dict["NAME"])
    template = sql.Identifier(_template(name))
    with _maintenance() as server:
        if _exists(server, _template(name)) and not _has_clock(_template(name)):
            drop_database(server, _template(name))  # column defaults ask real clocks
        if not _exists(server, _template(name)):
            server.execute(sql.SQL("CREATE DATABASE {}").format(template))
    with _pointed_at(_template(name)):
        with connection.cursor() as cursor:
            clock.build(cursor)
        call_command("migrate", interactive=False, verbosity=0)
        made = seed_mock()
    reset()
    return made


def reset() -> None:
    """The sandbox holds the mock data and nothing else; its staff, clients and keys are those of before.

    Whoever is connected to it is cut off. Takes a copy of files, not of statements: a fifth of a second.
    """
    name = str(connection.settings_dict["NAME"])
    with _maintenance() as server:
        kept = _kept() if _exists(server, name) else "[]"
        connection.close()
        database = sql.Identifier(name)
        drop_database(server, name)
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(copy.format(database, sql.Identifier(_template(name))))
    for row in serializers.deserialize("json", kept):
        row.save()


def let_somebody_in(*, now: datetime) -> None:
    """Where the sandbox has no staff, it has one account, whose login stands in a file of its data folder."""
    if StaffUser.objects.exists():
        return
    password = secrets.token_urlsafe(12)
    user = create_staff(
        email="sandbox@example.com", name="Sandbox", role="superuser", password=password, by=SYSTEM, now=now
    )
    path = Path(settings.DATA_DIR) / LOGIN
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(f"{user.email} {password}\n")


def is_ready() -> bool:
    """Whether the sandbox is there and as new as the code."""
    name = str(connection.settings_dict["NAME"])
    with _maintenance() as server:
        there = _exists(server, name) and _exists(server, _template(name))
    if not there or not _has_clock(name):
        return False
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _has_clock(name: str) -> bool:
    with _pointed_at(name), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('clock.ahead') IS NOT NULL")
        return bool(cursor.fetchone()[0])


def _kept() -> str:
    rows = [row for model in _STAYS for row in model._default_manager.order_by("pk")]
    return str(serializers.serialize("json", rows))


def _template(name: str) -> str:
    return f"{name}_template"


@contextmanager
def _maintenance() -> Iterator["psycopg.Connection[Any]"]:
    """A connection to the server beside its databases; statements about databases stand in no transaction."""
    parameters = {**connection.get_connection_params(), "dbname": "postgres"}
    known = {key: value for key, value in parameters.items() if key in ("dbname", "host", "port", "user", "password")}
    with psycopg.connect(**known, autocommit=True) as server:
        yield server


@contextmanager
def _pointed_at(name: str) -> Iterator[None]:
    before = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def _exists(server: "psycopg.Connection[Any]", name: str) -> bool:
    return server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None
