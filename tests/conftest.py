"""What every test may ask for; the cast of people and clients joins here as the apps bring them."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection

from consent.selectors.catalogue import forget_catalogue
from core.api.credentials import forget_credentials
from customers.selectors import direct
from tests.support import template
from tests.support.callers import Caller, register_caller
from tests.support.seeds import keep_seeds, restore_seeds

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a module that share one running stack on one worker; tell operations of one test apart.

    Both are said in the names by which workers are given tests: pytest 9.2 keeps them where neither xdist nor
    schemathesis write yet, and tests of one name count as one.
    """
    for item in items:
        if label := getattr(item, "operation_label", ""):
            _rename(item, f"{item.nodeid}[{label}]")
        if {"stack", "demo"} & set(getattr(item, "fixturenames", ())) and "PYTEST_XDIST_WORKER" in os.environ:
            _rename(item, f"{item.nodeid}@{item.nodeid.partition('::')[0]}")


def _rename(item: pytest.Item, name: str) -> None:
    item._id = type(item.id).parse(name)


@pytest.fixture(autouse=True)
def _empty_redis() -> None:
    """Begin every test with an empty Redis database; it belongs to this test process alone."""
    cache.clear()
    forget_credentials()


@pytest.fixture(autouse=True)
def _no_loop_of_a_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """Where a browser was open before, its loop still counts as running in this thread: only for its own tests."""
    running = asyncio._get_running_loop()
    if running is None or "browser" in request.fixturenames:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)


@pytest.fixture(autouse=True)
def _own_connections_closed() -> Iterator[None]:
    """End every test without a connection that Django knows nothing of."""
    yield
    direct.close_all()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """The test database is a copy of the run's template, so it is not migrated again."""
    connection.settings_dict["TEST"] |= {"TEMPLATE": template.migrated(), "MIGRATE": False}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database, with a copy of what the migrations put in."""
    with django_db_blocker.unblock():
        keep_seeds()


@pytest.fixture(autouse=True)
def _seeds(request: pytest.FixtureRequest) -> None:
    """A test that commits finds what the migrations put in, though the one before emptied every table."""
    marker = request.node.get_closest_marker("django_db")
    commits = {"transactional_db", "live_server"} & set(request.fixturenames)
    if commits or (marker and marker.kwargs.get("transaction")):
        request.getfixturevalue("transactional_db")
        restore_seeds()
    forget_catalogue()


@pytest.fixture
def caller(db) -> Callable[..., Caller]:
    """Register an API client: `caller("customers:read", ...)` answers one that calls with its access token."""
    return register_caller


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of known-answer data: HUB_SHARED_DIR/data, else ../shared/data beside the checkout."""
    folder = Path(os.environ.get("HUB_SHARED_DIR", "") or ROOT.parent / "shared") / "data"
    if not folder.is_dir():
        pytest.skip(f"known-answer data is absent: {folder} does not exist; HUB_SHARED_DIR may name its parent")
    return folder
