"""Progress of an ingest in the terminal: one line that changes, or plain lines where none can."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from typing import TextIO

from realtime_agents.knowledge.outcome import IngestProgress

WIDTH = 24
EVERY_S = 0.1
PLAIN_EVERY_S = 5.0
"""Between two plain lines: what is kept in a log should be short."""


class ProgressBar:
    """Writes to ``stream``, which should be standard error: standard output is for the answer."""

    def __init__(
        self,
        stream: TextIO,
        *,
        now: Callable[[], float] = time.monotonic,
        columns: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._now = now
        self._columns = columns
        self._next_at = now() + (0.0 if self._terminal else PLAIN_EVERY_S)
        self._drawn = False

    def show(self, progress: IngestProgress) -> None:
        """Draw it, unless something was drawn a moment ago."""
        now = self._now()
        if now < self._next_at:
            return
        self._next_at = now + (EVERY_S if self._terminal else PLAIN_EVERY_S)
        if not self._terminal:
            print(_plain(progress), file=self._stream, flush=True)
            return
        line = f"{_bar(progress.fraction)} {_plain(progress)}"
        self._stream.write(f"\r{line[: max(self._columns() - 1, 20)]}\x1b[K")
        self._stream.flush()
        self._drawn = True

    def clear(self) -> None:
        """Take the line away: the report comes in its place."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False


def _bar(fraction: float | None) -> str:
    if fraction is None:
        return f"[{'·' * WIDTH}]"
    full = round(fraction * WIDTH)
    return f"[{'█' * full}{'░' * (WIDTH - full)}]"


def _plain(progress: IngestProgress) -> str:
    share = "" if progress.fraction is None else f"{progress.fraction:4.0%} "
    counts = f"{progress.documents:,} documents, {progress.passages:,} passages"
    skipped = f", {progress.failed:,} skipped" if progress.failed else ""
    return f"{share}{counts}{skipped} · {progress.current}"
