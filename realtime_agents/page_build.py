"""Builds the page once and again only when its sources changed.

Reflex compiles the Python components to JavaScript and Vite bundles them; together that takes
half a minute, so the result is kept under ``.web/build/client`` with a stamp: a hash of every
file that can change it. The address of the server is taken out of the bundle, so that one
build serves any host and port, behind any proxy.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from realtime_agents.errors import RealtimeAgentsError
from realtime_agents.settings import ROOT

CLIENT_DIR = ROOT / ".web" / "build" / "client"
STAMP = ROOT / ".web" / "build" / "realtime-agents.sha256"

_SOURCES = (
    "rxconfig.py",
    "requirements.txt",
    "reflex.lock",
    "assets",
    "realtime_agents/realtime_agents.py",
    "realtime_agents/state",
    "realtime_agents/components",
    "realtime_agents/pages",
    "realtime_agents/session/view.py",
)
_BUILD_TIMEOUT_S = 900
_SIGN_EVERY_S = 2
_ORIGIN = '${globalThis.location?.origin??"http://localhost:8000"}'
_WS_ORIGIN = '${(globalThis.location?.origin??"http://localhost:8000").replace(/^http/,"ws")}'


class BuildError(RealtimeAgentsError):
    """The page could not be built; the text carries the end of the tool's output."""


def sources_hash(root: Path = ROOT) -> str:
    """SHA-256 over path and content of every file that can change the page."""
    digest = hashlib.sha256(sys.version.encode())
    for path in _source_files(root):
        digest.update(str(path.relative_to(root)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_built() -> bool:
    """True when the built page belongs to the present sources."""
    return (CLIENT_DIR / "index.html").is_file() and STAMP.is_file() and STAMP.read_text() == sources_hash()


def ensure_built() -> bool:
    """Build the page if it is missing or older than its sources; returns whether it was built.

    Raises `BuildError` with the last lines of output when a step fails.
    """
    if is_built():
        return False
    STAMP.unlink(missing_ok=True)
    print("Building the page (about half a minute, only after a change) …", flush=True)
    _run_reflex("export", "--frontend-only", "--no-zip", "--env", "prod")
    make_address_relative(CLIENT_DIR / "assets")
    # Hashed after the build: Reflex may complete reflex.lock while it installs.
    STAMP.write_text(sources_hash())
    return True


def _source_files(root: Path) -> Iterator[Path]:
    for name in _SOURCES:
        path = root / name
        if path.is_dir():
            yield from sorted(
                p
                for p in path.rglob("*")
                if p.is_file() and "__pycache__" not in p.parts and p.suffix != ".pyc"
            )
        elif path.is_file():
            yield path


def build_environment() -> dict[str, str]:
    """Environment for Reflex's tools: node and npm from the Python environment, npm chosen."""
    scripts = sysconfig.get_path("scripts")
    return {
        **os.environ,
        "PATH": scripts + os.pathsep + os.environ.get("PATH", ""),
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "NO_COLOR": "1",
    }


def _run_reflex(*arguments: str) -> None:
    command = [sys.executable, "-m", "reflex", *arguments]
    process = subprocess.Popen(  # noqa: S603 - fixed command of our own environment
        command,
        cwd=ROOT,
        env=build_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
    )
    output = _wait(process)
    if output is None:
        process.kill()
        output, _ = process.communicate()
        raise BuildError(f"building the page took longer than {_BUILD_TIMEOUT_S} s\n{_tail(output)}")
    if process.returncode or not (CLIENT_DIR / "index.html").is_file():
        raise BuildError(f"reflex {arguments[0]} failed with exit code {process.returncode}\n{_tail(output)}")


def _wait(process: subprocess.Popen[str]) -> str | None:
    """What the tool printed, with a sign of life every two seconds; ``None`` when it takes too long."""
    for second in range(0, _BUILD_TIMEOUT_S, _SIGN_EVERY_S):
        try:
            output, _ = process.communicate(timeout=_SIGN_EVERY_S)
        except subprocess.TimeoutExpired:
            print("." if second else "  .", end="", flush=True)
        else:
            print(flush=True)
            return output
    return None


def _tail(output: str, lines: int = 30) -> str:
    return "\n".join(output.strip().splitlines()[-lines:])


def make_address_relative(assets: Path) -> None:
    """Let the bundle talk to the origin it was loaded from instead of the build's host and port."""
    chunks = list(assets.glob("reflex-env-*.js"))
    if not chunks:
        raise BuildError(f"expected a reflex-env chunk in {assets.relative_to(ROOT)}, found none")
    for chunk in chunks:
        text = chunk.read_text()
        changed = text.replace("`http://localhost:8000/", f"`{_ORIGIN}/").replace(
            "`ws://localhost:8000/", f"`{_WS_ORIGIN}/"
        )
        if changed == text:
            raise BuildError(f"expected the build's address in {chunk.name}, found none")
        chunk.write_text(changed)
        packed = chunk.with_name(chunk.name + ".gz")
        if packed.exists():
            packed.write_bytes(gzip.compress(changed.encode(), mtime=0))
