"""`make run` as a person meets it: starts, says where, refuses in words, and leaves no process behind."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from marketing_hub import embedded, home
from marketing_hub.env import BASE_DIR, read_file
from marketing_hub.processes import free_port
from tests.support.waiting import eventually

pytestmark = pytest.mark.fault

GIVEN = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "SECRET_KEY", "HUB_MASTER_KEY", "DEBUG")


@pytest.fixture
def place() -> Iterator[dict[str, str]]:
    """The environment of a person at a fresh checkout: nothing given, a data folder and ports of one's own."""
    with tempfile.TemporaryDirectory(prefix="hub-run-") as folder:
        Path(folder).chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if name not in GIVEN}
        yield kept | ports() | {"HUB_DATA_DIR": f"{folder}/data", "DEMO": "0", "WITH_SANDBOX": "0"}


def ports() -> dict[str, str]:
    """Ports that nobody listens on, for each process that listens."""
    return {"PORT": str(free_port()), "STREAM_PORT": str(free_port())}


def call(environment: dict[str, str], *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "marketing_hub.run", *words]
    return subprocess.run(
        command, env=environment, cwd=BASE_DIR, input=stdin, capture_output=True, text=True, timeout=120, check=False
    )


@contextmanager
def running(environment: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """The product started by `run`, once it has said ready; its output so far is in `process.said`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "marketing_hub.run"],
        env=environment,
        cwd=BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("ready"):
                break
        else:
            pytest.fail("".join(lines))
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=180)


def left_over(environment: dict[str, str]) -> list[str]:
    """The command lines of processes that carry this test's data folder in their environment or arguments."""
    mark, found = environment["HUB_DATA_DIR"].encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            if mark in words or mark in (folder / "environ").read_bytes():
                found.append(words.replace(b"\0", b" ").decode(errors="replace"))
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found


def test_run__nothing_given__serves_and_sigterm_ends_every_process(place):
    base_url = f"http://127.0.0.1:{place['PORT']}"

    with running(place) as process:
        assert httpx.get(f"{base_url}/readyz").json()["status"] == "ready"
        assert httpx.get(f"{base_url}/console/sign-in").status_code == 200
        second = call(place)
        neighbour = call(place | ports())
        process.terminate()
        assert process.wait(60) == 0

    assert eventually(lambda: not left_over(place)), left_over(place)
    assert (second.returncode, neighbour.returncode) == (2, 1)
    assert re.fullmatch(rf"Configuration refused: PORT {place['PORT']} .* set PORT to a free one.*\n", second.stderr)
    assert neighbour.stderr.endswith("end that first, or set HUB_DATA_DIR to another folder.\n")


def test_run__supervisor_killed__every_process_ends_and_the_next_start_has_data_and_secrets(place):
    notes = Path(place["HUB_DATA_DIR"]) / "development.env"
    with running(place) as process:
        first = read_file(notes)
        with psycopg.connect(first["DATABASE_URL"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        process.kill()
        process.wait()
        assert eventually(lambda: not left_over(place), 60), left_over(place)

    with running(place), psycopg.connect(first["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)

    assert read_file(notes) == first
    assert len(first["HUB_MASTER_KEY"]) >= 50
    assert notes.stat().st_mode & 0o077 == 0


def test_run__address_of_a_server_that_does_not_answer__is_refused_with_the_variable(place):
    port = free_port()

    outcome = call(place | {"DATABASE_URL": f"postgresql://hub:geheim@127.0.0.1:{port}/hub"})

    assert outcome.returncode == 1
    assert outcome.stderr.startswith("DATABASE_URL must name a PostgreSQL that answers: ")
    assert "Traceback" not in outcome.stderr
    assert "geheim" not in outcome.stderr
    assert left_over(place) == []


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"PORT": "0"}, "PORT is 0; it must be a whole number from 1 to 65535."),
        ({"DEMO": "perhaps"}, "DEMO is 'perhaps'; it must be 1, true"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL is 'LOUD'; it must be one of"),
        ({"WEB_WORKERS": "many"}, "WEB_WORKERS is 'many'; it must be a whole number from 1 to 64."),
        ({"HUB_ENV": "production"}, "HUB_ENV must not be production here"),
    ],
)
def test_run__wrong_setting__is_refused_before_anything_starts(place, settings, sentence):
    outcome = call(place | settings)

    assert outcome.returncode == 2
    assert sentence in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert left_over(place) == []


@pytest.mark.parametrize("words", [("web",), ("stream",), ("worker",), ("follower",), ("beat",)])
def test_run__one_process_in_production_without_secrets__is_refused(place, words):
    outcome = call(place | {"HUB_ENV": "production"}, *words)

    assert outcome.returncode == 2
    assert outcome.stderr.startswith("Configuration refused: SECRET_KEY is not set; it must hold a secret")


def test_reset__not_confirmed__deletes_nothing(place):
    data = Path(place["HUB_DATA_DIR"])
    data.mkdir()
    (data / "development.env").touch()

    outcome = call(place, "reset", stdin="no\n")

    assert outcome.returncode == 1
    assert (data / "development.env").exists()


def test_reset__confirmed__deletes_what_is_ours_and_nothing_else(place):
    data = Path(place["HUB_DATA_DIR"])
    data.mkdir()
    for name in ("development.env", "letters.txt"):
        (data / name).touch()

    outcome = call(place, "reset", stdin="yes\n")

    assert outcome.returncode == 0
    assert not (data / "development.env").exists()
    assert (data / "letters.txt").exists()


def test_reset__servers_running__is_refused(place, monkeypatch):
    monkeypatch.setenv("HUB_DATA_DIR", place["HUB_DATA_DIR"])
    found = home.locate()
    [server] = embedded.start(found, [embedded.redis_server(found)])

    outcome = call(place, "reset", "--yes")

    assert outcome.returncode == 1
    assert "end them with `python -m marketing_hub.embedded stop` first" in outcome.stderr
    assert found.redis_data.is_dir()
    server.stop()


def test_run__unknown_word__shows_the_usage(place):
    assert call(place, "everything").returncode == 2


def test_run__ctrl_c_while_it_starts__leaves_nothing(place):
    process = subprocess.Popen(
        [sys.executable, "-m", "marketing_hub.run"], env=place, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("bringing"):
            break

    process.send_signal(signal.SIGINT)

    assert process.wait(60) == 0
    assert eventually(lambda: not left_over(place)), left_over(place)
    process.communicate()
