"""How long the whole corpus of agency pages takes to come in, what memory that needs, and how long a second time.

The `ingest` command itself runs, in a data folder of its own. One small web page goes first, so that
the process that takes pages apart is there, too: the memory is that of both together.

Goals on two cores: 6 minutes, 1 GB, and 10 s when nothing has changed. On a machine that does other
things as well the processor time tells more. Nearly all of it is the embedding model, which runs in
two threads, one text at a time: in batches a vector would depend on its neighbours. The corpus is test input that
is not part of the project; without it this says so and ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.goals import CORPUS, UNMEASURED, Goals, need
from realtime_agents.settings import ROOT

PAGE = "<html><body><main><h1>Burial flags</h1><p>A flag is given to honour a veteran's service.</p></main></body></html>"
GOAL_FIRST_S, GOAL_AGAIN_S, GOAL_MB = 360.0, 10.0, 1024.0
SAMPLE_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Cost:
    """``mb`` is what all its processes held at most; 0 where that cannot be told."""

    seconds: float
    processor_s: float
    mb: float


def ingest(folder: Path) -> Cost:
    """Run the command once."""
    page = folder / "page.html"
    page.write_text(PAGE)
    command = [sys.executable, "-m", "realtime_agents", "ingest", str(page), str(CORPUS)]
    began, used = time.monotonic(), os.times()
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"DATA_DIR": str(folder / "data"), "ELASTICSEARCH_URL": ""}
    )
    most = 0.0
    while process.poll() is None:
        most = max(most, held_mb(process.pid))
        time.sleep(SAMPLE_EVERY_S)
    if process.returncode:
        raise SystemExit(f"ingest ended with exit code {process.returncode}")
    now = os.times()
    processor_s = now.children_user + now.children_system - used.children_user - used.children_system
    return Cost(time.monotonic() - began, processor_s, most)


def held_mb(pid: int) -> float:
    """Resident memory of a process and all that it started. Only Linux tells it without another package."""
    return sum(_resident_mb(one) for one in _family(pid))


def _family(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        for tasks in Path("/proc").glob(f"{one}/task/*/children"):
            try:
                found += map(int, tasks.read_text().split())
            except OSError:
                continue  # it has ended
    return found


def _resident_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    need(CORPUS)
    with tempfile.TemporaryDirectory() as folder:
        first = ingest(Path(folder))
        again = ingest(Path(folder))
    print(f"processor time: {first.processor_s:.1f} s, again {again.processor_s:.1f} s")
    goals = Goals()
    goals.most("whole corpus", first.seconds, GOAL_FIRST_S, " s")
    goals.most("again, nothing changed", again.seconds, GOAL_AGAIN_S, " s")
    goals.most("memory of all processes", max(first.mb, again.mb) or UNMEASURED, GOAL_MB, " MB")
    return int(goals.missed)


if __name__ == "__main__":
    sys.exit(main())
