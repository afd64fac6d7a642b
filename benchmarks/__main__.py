"""``make bench``: every part in a process of its own, one after the other, and then what each of them missed.

    python -m benchmarks [PART ...] [--quick]

Each part may be run alone, too (``python -m benchmarks.relay --help``). Exit code 1 when a target is missed
or a part fails; what is left out, because its test input or a browser is not there, is said and does not count.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.goals import CORPUS, MET, MISSED, QUESTIONS, SKIPPED

MINUTES = {
    "second_start": 0.6,
    "engine_latency": 0.2,
    "page_stream": 0.7,
    "speech": 0.2,
    "turn_ends": 0.2,
    "engine_voice": 0.6,
    "voice_page": 2.5,
    "relay": 1.8,
    "answers": 2.5,
    "ingest": 2.0,
    "retrieval": 8.0,
}
"""About how long each part takes on two cores that do nothing else."""
QUICK_MINUTES = 3.0
"""``--quick`` leaves longer parts out."""
GRACE_S = 30.0
WIDTH = 25
"""Of the table before what is said of a part."""
ON_PAGES = ("answers", "ingest", "retrieval")
"""Parts that read the corpus and the questions."""


@dataclass(slots=True)
class Outcome:
    """What a part said: its targets, and what it left out."""

    name: str
    minutes: float = 0.0
    met: int = 0
    missed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def read(self, line: str) -> None:
        if line.startswith(MET):
            self.met += 1
        for start, found in ((MISSED, self.missed), (SKIPPED, self.skipped)):
            if line.startswith(start):
                found.append(line.removeprefix(start).strip())

    def __str__(self) -> str:
        said = [f"MISSED {words}" for words in self.missed]
        if not said and self.met:
            said = [f"met ({self.met})"]
        said += [f"skipped: {words}" for words in self.skipped]
        lines = ("\n" + " " * WIDTH).join(said or ["no target of its own"])
        return f"{self.name:<15} {self.minutes:7.1f}  {lines}"


def command(name: str) -> list[str]:
    return [sys.executable, "-m", f"benchmarks.{name}"]


def load() -> str:
    """How busy the machine is, where it tells: figures of a busy one are worse."""
    return f" (load {os.getloadavg()[0]:.1f})" if hasattr(os, "getloadavg") else ""


def limit_minutes(name: str) -> float:
    """A part that takes longer hangs."""
    return 5 + 4 * MINUTES[name]


def run(name: str) -> Outcome:
    """One part: what it prints is shown and read. A part that does not end is ended."""
    outcome, began = Outcome(name), time.monotonic()
    with (
        subprocess.Popen(
            command(name),
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        ) as process,
        _ended_after(limit_minutes(name), process) as late,
    ):
        for line in process.stdout or ():
            print(line, end="", flush=True)
            outcome.read(line)
        code = process.wait()
    outcome.minutes = (time.monotonic() - began) / 60
    if late.is_set():
        outcome.missed.append(f"did not end within {limit_minutes(name):g} minutes")
    elif code and not outcome.missed:
        outcome.missed.append(f"failed with exit code {code}")
    return outcome


@contextmanager
def _ended_after(minutes: float, process: subprocess.Popen[str]) -> Iterator[threading.Event]:
    """Yields whether it had to be ended."""
    late = threading.Event()

    def end() -> None:
        late.set()
        # As Ctrl-C does: it takes down what it has started.
        process.terminate() if os.name == "nt" else process.send_signal(signal.SIGINT)
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()

    timer = threading.Timer(minutes * 60, end)
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="*", help=", ".join(MINUTES))
    parser.add_argument("--quick", action="store_true", help=f"only parts of up to {QUICK_MINUTES:g} minutes")
    arguments = parser.parse_args(argv)
    if unknown := [name for name in arguments.part if name not in MINUTES]:
        parser.error(f"expected one of {', '.join(MINUTES)}, found {unknown[0]!r}")
    names = [
        name for name in arguments.part or MINUTES if not arguments.quick or MINUTES[name] <= QUICK_MINUTES
    ]
    here = CORPUS.exists() and QUESTIONS.exists()
    left_out = [] if here else [name for name in names if name in ON_PAGES]
    minutes = sum(MINUTES[name] for name in names if name not in left_out)
    print(f"{len(names)} parts, about {minutes:.0f} minutes: {', '.join(names)}")
    if left_out:
        print(f"There is no {CORPUS}, so these are skipped: {', '.join(left_out)}")
    outcomes: list[Outcome] = []
    for name in names:
        print(f"\n== {name}{load()}", flush=True)
        outcomes.append(run(name))
    print(f"\n{'part':<15} minutes  targets")
    for outcome in outcomes:
        print(outcome)
    return int(any(outcome.missed for outcome in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
