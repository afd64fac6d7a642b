"""Takes web pages and PDF files apart in a process of its own, which is ended when it takes too long."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self

from realtime_agents.errors import DocumentError
from realtime_agents.settings import ROOT

TIMEOUT_S = 60.0
"""For one file. A manual of 300 pages takes about three seconds."""
_MODULE = "realtime_agents.knowledge.extraction_worker"

Kind = Literal["html", "pdf"]


class Extractor:
    """One process at a time, started at the first file and anew after one that had to be ended.

    `read` is for one thread at a time; `close` may come from another and ends what is being read.
    """

    def __init__(self, *, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._worker: _Worker | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, kind: Kind, data: bytes) -> Mapping[str, Any]:
        """What the file says, as `WebPage` or `PdfText` have it. Raises `DocumentError` in words. Blocks."""
        if self._closed:
            raise DocumentError("reading was stopped")
        if self._worker is None:
            self._worker = _Worker()
        try:
            line = self._worker.ask({"kind": kind, "bytes": len(data)}, data, self._timeout_s)
        except queue.Empty:
            self._end()
            raise DocumentError(
                f"it took longer than {self._timeout_s:.0f} s to read and was given up"
            ) from None
        if not line:
            self._end()
            raise DocumentError("it could not be read: it needs too much memory, or is made to do harm")
        answer: dict[str, Any] = json.loads(line)
        if answer.get("last"):
            self._end()
        if "failed" in answer:
            raise DocumentError(answer["failed"])
        return answer

    def close(self) -> None:
        """End the process; nothing can be read afterwards. Safe to call again."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()


class _Worker:
    """A running process, and the thread that waits for its answers."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", _MODULE],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._collect, name="extraction", daemon=True)
        self._thread.start()

    def ask(self, request: Mapping[str, Any], data: bytes, timeout_s: float) -> bytes:
        """The answer's line; empty when the process ended instead. Raises `queue.Empty` when it took too long."""
        assert self._process.stdin is not None  # noqa: S101 - it was started with a pipe
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n" + data)
            self._process.stdin.flush()
        except (OSError, ValueError):
            return b""
        return self._answers.get(timeout=timeout_s)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was still to be written is of no use to anybody
                if pipe is not None:
                    pipe.close()

    def _collect(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was started with a pipe
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(b"")
