"""The stack that other tests stand on: it serves, heals after each kill, and leaves nothing behind."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.support.stack import Stack
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as running:
        yield running


def test_stack__started__is_ready_on_a_database_of_its_own(stack: Stack):
    answer = httpx.get(f"{stack.base_url}/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    with stack.connect() as connection:
        assert connection.execute("SELECT current_database()").fetchone() == (stack.database,)


@pytest.mark.parametrize("victim", ["web_worker", "web", "worker", "redis"])
def test_stack__process_killed__serves_again_after_its_start(stack: Stack, victim: str):
    getattr(stack, f"kill_{victim}")()
    if victim != "web_worker":
        stack.start(victim)

    assert eventually(stack.ready)


def test_stack__ended__leaves_no_database_and_no_folder():
    with Stack() as gone:
        folder = Path(gone.environment["HUB_DATA_DIR"]).parent

    assert not folder.exists()
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [gone.database]).fetchone()
    assert found is None
