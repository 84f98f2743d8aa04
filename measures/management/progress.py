"""How far a long command is, on its stderr. What a command says on stdout stays clean."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import OutputWrapper

ON_A_TERMINAL = 0.2  # seconds between two states of the one line
ELSEWHERE = 30.0  # seconds between two lines, as in the log of a nightly job
CLEAR_LINE = "\r\x1b[K"


@contextmanager
def progress(
    stderr: OutputWrapper,
    doing: str,
    total: int | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Callable[[int], None]]:
    """Give a function to call with the number of things done since the last call.

    On a terminal one line is rewritten, and gone at the end, also after an error; elsewhere a line
    is written now and then. Work done sooner than that says nothing.

        with progress(self.stderr, "Assessing", total=len(rows)) as advance:
            for row in rows:
                assess(row)
                advance(1)
    """
    line = _Line(stderr, doing, total, clock)
    try:
        yield line.advance
    finally:
        line.clear()


class _Line:
    def __init__(
        self, stderr: OutputWrapper, doing: str, total: int | None, clock: Callable[[], float]
    ) -> None:
        self.stderr = stderr
        self.doing = doing
        self.total = total
        self.clock = clock
        self.on_a_terminal = stderr.isatty()
        self.pause = ON_A_TERMINAL if self.on_a_terminal else ELSEWHERE
        self.due = clock() + self.pause
        self.done = 0
        self.is_shown = False

    def advance(self, by: int) -> None:
        self.done += by
        if self.clock() >= self.due:
            self._show()
            self.due = self.clock() + self.pause

    def clear(self) -> None:
        if self.is_shown and self.on_a_terminal:
            self._write(CLEAR_LINE)

    def _show(self) -> None:
        self._write(f"{CLEAR_LINE}{self}" if self.on_a_terminal else f"{self}\n")
        self.is_shown = True

    def __str__(self) -> str:
        if not self.total:
            return f"{self.doing}: {self.done:,}"
        return f"{self.doing}: {self.done:,} of {self.total:,} ({self.done / self.total:.0%})"

    def _write(self, text: str) -> None:
        self.stderr.write(text, _plain, ending="")
        self.stderr.flush()


def _plain(text: Any) -> str:
    """No style: a command's stderr is red otherwise, and this is no error."""
    return str(text)
