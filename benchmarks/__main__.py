"""``make bench``: every benchmark in turn, each printing a small table."""

from __future__ import annotations

import subprocess
import sys

_ALL = (
    "second_start",
    "engine_latency",
    "page_stream",
    "ingest",
    "retrieval",
    "answers",
    "speech",
    "turn_ends",
    "engine_voice",
    "voice_page",
    "relay",
)


def main() -> int:
    failed: list[str] = []
    for name in sys.argv[1:] or _ALL:
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


raise SystemExit(main())
