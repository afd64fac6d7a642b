"""The process that takes web pages and PDF files apart, for `extraction`.

Such files can be made to cost any amount of time and memory. Here they may: this process has a
memory limit of its own and is ended when it takes too long. It reads requests from standard input
and answers on standard output, one line of JSON each; the bytes of a file follow its request.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from dataclasses import asdict
from typing import IO, Any

from realtime_agents.errors import DocumentError
from realtime_agents.knowledge.pdf import read_pdf
from realtime_agents.knowledge.webpage import read_page

MEMORY_BYTES = 512 * 1024 * 1024
"""Address space of this process, where the system can limit it."""


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # what a library prints must not get between the answers
    logging.disable(logging.CRITICAL)
    _limit_memory()
    _lower_priority()
    serve(sys.stdin.buffer, answers)


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """One request after the other: ``{"kind": "html" | "pdf", "bytes": n}`` and n bytes."""
    while line := requests.readline():
        request = json.loads(line)
        answer = _answer(request["kind"], requests.read(request["bytes"]))
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


def _answer(kind: str, data: bytes) -> dict[str, Any]:
    try:
        if kind == "pdf":
            return asdict(read_pdf(data))
        return asdict(read_page(data.decode("utf-8", "replace")))
    except DocumentError as error:
        return {"failed": str(error)}
    except MemoryError:
        # What it took is not given back for sure: the next file gets a fresh process.
        return {"failed": "it needs too much memory to be read", "last": True}
    except Exception as error:  # noqa: BLE001  the edge of this process: a broken file can raise anything
        return {"failed": f"it is broken ({type(error).__name__})"}


def _limit_memory() -> None:
    try:
        import resource  # not on Windows
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = MEMORY_BYTES if most == resource.RLIM_INFINITY else min(MEMORY_BYTES, most)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))
    except (OSError, ValueError):
        return  # macOS refuses some limits


def _lower_priority() -> None:
    """Conversations go first."""
    if hasattr(os, "nice"):  # not on Windows
        os.nice(10)


if __name__ == "__main__":
    main()
