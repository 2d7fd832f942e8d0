"""The supervisor: a crash is told and healed, a lasting failure ends the start with its reason."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from marketing_hub.processes import Program, StartError
from marketing_hub.supervisor import Supervisor


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    supervisor = Supervisor(tmp_path / "log", said.append)
    yield supervisor
    supervisor.stop()
    for number, handler in before.items():
        signal.signal(number, handler)


def shell(name: str, script: str) -> Program:
    return Program(name, ("sh", "-c", script))


def test_watch__program_crashes_again_and_again__is_restarted_then_given_up(supervisor, said, tmp_path, monkeypatch):
    monkeypatch.setattr("marketing_hub.supervisor._FIRST_DELAY", 0.01)
    supervisor.start(
        [shell("steady", "exec sleep 300"), shell("weak", f"echo x >> {tmp_path}/starts; exit 4")], limit=10
    )

    with pytest.raises(StartError, match="weak ended with exit status 4, the 6th time in a minute"):
        supervisor.watch()

    assert (tmp_path / "starts").read_text().count("x") == 6
    assert len(said) == 5
    assert all(line.startswith("weak ended with exit status 4; it starts again in ") for line in said)


def test_start__one_ends_before_it_is_ready__is_refused_with_its_last_lines(supervisor):
    broken = Program("web", ("sh", "-c", "echo bad address; exit 1"), ready=lambda: False)

    with pytest.raises(StartError, match=r"web ended with exit status 1 while it started\.\n +bad address"):
        supervisor.start([shell("steady", "exec sleep 300"), broken], limit=10)


def test_start__not_ready_in_time__is_refused(supervisor):
    with pytest.raises(StartError, match=r"web was not ready after 0\.1 s"):
        supervisor.start([Program("web", ("sleep", "300"), ready=lambda: False)], limit=0.1)


def test_finish__one_of_two_fails__is_refused_after_both_have_ended(supervisor, tmp_path):
    with pytest.raises(StartError, match=r"migrate ended with exit status 1\.\n +no such column"):
        supervisor.finish(
            [shell("migrate", "echo no such column; exit 1"), shell("slower", f"sleep 0.3; touch {tmp_path}/done")]
        )

    assert (tmp_path / "done").exists()


def test_stop__servers_and_their_users__ends_the_users_first(supervisor, tmp_path):
    script = "trap 'echo {0} >> {1}/order; exit 0' TERM; touch {1}/{0}; while :; do sleep 0.05; done"
    for name, serves in (("server", True), ("user", False)):
        command = ("sh", "-c", script.format(name, tmp_path))
        supervisor.start([Program(name, command, ready=(tmp_path / name).exists, serves_others=serves)], limit=10)

    supervisor.stop()

    assert (tmp_path / "order").read_text().split() == ["user", "server"]


def test_watch__interruption_lost_in_a_callback__ends_at_the_next_tick(supervisor):
    supervisor.heed_signals()
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        supervisor.watch()
