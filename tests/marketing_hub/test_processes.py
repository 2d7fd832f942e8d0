"""Child processes: ended as a group, ended with their parent, and their failures told with the end of the log."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from marketing_hub.env import BASE_DIR, ConfigError
from marketing_hub.processes import Child, Program, StartError, free_port, require_free_port
from tests.support.waiting import eventually

FAMILY = "sleep 300 & echo $! > {pid}; wait"
PARENT = """
import sys
from pathlib import Path
from marketing_hub.processes import Child, Program
child = Child(Program("sleeper", ("sleep", "300")), Path(sys.argv[1]))
child.start()
print(child.process.pid, flush=True)
child.process.wait()
"""


def lives(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_child__stopped__takes_along_what_it_started(tmp_path):
    child = Child(Program("family", ("sh", "-c", FAMILY.format(pid=tmp_path / "pid"))), tmp_path / "log")
    child.start()
    assert eventually(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text().strip())
    grandchild = int((tmp_path / "pid").read_text())

    child.stop()

    assert child.ended() == -signal.SIGTERM
    assert eventually(lambda: not lives(grandchild))


def test_child__deaf_to_its_stop_signal__is_ended_by_force(tmp_path):
    script = f"trap '' TERM; touch {tmp_path}/deaf; while :; do sleep 0.05; done"
    child = Child(Program("deaf", ("sh", "-c", script), patience=0.2), tmp_path / "log")
    child.start()
    assert eventually((tmp_path / "deaf").exists)

    child.stop()

    assert child.ended() == -signal.SIGKILL


def test_child__parent_killed__ends_too(tmp_path):
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=BASE_DIR)
    assert parent.stdout is not None
    sleeper = int(parent.stdout.readline())
    assert lives(sleeper)

    parent.kill()
    parent.wait()

    assert eventually(lambda: not lives(sleeper))


def test_wait_ready__program_ends__is_told_with_the_end_of_its_log(tmp_path):
    child = Child(Program("broken", ("sh", "-c", "echo no such table; exit 3"), ready=lambda: False), tmp_path / "log")
    child.start()

    with pytest.raises(StartError, match=r"broken ended with exit status 3 while it started\.\n +no such table"):
        child.wait_ready(10)


def test_wait_ready__takes_too_long__is_told(tmp_path):
    child = Child(Program("slow", ("sleep", "300"), ready=lambda: False), tmp_path / "log")
    child.start()

    with pytest.raises(StartError, match=r"slow was not ready after 0\.1 s"):
        child.wait_ready(0.1)

    child.kill()


def test_start__log_grown_large__is_set_aside(tmp_path):
    log = tmp_path / "p.log"
    with log.open("wb") as file:
        file.truncate(11 * 1024 * 1024)

    child = Child(Program("p", ("true",)), log)
    child.start()
    child.stop()

    assert log.stat().st_size == 0
    assert (tmp_path / "p.old.log").is_file()


def test_require_free_port__taken__names_the_variable_and_another_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(ConfigError, match=rf"PORT {port} .* in use.* PORT={port + 1}"):
            require_free_port("127.0.0.1", port)


def test_require_free_port__free__returns():
    require_free_port("127.0.0.1", free_port())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a program under another account")
def test_child__with_an_account__runs_under_it_and_still_ends_with_its_parent(tmp_path):
    script = PARENT.replace(
        '("sleep", "300")', '("sleep", "300"), account=Account("nobody", 65534, 65534), cwd=Path("/")'
    )
    script = script.replace("import Child", "import Account, Child")
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True, cwd=BASE_DIR
    )
    assert parent.stdout is not None
    sleeper = int(parent.stdout.readline())
    assert Path(f"/proc/{sleeper}").stat().st_uid == 65534

    parent.kill()
    parent.wait()

    assert eventually(lambda: not lives(sleeper))
