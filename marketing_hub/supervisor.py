"""Starts programs together, restarts one that crashes, gives up on one that keeps crashing, and ends all."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from marketing_hub.processes import Child, Program, StartError

_TICK: Final = 0.1
_MEMORY: Final = 60.0
_CRASHES_FORGIVEN: Final = 5
_FIRST_DELAY: Final = 0.5


@dataclass
class _Watched:
    """A child with the moments of its recent crashes and, after one, the moment of its next start."""

    child: Child
    crashes: list[float] = field(default_factory=list)
    due: float | None = None


@dataclass
class Supervisor:
    """Everything that runs; `say` receives one line for each change that a person should know."""

    logs: Path
    say: Callable[[str], None]
    _watched: list[_Watched] = field(default_factory=list)
    _passing: list[Child] = field(default_factory=list)
    _is_asked_to_end: bool = False

    def heed_signals(self) -> None:
        """From here on SIGTERM and SIGHUP interrupt this process as Ctrl-C does."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupt)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        # Raised while a callback of a fork runs it would be lost: the next tick raises it again.
        self._is_asked_to_end = True
        raise KeyboardInterrupt

    def start(self, programs: Sequence[Program], limit: float) -> None:
        """Start the programs side by side and keep them running; StartError unless all are ready within `limit` s."""
        fresh = [_Watched(self._child(program)) for program in programs]
        for watched in fresh:
            self._watched.append(watched)
            watched.child.start()
        until = time.monotonic() + limit
        while waiting := [watched.child for watched in fresh if not watched.child.program.ready()]:
            for watched in fresh:
                if watched.child.ended() is not None:
                    raise StartError(f"{watched.child.story()} while it started.\n{watched.child.last_lines()}")
            if time.monotonic() > until:
                tails = "\n".join(child.last_lines() for child in waiting)
                raise StartError(f"{_names(waiting)} not ready after {limit:g} s.\n{tails}")
            self._tick()

    def finish(self, programs: Sequence[Program]) -> None:
        """Run the programs side by side to their end; StartError when one fails. What runs already stays watched."""
        self._passing = [self._child(program) for program in programs]
        for child in self._passing:
            child.start()
        while any(child.ended() is None for child in self._passing):
            self._tick()
        failed = [child for child in self._passing if child.ended()]
        self._passing = []
        if failed:
            raise StartError("\n".join(f"{child.story()}.\n{child.last_lines()}" for child in failed))

    def watch(self) -> None:
        """Keep everything running until a signal arrives; StartError when a program keeps crashing."""
        while True:
            self._tick()

    def stop(self) -> None:
        """Return when nothing runs any more, the last started asked first; a second signal ends them by force."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._kill)
        children = [*self._passing, *(watched.child for watched in reversed(self._watched))]
        users = [child for child in children if not child.program.serves_others]
        for child in users:
            child.ask_to_stop()
        for child in [*users, *(child for child in children if child.program.serves_others)]:
            child.stop()

    def _kill(self, _number: int, _frame: FrameType | None) -> None:
        for child in [*self._passing, *(watched.child for watched in self._watched)]:
            child.end_group()

    def _tick(self) -> None:
        time.sleep(_TICK)
        if self._is_asked_to_end:
            raise KeyboardInterrupt
        now = time.monotonic()
        for watched in self._watched:
            if watched.due is None and watched.child.ended() is not None:
                self._crashed(watched, now)
            elif watched.due is not None and now >= watched.due:
                watched.due = None
                watched.child.start()

    def _crashed(self, watched: _Watched, now: float) -> None:
        child = watched.child
        child.end_group()
        watched.crashes = [moment for moment in watched.crashes if now - moment < _MEMORY] + [now]
        if len(watched.crashes) > _CRASHES_FORGIVEN:
            raise StartError(f"{child.story()}, the {len(watched.crashes)}th time in a minute.\n{child.last_lines()}")
        delay = _FIRST_DELAY * 2 ** (len(watched.crashes) - 1)
        watched.due = now + delay
        self.say(f"{child.story()}; it starts again in {delay:g} s (log: {child.log})")

    def _child(self, program: Program) -> Child:
        return Child(program, self.logs / f"{program.name}.log")


def _names(children: Sequence[Child]) -> str:
    names = " and ".join(child.program.name for child in children)
    return f"{names} {'were' if len(children) > 1 else 'was'}"
