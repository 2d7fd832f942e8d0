"""A bar for each step of the demo on a terminal, and one closing line a step wherever the words go."""

import time
from collections.abc import Callable
from typing import Final, TextIO

_WIDTH: Final = 30
_EVERY_S: Final = 0.1


class Progress:
    """Writes to `out`: a bar that moves when it is a terminal, one line with the seconds when a step is done."""

    def __init__(self, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._out, self._clock, self._moving = out, clock, out.isatty()
        self._title, self._began, self._shown = "", 0.0, 0.0

    def begin(self, title: str) -> None:
        """A step of this name begins."""
        self._title, self._began, self._shown = title, self._clock(), 0.0
        self.at(0, 0)

    def at(self, done: int, total: int) -> None:
        """So much of the step is done; a total of 0 means that nobody knows yet."""
        now = self._clock()
        if not self._moving or now - self._shown < _EVERY_S:
            return
        self._shown = now
        share = min(1.0, done / total) if total else 0.0
        bar = ("#" * round(share * _WIDTH)).ljust(_WIDTH, ".")
        self._write(f"\r  {self._title:<10} [{bar}] {share:4.0%}")

    def end(self, words: str) -> None:
        """The step is done, with this to say about it."""
        clear = "\r\033[K" if self._moving else ""
        self._write(f"{clear}  {self._title:<10} {words} ({self._clock() - self._began:.1f} s)\n")

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
