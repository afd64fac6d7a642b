"""How the parts of ``make bench`` tell what was reached: one line for each target, one for what is left out.

``python -m benchmarks`` reads the same lines for its summary, so it says what the parts said.
"""

from __future__ import annotations

from math import isnan, nan
from pathlib import Path
from typing import NoReturn

from realtime_agents.settings import ROOT

MET, MISSED, SKIPPED = "target met: ", "target MISSED: ", "skipped: "
DATA = ROOT.parent / "shared" / "data"
"""Agency pages and questions: test input that is not part of the project."""
CORPUS = DATA / "corpus"
QUESTIONS = DATA / "questions.dev.jsonl"
UNMEASURED = nan
"""A figure that could not be had; no target is reached by it."""


class Goals:
    """The targets of a part. Each is printed with what was found."""

    def __init__(self) -> None:
        self.missed = False

    def least(self, what: str, found: float, goal: float, unit: str = "") -> None:
        self._tell(f"{what} {_told(found, unit)}, at least {goal:g}{unit}", found >= goal)

    def most(self, what: str, found: float, goal: float, unit: str = "") -> None:
        self._tell(f"{what} {_told(found, unit)}, at most {goal:g}{unit}", found <= goal)

    def _tell(self, words: str, met: bool) -> None:
        print(f"{MET if met else MISSED}{words}", flush=True)
        self.missed = self.missed or not met


def _told(found: float, unit: str) -> str:
    if isnan(found):
        return "was not measured"
    return f"{found:.0f}{unit}" if abs(found) >= 100 else f"{found:.3g}{unit}"


def skip(why: str) -> NoReturn:
    """End a part that cannot be measured here."""
    print(f"{SKIPPED}{why}")
    raise SystemExit(0)


def need(*paths: Path) -> None:
    """End the part unless this test input is there."""
    for path in paths:
        if not path.exists():
            skip(f"there is no {path}")
