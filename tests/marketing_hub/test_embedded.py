"""Embedded PostgreSQL and Redis: data survive a crash, left-overs are cleared, a second start is refused."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
import redis

from marketing_hub import embedded
from marketing_hub.home import Home, throwaway
from marketing_hub.processes import StartError
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with throwaway() as lent:
        yield replace(lent, durable=True)


def test_postgres__killed_and_started_again__has_what_was_committed(home):
    [server] = embedded.start(home, [embedded.postgres(home)])
    embedded.prepare_database(home)
    with psycopg.connect(home.database_url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    server.kill()

    [server] = embedded.start(home, [embedded.postgres(home)])
    embedded.prepare_database(home)

    with psycopg.connect(home.database_url()) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
        assert connection.execute("SHOW server_version_num").fetchone()[0].startswith("18")
        assert connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    server.stop()


AT_WORK = """
SELECT 1 FROM pg_stat_activity WHERE datname = 'fragile' AND backend_type = 'autovacuum worker'
    AND query LIKE '%public.big'
"""
# So that it comes at once and stays for a minute: each page costs it a pause.
SLOW = {"naptime": "1s", "vacuum_cost_delay": "50ms", "vacuum_cost_limit": "1"}


def test_drop_database__autovacuum_is_in_it__is_gone_and_whoever_was_connected_is_cut_off(home):
    [server] = embedded.start(home, [embedded.postgres(home)])
    try:
        embedded.prepare_database(home)
        with (
            psycopg.connect(home.database_url("postgres", "postgres"), autocommit=True) as owner,
            psycopg.connect(home.database_url(), autocommit=True) as hub,
        ):
            for name, value in SLOW.items():
                owner.execute(f"ALTER SYSTEM SET autovacuum_{name} = '{value}'")
            owner.execute("SELECT pg_reload_conf()")
            hub.execute("CREATE DATABASE fragile")
            connected = psycopg.connect(home.database_url("fragile"), autocommit=True)
            connected.execute("CREATE TABLE big AS SELECT n, repeat('x', 200) AS x FROM generate_series(1, 50000) AS n")
            assert eventually(lambda: owner.execute(AT_WORK).fetchone(), 60)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                hub.execute("DROP DATABASE fragile WITH (FORCE)")

            embedded.drop_database(hub, "fragile")

            assert hub.execute("SELECT 1 FROM pg_database WHERE datname = 'fragile'").fetchone() is None
            with pytest.raises(psycopg.OperationalError):
                connected.execute("SELECT 1")
    finally:
        server.stop()


def test_redis__killed_and_started_again__has_what_was_written(home):
    [server] = embedded.start(home, [embedded.redis_server(home)])
    redis.Redis.from_url(home.redis_url()).set("kept", "42")
    server.kill()

    [server] = embedded.start(home, [embedded.redis_server(home)])

    assert redis.Redis.from_url(home.redis_url()).get("kept") == b"42"
    server.stop()


def test_postgres__running_already__is_refused_with_the_way_out(home, monkeypatch):
    monkeypatch.setattr("marketing_hub.embedded._LET_GO", 0.1)
    [server] = embedded.start(home, [embedded.postgres(home)])

    with pytest.raises(StartError, match=r"Servers already run on .*embedded stop"):
        embedded.postgres(home)

    server.stop()


def test_stop__servers_started_in_the_background__ends_them(home):
    embedded.start(home, [embedded.postgres(home), embedded.redis_server(home)], detached=True)
    assert embedded.running(home).keys() == {"postgresql", "redis"}

    embedded.stop(home)

    assert embedded.running(home) == {}


def test_postgres__process_file_of_a_process_that_is_another__is_cleared(home):
    embedded.postgres(home)
    stale = home.postgres_data / "postmaster.pid"
    stale.write_text("1\n")

    embedded.postgres(home)

    assert not stale.exists()


def test_postgres__data_of_another_version__is_refused(home):
    embedded.postgres(home)
    version = home.postgres_data / "PG_VERSION"
    version.write_text("17\n")

    with pytest.raises(StartError, match="written by PostgreSQL 17; this is 18"):
        embedded.postgres(home)

    version.write_text("18\n")


def test_main__status_and_unknown_word__are_answered(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("marketing_hub.embedded.locate", lambda: Home(tmp_path, tmp_path, tmp_path, None))

    status, unknown = embedded.main(["status"]), embedded.main(["dance"])

    assert (status, unknown) == (0, 2)
    assert capsys.readouterr().out.startswith("postgresql: not running\nredis: not running\nDATABASE_URL=")
