"""The command line as a person uses it.

A process of its own costs two seconds of processor time before the command begins, so most tests run the command in
this one; those in which the process itself matters (packages it finds, what it writes when it cannot start) do not.
"""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from realtime_agents import cli
from realtime_agents.settings import ROOT, TABLE

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
"""Takes the arguments, ``stdin`` and settings by name."""
_SETTINGS = {s.name for s in TABLE}


def in_a_process(data_dir: Path) -> Run:
    def run(*arguments: str, stdin: str = "", **env: str) -> Done:
        inherited = {k: v for k, v in os.environ.items() if k not in _SETTINGS}
        return subprocess.run(
            [sys.executable, "-m", "realtime_agents", *arguments],
            cwd=ROOT,
            env=inherited | {"DATA_DIR": str(data_dir)} | env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def in_this_process(data_dir: Path) -> Run:
    """Nothing but `cli.main`, so an exception that a process would print fails the test."""

    def run(*arguments: str, stdin: str = "", **env: str) -> Done:
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name in _SETTINGS:
                patch.delenv(name, raising=False)
            for name, value in ({"DATA_DIR": str(data_dir)} | env).items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            assert logging.lastResort is not None
            logging.getLogger().addHandler(logging.lastResort)  # what is logged goes to standard error, too
            try:
                code: object = cli.main(arguments)
            except SystemExit as end:  # argparse's way to tell wrong usage
                code = end.code
            finally:
                logging.getLogger().removeHandler(logging.lastResort)
        assert isinstance(code, int)
        return Done([*arguments], code, out.getvalue(), err.getvalue())

    return run
