"""Child processes that never outlive their parent: started in a group of their own, logged, and ended as a group."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from marketing_hub.env import BASE_DIR, ConfigError

_PR_SET_PDEATHSIG: Final = 1
_LOG_LIMIT: Final = 10 * 1024 * 1024
_TICK: Final = 0.05
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Account:
    """A user of this machine under which a child runs."""

    name: str
    uid: int
    gid: int

    def may_enter(self, path: Path) -> bool:
        """Answer whether this user can reach the path and enter or execute it."""
        return (
            subprocess.run(["test", "-x", path], user=self.uid, group=self.gid, extra_groups=(), cwd="/").returncode
            == 0
        )


@dataclass(frozen=True)
class Program:
    """What to start and how to end it; `ready` answers whether it does its work yet.

    One that serves others is ended after them; one that talks writes to the terminal instead of its log.
    """

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool] = lambda: True
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 10.0
    account: Account | None = None
    environment: Mapping[str, str] | None = None
    cwd: Path = BASE_DIR
    serves_others: bool = False
    talks: bool = False


class StartError(Exception):
    """A program did not do what was asked of it; the text says which and why."""


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a StartError raised inside into its text on standard error and exit status 1, without a traceback."""
    try:
        yield
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None


@dataclass
class Child:
    """One running program with its log file; stopping it ends every process it started."""

    program: Program
    log: Path
    detached: bool = False
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    def start(self) -> None:
        """Start the program; unless detached it is told to stop as soon as this process dies, however it dies."""
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".old.log"))
        account = self.program.account
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.program.command,
                stdin=subprocess.DEVNULL,
                stdout=None if self.program.talks else log,
                stderr=None if self.program.talks else subprocess.STDOUT,
                start_new_session=True,
                cwd=self.program.cwd,
                env=None if self.program.environment is None else dict(self.program.environment),
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=() if account else None,
                preexec_fn=None if self.detached else partial(_die_with, os.getpid(), self.program.stop_signal),
            )

    def ended(self) -> int | None:
        """Answer the exit status once the program has ended (negative: the signal that ended it), else None."""
        return self.process.poll() if self.process else None

    def wait_ready(self, seconds: float) -> None:
        """Return once the program is ready; StartError, with the end of its log, when it ends or takes longer."""
        limit = time.monotonic() + seconds
        while not self.program.ready():
            if self.ended() is not None:
                raise StartError(f"{self.story()} while it started.\n{self.last_lines()}")
            if time.monotonic() > limit:
                raise StartError(f"{self.program.name} was not ready after {seconds:g} s.\n{self.last_lines()}")
            time.sleep(_TICK)

    def ask_to_stop(self) -> None:
        """Send the stop signal to the program itself; it ends its own children in order."""
        if self.process and self.ended() is None:
            self.process.send_signal(self.program.stop_signal)

    def stop(self) -> None:
        """Return when no process of the program is left; after its patience has run out, by force."""
        if self.process is None:
            return
        self.ask_to_stop()
        try:
            self.process.wait(self.program.patience)
        except subprocess.TimeoutExpired:
            self.kill()
        self.end_group()

    def kill(self) -> None:
        """End the program without asking, with everything it started."""
        if self.process:
            self.end_group()
            self.process.wait()

    def end_group(self) -> None:
        """End what the program left behind in its process group."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def story(self) -> str:
        """Say in words how the program ended."""
        status = self.ended()
        if status is None:
            return f"{self.program.name} runs"
        how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with exit status {status}"
        return f"{self.program.name} {how}"

    def last_lines(self, count: int = 12) -> str:
        """Answer the end of the log, each line indented, for a person who asks why the program ended."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 8192))
            lines = log.read().decode(errors="replace").splitlines()[-count:]
        return "\n".join([f"    {line}" for line in lines] + [f"    (all of it: {self.log})"])


def require_free_port(host: str, port: int, variable: str = "PORT") -> None:
    """Return when the port can be listened on; ConfigError, naming the variable, when it is taken or forbidden."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or "refused"
            raise ConfigError(
                f"{variable} {port} on {host} cannot be used ({reason}); "
                f"set {variable} to a free one, for example {variable}={port + 1}."
            ) from None


def free_port(host: str = "127.0.0.1") -> int:
    """Answer a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with(parent: int, stop_signal: signal.Signals) -> None:
    """In the child, before the program begins: ask the kernel for the stop signal at the death of the parent."""
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
