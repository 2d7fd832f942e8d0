"""The database of the sandbox and the template it is copied from (decision 28)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.core import serializers
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from core.models import StaffUser
from integrations.models import ApiClient, ApiClientSecret, ApiKey
from marketing_hub.sandbox.mock import seed_mock

_STAYS: Final = (StaffUser, ApiClient, ApiClientSecret, ApiKey)
"""Who may come in survives a reset; access tokens do not: ask for another one."""


def prepare() -> int:
    """The template is migrated and holds the mock data, and the sandbox is a fresh copy; how many people were made."""
    name = str(connection.settings_dict["NAME"])
    with _maintenance() as server:
        if not _exists(server, _template(name)):
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(_template(name))))
    with _pointed_at(_template(name)):
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
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        server.execute(copy.format(database, sql.Identifier(_template(name))))
    for row in serializers.deserialize("json", kept):
        row.save()


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
