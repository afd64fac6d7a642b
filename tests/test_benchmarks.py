"""``make bench`` as one command: every part runs, and the end says what was missed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from realtime_agents.settings import ROOT

PARTS = {
    "reached": "goals.most('time', 2, 3, ' s')",
    "missed": "goals.most('time', 4, 3, ' s'); goals.least('share', 0.4, 0.5); goals.most('kept', UNMEASURED, 1)",
    "skipped": "skip('there is no browser')",
    "broken": "1 / 0",
    "told": "print('a figure without a target')",
}
OPENING = "from benchmarks.goals import *\ngoals = Goals()\n"


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Parts of a line each; a test may add to them."""
    scripts = dict(PARTS)
    monkeypatch.setattr(bench, "MINUTES", dict.fromkeys(scripts, 0.1))
    monkeypatch.setattr(bench, "command", lambda name: [sys.executable, "-c", OPENING + scripts[name]])
    return scripts


def test_every_part_runs_and_the_table_says_what_each_missed(
    parts: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert bench.main([]) == 1
    out, err = capfd.readouterr()
    table = out[out.index("\npart ") :].splitlines()[2:]
    assert [line.split()[0] for line in table if not line.startswith(" ")] == list(parts)
    said = [line[bench.WIDTH :] for line in table]
    assert said == [
        "met (1)",
        "MISSED time 4 s, at most 3 s",
        "MISSED share 0.4, at least 0.5",
        "MISSED kept was not measured, at most 1",
        "skipped: there is no browser",
        "MISSED failed with exit code 1",
        "no target of its own",
    ]
    assert "ZeroDivisionError" in err


def test_only_parts_that_are_named_run_and_nothing_missed_is_code_zero(
    parts: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert bench.main(["reached", "skipped", "told"]) == 0
    assert "broken" not in capfd.readouterr().out


def test_a_part_that_does_not_end_is_ended_and_told(
    parts: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts["told"] = "import threading; threading.Event().wait()"
    monkeypatch.setattr(bench, "limit_minutes", lambda _name: 0.0)
    monkeypatch.setattr(bench, "GRACE_S", 0.0)  # as in a shell's background, where Ctrl-C counts for nothing
    assert bench.run("told").missed == ["did not end within 0 minutes"]


def test_parts_whose_pages_are_not_here_are_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "CORPUS", tmp_path / "none")
    monkeypatch.setattr(bench, "command", lambda _name: [sys.executable, "-c", ""])
    assert bench.main([]) == 0
    opening = capfd.readouterr().out.split("\n==")[0]
    assert "answers, ingest, retrieval" in opening.splitlines()[1]


def test_every_benchmark_is_a_part() -> None:
    files = {path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py")}
    assert files - {"goals", "relay_servers"} == set(bench.MINUTES)
