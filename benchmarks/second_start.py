"""Second start of the app until the page is served: nothing is installed or built. Target: at most 8 s at the median."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.goals import Goals
from realtime_agents import page_build
from tests.support.app_server import running_app

GOAL_S = 8.0


def start_once(folder: Path) -> float:
    """Seconds from starting the process to a complete page."""
    began = time.monotonic()
    with running_app(folder) as app, urllib.request.urlopen(app.url, timeout=10) as page:  # noqa: S310 - loopback
        if b"<html" not in page.read():
            raise SystemExit("second_start: what was served is not the page")
        return time.monotonic() - began


def main() -> int:
    page_build.ensure_built()
    with tempfile.TemporaryDirectory() as folder:
        first = start_once(Path(folder))
        later = [start_once(Path(folder)) for _ in range(5)]
    print("start                     | s")
    print(f"first, empty data folder  | {first:.2f}")
    print(f"later, median of 5        | {statistics.median(later):.2f}")
    print(f"later, slowest of 5       | {max(later):.2f}")
    goals = Goals()
    goals.most("later start", statistics.median(later), GOAL_S, " s")
    return int(goals.missed)


if __name__ == "__main__":
    sys.exit(main())
