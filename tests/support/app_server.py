"""Starts the real app as a person would: ``python -m realtime_agents serve`` on a free loopback port."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime_agents.settings import ROOT, TABLE

_START_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class AppServer:
    """A running app. ``url`` has no trailing slash; ``process`` can be ended to test restarts."""

    url: str
    port: int
    data_dir: Path
    process: subprocess.Popen[str]

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/api/health", timeout=5) as response:
            body: dict[str, Any] = json.load(response)
        return body


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def with_knowledge_of(server: AppServer, data_dir: Path) -> Path:
    """``data_dir`` with the pages that a running app has read: to read them takes seconds at each first start."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (
        contextlib.closing(sqlite3.connect(server.data_dir / "knowledge.db")) as source,
        contextlib.closing(sqlite3.connect(data_dir / "knowledge.db")) as copy,
    ):
        source.backup(copy)
    shutil.copy(server.data_dir / "seed.json", data_dir)
    return data_dir


@contextlib.contextmanager
def running_app(
    data_dir: Path, environment: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[AppServer]:
    """Serve the built page from ``data_dir``; settings of the outer environment do not leak in."""
    port = port or free_port()
    inherited = {k: v for k, v in os.environ.items() if k not in {s.name for s in TABLE}}
    env = (
        inherited
        | {"PORT": str(port), "DATA_DIR": str(data_dir), "LOG_LEVEL": "warning"}
        | dict(environment or {})
    )
    data_dir.mkdir(parents=True, exist_ok=True)
    log_path = data_dir / "server.log"
    with log_path.open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "realtime_agents", "serve"],
            cwd=ROOT,
            env=env,
            stdout=log,
            stderr=log,
            text=True,
        )
    server = AppServer(f"http://localhost:{port}", port, data_dir, process)
    try:
        _wait_until_healthy(server, log_path)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_healthy(server: AppServer, log_path: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise RuntimeError(
                f"the app ended with {server.process.returncode}:\n{log_path.read_text()[-4000:]}"
            )
        with contextlib.suppress(OSError, ValueError):
            if server.health()["parts"]:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the app did not answer within {_START_TIMEOUT_S} s:\n{log_path.read_text()[-4000:]}")
